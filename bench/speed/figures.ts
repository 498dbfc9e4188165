/** The figures of the comparison as tables. Pure. */
import { median } from '../measure/statistics.ts';
import { formatNumber } from '../report/markdown.ts';
import type { Table } from '../report/section.ts';
import { direct, type Latencies, type LatencySample } from './latency.ts';
import { twoWorkers } from './peers/holdfast.ts';
import { costOf, perSecondOf, ratioOf, type Measured, type Ratio, type Sample } from './rounds.ts';
import { tried } from './tried.ts';
import { goalToEnvoy, type Workload } from './workloads.ts';

export type Result = Measured & { workload: Workload };

const addedGoalMs = 1;
const none = '–';

const formatRatio = (ratio: Ratio | undefined): string => (ratio === undefined ? none : formatNumber(ratio.median));

const formatRange = (ratio: Ratio | undefined): string =>
  ratio === undefined ? none : `${formatNumber(ratio.lowest)} to ${formatNumber(ratio.highest)}`;

const judge = (reached: boolean | undefined): string => {
  if (reached === undefined) return none;
  return reached ? 'reached' : '**not reached**';
};

/** A median of rounds that are no better than the goal in the figures that are printed does not miss it. */
const within = (ratio: Ratio | undefined, goal: number): boolean | undefined =>
  ratio && Math.round(ratio.median * 100) <= Math.round(goal * 100);

const judged = (ratio: Ratio | undefined, goal: number): string[] => [
  formatRatio(ratio),
  formatRange(ratio),
  `≤ ${formatNumber(goal)}`,
  judge(within(ratio, goal)),
];

const ratiosOf = ({ samples }: Result) => ({
  toHaproxy: ratioOf(samples.get('Holdfast'), samples.get('HAProxy')),
  toEnvoy: ratioOf(samples.get('Holdfast'), samples.get('Envoy')),
});

export const goalsTable = (results: readonly Result[]): Table => ({
  title: "Holdfast's CPU beside HAProxy's and Envoy's, and the goals",
  columns: ['work', 'CPU, µs', 'to HAProxy', 'rounds', 'goal', '', 'to Envoy', 'rounds', 'goal', ''],
  rows: results.map((result) => {
    const { toHaproxy, toEnvoy } = ratiosOf(result);
    const { goal, title } = result.workload;
    return [
      title,
      formatCost(result.samples.get('Holdfast')),
      ...judged(toHaproxy, goal),
      ...judged(toEnvoy, goalToEnvoy),
    ];
  }),
});

/** What was tried for each goal that is not reached. */
export const missedNotes = (results: readonly Result[]): string[] =>
  results.flatMap((result) => {
    const { toHaproxy, toEnvoy } = ratiosOf(result);
    const { name, title, goal } = result.workload;
    if (within(toHaproxy, goal) !== false && within(toEnvoy, goalToEnvoy) !== false) return [];
    return [`- Not reached, ${title}. Tried: ${tried[name] ?? 'nothing noted'}.`];
  });

/** Two workers on two cores are to do 1.9 times what one process does with a core. */
const workersGoal = 2 / 1.9;

export const workersNote = (results: readonly Result[]): string[] =>
  results.flatMap(({ workload: { name }, samples }) => {
    const ratio = ratioOf(samples.get(twoWorkers), samples.get('Holdfast'));
    if (ratio === undefined) return [];
    const figures = `${formatRatio(ratio)} times (${formatRange(ratio)}) the CPU of one process, goal ≤ ${formatNumber(workersGoal)}`;
    return [`- 2 workers, ${name}: ${figures}: ${judge(within(ratio, workersGoal))}.`];
  });

/** Beside HAProxy, and beside Envoy where it was measured. */
export function workloadTable({
  workload: { title, unit },
  samples,
}: Measured & { workload: Pick<Workload, 'title' | 'unit'> }): Table {
  const envoy = samples.get('Envoy');
  return {
    title,
    columns: [
      'proxy',
      `${unit}s/s`,
      'of its core used',
      `CPU per ${unit}, µs`,
      'to HAProxy',
      'rounds',
      ...(envoy ? ['to Envoy'] : []),
    ],
    rows: [...samples].map(([name, taken]) => {
      const toHaproxy = ratioOf(taken, samples.get('HAProxy'));
      return [
        name,
        formatNumber(perSecondOf(taken)),
        `${Math.round(100 * shareOf(taken))} %`,
        formatCost(taken),
        formatRatio(toHaproxy),
        formatRange(toHaproxy),
        ...(envoy ? [formatRatio(ratioOf(taken, envoy))] : []),
      ];
    }),
  };
}

const formatCost = (taken: readonly Sample[] | undefined): string =>
  taken === undefined || taken.length === 0 ? none : formatNumber(median(taken.map(costOf)));

const shareOf = (taken: readonly Sample[]): number =>
  median(taken.map(({ cpuMicros, seconds }) => cpuMicros / (seconds * 1e6)));

const enoughShare = 0.9;

/** A proxy that waits for the load generator or the app handles less at each wake-up, so that a request costs more. */
export function waitingNote(results: readonly Result[]): string[] {
  const waiting = results.flatMap(({ workload, samples }) => {
    const names = [...samples].filter(([, taken]) => shareOf(taken) < enoughShare).map(([name]) => name);
    return names.length === 0 ? [] : [`${workload.name} (${names.join(', ')})`];
  });
  if (waiting.length === 0) return [];
  return [
    `- Less than ${enoughShare * 100} % of its core used, because client or app were slower: ${waiting.join('; ')}.`,
  ];
}

export function latencyTable(latencies: Latencies, rate: number): Table {
  const bare = p99Of(latencies, direct);
  const haproxy = p99Of(latencies, 'HAProxy');
  return {
    title: `latency of small requests at ${formatNumber(rate)} a second, 64 connections`,
    columns: [
      'proxy',
      'answered/s',
      'p50, ms',
      'p99, ms',
      'p99.9, ms',
      'added to p99, ms',
      'sent late (p99), ms',
      'goal',
      '',
    ],
    rows: [...latencies].map(([name, taken]) => {
      const problem = problemOf(taken);
      if (typeof taken === 'string' || problem !== undefined) {
        return [name, ...Array.from({ length: 6 }, () => none), '', problem ?? ''];
      }
      const middle = (field: keyof LatencySample) => median(taken.map((sample) => sample[field]));
      const [own, added] = [middle('p99Ms'), bare === undefined ? undefined : middle('p99Ms') - bare];
      return [
        name,
        formatNumber(middle('perSecond')),
        ...[middle('p50Ms'), own, middle('p999Ms')].map(formatNumber),
        added === undefined || name === direct ? none : formatNumber(added),
        formatNumber(middle('lateMs')),
        ...(name === 'Holdfast' ? judgeLatency(added, own, haproxy) : ['', '']),
      ];
    }),
  };
}

const problemOf = (taken: readonly LatencySample[] | string): string | undefined => {
  if (typeof taken === 'string') return taken;
  return taken.length === 0 ? 'the load generator was late in every turn' : undefined;
};

const judgeLatency = (added: number | undefined, own: number, haproxy: number | undefined): string[] => [
  `added ≤ ${addedGoalMs} ms, p99 ≤ HAProxy's`,
  judge(added === undefined || haproxy === undefined ? undefined : added <= addedGoalMs && own <= haproxy),
];

function p99Of(latencies: Latencies, name: string): number | undefined {
  const taken = latencies.get(name);
  return taken === undefined || typeof taken === 'string' || taken.length === 0
    ? undefined
    : median(taken.map(({ p99Ms }) => p99Ms));
}
