/** Latency at half load, by requests at a schedule: how long a client waits for a proxy that is busy and not overloaded. */
import { quantile } from '../measure/statistics.ts';
import { runClient } from './load/client.ts';
import type { Target } from './load/load.ts';
import type { OpenLoopOptions } from './load/open-loop.ts';
import { readNumber } from './load/result.ts';
import { renderRequest } from './load/wrk.ts';
import { shuffled } from './random.ts';

export type LatencyPlan = {
  rounds: number;
  seconds: number;
  /** Requests per second, the same for all: otherwise those that are slower would be measured with less to do. */
  rate: number;
  random: () => number;
  progress: (text: string) => void;
};

/** In milliseconds. `perSecond`: answered. `lateMs`: of the 99 % that the generator sent soonest, how late the latest was by its own fault. */
export type LatencySample = { p50Ms: number; p99Ms: number; p999Ms: number; lateMs: number; perSecond: number };

/** By name; a string is the problem. */
export type Latencies = ReadonlyMap<string, readonly LatencySample[] | string>;

const connections = 64;
const bodyBytes = 64;
/** Half of the latency that a proxy may add. */
const maxLateMs = 0.5;
/** Of the 99 % that are answered soonest without a proxy: above it, the app is what is measured. */
const maxDirectMs = 1;
const mostHalvings = 32;
const trialSeconds = 1;
/** The name of what is measured without a proxy. */
export const direct = 'no proxy';

export async function measureLatency(
  targets: ReadonlyMap<string, Target>,
  { rounds, random, progress, ...plan }: LatencyPlan,
): Promise<Latencies> {
  const taken = new Map<string, LatencySample[] | string>([...targets.keys()].map((name) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, target] of shuffled([...targets], random)) {
      const before = taken.get(name);
      if (before === undefined || typeof before === 'string') continue;
      const seed = Math.floor(random() * 2 ** 32);
      const outcome = await takeTurn(target, { ...plan, seed }).catch((error: Error) => error.message);
      taken.set(name, withTurn(before, outcome));
      const text = typeof outcome === 'string' ? outcome : `p99 ${outcome.p99Ms.toFixed(2)} ms`;
      const late = wasLate(outcome) ? `; refused, because requests were sent ${outcome.lateMs.toFixed(2)} ms late` : '';
      progress(`latency, round ${round} of ${rounds}, ${name}: ${text}${late}`);
    }
  }
  return taken;
}

/** A generator that is late measures itself. */
const wasLate = (outcome: LatencySample | string): outcome is LatencySample =>
  typeof outcome !== 'string' && outcome.lateMs > maxLateMs;

export const withTurn = (
  before: readonly LatencySample[],
  outcome: LatencySample | string,
): LatencySample[] | string => {
  if (typeof outcome === 'string') return outcome;
  return wasLate(outcome) ? [...before] : [...before, outcome];
};

/**
 * Returns the highest rate, `wanted` or a half, a quarter … of it, at which the generator is in time without a proxy. It shares a core with the app where
 * the machine has two: then they cannot do half of what a proxy can that has the other one. Undefined: it is late at all of them.
 */
export async function rateInTime(
  wanted: number,
  lateMsAt: (rate: number) => Promise<number>,
): Promise<number | undefined> {
  for (let rate = wanted; rate >= wanted / mostHalvings; rate /= 2) {
    if ((await lateMsAt(rate)) <= maxLateMs) return rate;
  }
  return undefined;
}

/** As `rateInTime` needs it: an app that does not reach the rate makes the generator late, too. */
export const latenessOf = (target: Target, random: () => number) => (rate: number) =>
  takeTurn(target, { rate, seconds: trialSeconds, seed: Math.floor(random() * 2 ** 32) }).then(
    ({ lateMs, p99Ms }) => Math.max(lateMs, p99Ms > maxDirectMs ? Infinity : 0),
    () => Infinity,
  );

async function takeTurn(
  { port, cookies, core }: Target,
  { rate, seconds, seed }: Pick<OpenLoopOptions, 'rate' | 'seconds' | 'seed'>,
): Promise<LatencySample> {
  const requests = cookies.slice(0, connections).map((cookie) => renderRequest(cookie, { path: '/64', headers: [] }));
  const options: OpenLoopOptions = { rate, seconds, seed, port, requests, bodyBytes };
  const result = await runClient('open-loop.ts', options, { core, started: () => {} });
  const unanswered = readNumber(result, 'unanswered');
  if (unanswered > 0) throw new Error(`${unanswered} requests were not answered: it does not reach this rate`);
  return summarize(readNumbers(result, 'latencyMs'), readNumbers(result, 'lateMs'), seconds);
}

const summarize = (latencyMs: number[], lateMs: number[], seconds: number): LatencySample => ({
  p50Ms: quantile(latencyMs, 0.5),
  p99Ms: quantile(latencyMs, 0.99),
  p999Ms: quantile(latencyMs, 0.999),
  lateMs: quantile(lateMs, 0.99),
  perSecond: latencyMs.length / seconds,
});

function readNumbers(result: unknown, name: string): number[] {
  const value: unknown = typeof result === 'object' && result !== null ? Reflect.get(result, name) : undefined;
  if (Array.isArray(value)) return value.map(Number);
  throw new Error(`the result of the load generator has no ${name}`);
}
