/** Turns: in each round every proxy has one, in random order, so that other load of the machine meets all of them. */
import { cpuMicros } from '../measure/usage.ts';
import { median } from '../measure/statistics.ts';
import { formatNumber } from '../report/markdown.ts';
import { shuffled } from './random.ts';
import type { Load, Target } from './load/load.ts';

export type Contender = { name: string; pid: number; target: Target; rounds: number };

export type Sample = { round: number; count: number; seconds: number; cpuMicros: number };

/** By name of the proxy. A proxy that failed has no samples. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

export type Rounds = {
  title: string;
  seconds: number;
  warmUpSeconds: number;
  /** On the clock of `performance`: rounds after the first begin before it. Absent: there is time for all. */
  endsMs?: number;
  random: () => number;
  progress: (text: string) => void;
};

/** `failed`: by name of the proxy. Its samples are left out: they would measure something else. */
export type Measured = { samples: Samples; failed: ReadonlyMap<string, string> };

export async function measureRounds(contenders: readonly Contender[], load: Load, options: Rounds): Promise<Measured> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  const failed = new Map<string, string>();
  const rounds = Math.max(0, ...contenders.map((contender) => contender.rounds));
  for (const { round, seconds } of schedule(rounds, options)) {
    for (const contender of shuffled(contenders, options.random)) {
      if (failed.has(contender.name) || contender.rounds < round) continue;
      const outcome = await takeTurn(contender, load, { round, seconds });
      if (typeof outcome === 'string') failed.set(contender.name, outcome);
      else if (round > 0) samples.get(contender.name)?.push(outcome);
      options.progress(`${options.title}, ${turnText(round, rounds)}, ${contender.name}: ${describe(outcome)}`);
    }
  }
  for (const name of failed.keys()) samples.delete(name);
  return { samples, failed };
}

/** Round 0 is the warm-up. */
function* schedule(rounds: number, { seconds, warmUpSeconds, endsMs = Infinity }: Rounds) {
  if (warmUpSeconds > 0) yield { round: 0, seconds: warmUpSeconds };
  for (let round = 1; round <= rounds; round += 1) {
    if (round > 1 && performance.now() > endsMs) return;
    yield { round, seconds };
  }
}

const turnText = (round: number, rounds: number): string => (round === 0 ? 'warm-up' : `round ${round} of ${rounds}`);

const describe = (outcome: Sample | string): string =>
  typeof outcome === 'string'
    ? outcome
    : `${formatNumber(outcome.count / outcome.seconds)} /s, ${formatNumber(costOf(outcome))} µs of CPU each`;

/** Returns the problem if it fails. */
async function takeTurn(
  { pid, target }: Contender,
  load: Load,
  { round, seconds }: { round: number; seconds: number },
): Promise<Sample | string> {
  let beforeMicros: number | undefined;
  try {
    const result = await load(target, { seconds, started: () => (beforeMicros = cpuMicros(pid)) });
    if (beforeMicros === undefined) throw new Error('the load generator did not say when it began');
    return { round, ...result, cpuMicros: cpuMicros(pid) - beforeMicros };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** CPU of one request, message or handshake, in microseconds. */
export const costOf = (sample: Sample): number => sample.cpuMicros / sample.count;

export const perSecondOf = (taken: readonly Sample[]): number =>
  median(taken.map(({ count, seconds }) => count / seconds));

export type Ratio = { median: number; lowest: number; highest: number };

/** The ratios of the costs in each round that has both: what disturbs a whole round changes both costs, not their ratio. */
export function ratioOf(own: readonly Sample[] = [], other: readonly Sample[] = []): Ratio | undefined {
  const ratios = own.flatMap((sample) => {
    const beside = other.find(({ round }) => round === sample.round);
    return beside === undefined ? [] : [costOf(sample) / costOf(beside)];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}
