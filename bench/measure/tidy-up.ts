/** What has to be undone at the end, however the end comes. */

const steps = new Set<() => Promise<void>>();

/** The answer takes the step back: it was done already. */
export function addTidyUp(step: () => Promise<void>): () => void {
  steps.add(step);
  return () => {
    steps.delete(step);
  };
}

/** The last that was begun is undone first. One that fails does not keep the others from being tried. */
export async function tidyUp(): Promise<void> {
  const failures: unknown[] = [];
  for (const step of [...steps].toReversed()) {
    steps.delete(step);
    await step().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'not all that was started could be ended');
}
