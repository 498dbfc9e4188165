/** Steps to undo at the end, after success, failure or a signal. */

const steps = new Set<() => Promise<void>>();
let interrupted = false;

/** Returns a function that removes the step, for when it was done already. */
export function addCleanup(step: () => Promise<void>): () => void {
  if (interrupted) void step();
  else steps.add(step);
  return () => {
    steps.delete(step);
  };
}

/** After a signal: what the interrupted run still starts is stopped at once. */
export function interrupt(): Promise<void> {
  interrupted = true;
  return cleanUp();
}

/** Undoes the last step first. A step that fails does not prevent the others. */
export async function cleanUp(): Promise<void> {
  const failures: unknown[] = [];
  for (const step of [...steps].toReversed()) {
    steps.delete(step);
    await step().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'some started processes could not be stopped');
}
