/** Runs inputs of one surface: first the corpus, then changes of inputs that showed something new. */
import type { Random } from './random.ts';
import type { Outcome, Surface } from './surface.ts';

/** `input`: in the notation of the corpus. */
export type Finding = { problem: string; input: string };

export interface Campaign {
  readonly executions: number;
  /** Different ways that inputs have taken. */
  readonly behaviours: number;
  /** Runs the whole corpus. */
  runCorpus(): Promise<Finding | undefined>;
  /** Runs these inputs, one after another. */
  replay(texts: readonly string[]): Promise<Finding | undefined>;
  /** Runs so many new inputs. */
  runBatch(size: number): Promise<Finding | undefined>;
}

/** Of the inputs that were kept: the newest have the rarest behaviour. */
const maxKept = 2000;

/**
 * `learns`: inputs that showed something new are changed too. What they show depends on how bytes arrive, so without it a seed always gives the same
 * inputs.
 */
export type Course = { random: Random; learns: boolean };

export function createCampaign<Input>(
  surface: Surface<Input>,
  seeds: readonly string[],
  { random, learns }: Course,
): Campaign {
  const kept: Input[] = seeds.map((text) => surface.parse(text));
  const seen = new Set<string>();
  let executions = 0;

  const findingOf = (problem: string | undefined, inputs: readonly Input[]): Finding | undefined =>
    problem === undefined
      ? undefined
      : { problem, input: inputs.map((input) => surface.format(input)).join(separator) };

  async function runOne(input: Input): Promise<Outcome> {
    executions += 1;
    const outcome = await surface.run(input);
    if (!seen.has(outcome.behaviour)) {
      seen.add(outcome.behaviour);
      if (learns && kept.length < maxKept && !kept.includes(input)) kept.push(input);
    }
    return outcome;
  }

  async function runAll(inputs: readonly Input[]): Promise<Finding | undefined> {
    for (const input of inputs) {
      const { problem } = await runOne(input);
      if (problem !== undefined) return findingOf(problem, [input]);
    }
    // One of them did it: which one shows a replay.
    return findingOf(await surface.check(), inputs);
  }

  return {
    get executions() {
      return executions;
    },
    get behaviours() {
      return seen.size;
    },
    runCorpus: () => runAll([...kept]),
    replay: (texts) => runAll(texts.map((text) => surface.parse(text))),
    runBatch(size) {
      const inputs = Array.from({ length: size }, () => surface.mutate(random.pick(kept), random.pick(kept), random));
      return runAll(inputs);
    },
  };
}

/** Between the inputs of a batch in a file. */
export const separator = '# ---\n';
