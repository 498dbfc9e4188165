/** The comparison with other proxies: its figures are only as good as the ratios, the checks and the reading of the load generators. */
import { describe, expect, test } from '@jest/globals';
import { median } from '../../../bench/measure/statistics.ts';
import { cpuMicros } from '../../../bench/measure/usage.ts';
import {
  goalsTable,
  latencyTable,
  missedNotes,
  workersNote,
  workloadTable,
  type Result,
} from '../../../bench/speed/figures.ts';
import { rateInTime, withTurn, type Latencies, type LatencySample } from '../../../bench/speed/latency.ts';
import { parseH2load } from '../../../bench/speed/load/h2load.ts';
import { countHandshakes } from '../../../bench/speed/load/s-time.ts';
import { arrivals } from '../../../bench/speed/load/schedule.ts';
import { randomFrom, shuffled } from '../../../bench/speed/random.ts';
import { measureRounds, ratioOf, type Contender, type Sample } from '../../../bench/speed/rounds.ts';
import { problemOf } from '../../../bench/speed/sessions.ts';
import { workloads } from '../../../bench/speed/workloads.ts';

/** A sample of 1,000 requests, each of which costs these microseconds. */
const sample = (round: number, costMicros: number): Sample => ({
  round,
  count: 1000,
  seconds: 1,
  cpuMicros: 1000 * costMicros,
});

describe('ratios', () => {
  test('costs of the same round are compared, so that a slow round does not count', () => {
    const own = [sample(1, 10), sample(2, 100), sample(3, 12)];
    const other = [sample(1, 10), sample(2, 100), sample(3, 10)];
    expect(ratioOf(own, other)).toEqual({ median: 1, lowest: 1, highest: 1.2 });
  });

  test('a round that one of them missed is left out', () =>
    expect(ratioOf([sample(2, 30)], [sample(1, 10), sample(2, 20)])?.median).toBe(1.5));

  test('a proxy that was not measured has no ratio', () => expect(ratioOf([], [sample(1, 10)])).toBeUndefined());

  test('an even number of rounds does not favour the lower one', () => expect(median([1, 2])).toBe(1.5));
});

describe('turns', () => {
  const contender = (name: string, rounds: number): Contender => ({
    name,
    rounds,
    pid: process.pid,
    target: { port: 0, cookies: [name], folder: '', core: 1 },
  });
  const options = { title: 'work', seconds: 1, warmUpSeconds: 1, random: randomFrom(7), progress: () => {} };

  test('every proxy has a warm-up and a turn in each of its rounds, and the warm-up is no sample', async () => {
    const { samples } = await measureRounds(
      [contender('a', 2), contender('b', 1)],
      async (_, { started }) => {
        started();
        return { count: 10, seconds: 1 };
      },
      options,
    );
    expect([...samples].map(([name, taken]) => [name, taken.map(({ round }) => round)])).toEqual([
      ['a', [1, 2]],
      ['b', [1]],
    ]);
  });

  test('a run that is late has the first round only', async () => {
    const load = async (_: unknown, { started }: { started: () => void }) => {
      started();
      return { count: 10, seconds: 1 };
    };
    const { samples } = await measureRounds([contender('a', 2)], load, { ...options, endsMs: performance.now() - 1 });
    expect(samples.get('a')?.map(({ round }) => round)).toEqual([1]);
  });

  test('a proxy that fails has no figures, and the others go on', async () => {
    const { samples, failed } = await measureRounds(
      [contender('a', 2), contender('b', 2)],
      async ({ cookies }, { started }) => {
        started();
        if (cookies.includes('a')) throw new Error('3 of 10 requests failed');
        return { count: 10, seconds: 1 };
      },
      options,
    );
    expect([...samples.keys()]).toEqual(['b']);
    expect([...failed]).toEqual([['a', '3 of 10 requests failed']]);
  });

  test('a seed repeats the order', () => {
    const order = (seed: number) => shuffled([1, 2, 3, 4, 5, 6, 7, 8], randomFrom(seed)).join('');
    expect(order(1)).toBe(order(1));
    expect(order(1)).not.toBe(order(2));
  });

  test('CPU is counted in less than hundredths of a second', () => expect(cpuMicros(process.pid) % 10_000).not.toBe(0));
});

describe('sessions', () => {
  const on = (...pods: string[]) => ({ cookie: 'session=1', pods });
  const both = Array.from({ length: 32 }, (_, number) => on(`pod-${number % 2}`, `pod-${number % 2}`));

  test('sessions that stay on their pods stick', () => expect(problemOf(both)).toBeUndefined());

  test.each([
    { observed: [...both, on('pod-0', 'pod-1')], problem: 'reached the pods pod-0, pod-1' },
    { observed: both.map(() => on('pod-0', 'pod-0')), problem: 'all 32 sessions are on one pod' },
    { observed: [on('', '')], problem: 'do not name a pod' },
  ])('$problem', ({ observed, problem }) => expect(problemOf(observed)).toContain(problem));
});

describe('load generators', () => {
  const h2load = (failed: number) => `finished in 2.00s, 26561.00 req/s, 3.57MB/s
requests: 53122 total, 53378 started, 53122 done, ${53122 - failed} succeeded, ${failed} failed, 0 errored, 0 timeout\n`;

  test('h2load', () => expect(parseH2load(h2load(0))).toEqual({ count: 53122, seconds: 2 }));

  test('failed requests of h2load are an error', () =>
    expect(() => parseH2load(h2load(2))).toThrow('2 of 53122 requests failed'));

  const handshakes = (marks: string) => `Collecting connection statistics for 2 seconds
${marks}\n
${marks.length} connections in 0.71s; 973.24 connections/user sec, bytes read 140273
${marks.length} connections in 2 real seconds, 203 bytes read per connection\n`;

  test('the first handshake of a process cannot be resumed', () =>
    expect(countHandshakes(handshakes(`*${'r'.repeat(40)}`), 'resumed')).toBe(41));

  test.each([
    { marks: '*'.repeat(40), kind: 'resumed' as const },
    { marks: 'r'.repeat(40), kind: 'new' as const },
  ])('handshakes that are not $kind are an error', ({ marks, kind }) =>
    expect(() => countHandshakes(handshakes(marks), kind)).toThrow(`handshakes were not ${kind}`),
  );

  test('requests of an open loop have the mean rate, in order, and do not come in step', () => {
    const times = arrivals(1000, 10, randomFrom(1));
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(times.length).toBeGreaterThan(9_700);
    expect(times.length).toBeLessThan(10_300);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    expect(gaps.filter((gap) => gap < 0.5).length / gaps.length).toBeCloseTo(1 - Math.exp(-0.5), 1);
  });
});

describe('tables', () => {
  const [workload] = workloads;
  const resultWith = (holdfastMicros: number): Result => {
    if (workload === undefined) throw new Error('no workload');
    const samples = new Map([
      ['HAProxy', [sample(1, 20)]],
      ['Envoy', [sample(1, 40)]],
      ['Holdfast', [sample(1, holdfastMicros)]],
    ]);
    return { workload, samples, failed: new Map() };
  };

  test('goals that are reached', () => {
    const result = resultWith(19);
    const [row = []] = goalsTable([result]).rows;
    expect(row.slice(2, 6)).toEqual(['0.95', '0.95 to 0.95', '≤ 0.95', 'reached']);
    expect(row.slice(6)).toEqual(['0.48', '0.48 to 0.48', '≤ 0.50', 'reached']);
    expect(missedNotes([result])).toEqual([]);
  });

  test('goals that are not reached, with what was tried', () => {
    const result = resultWith(24);
    expect(goalsTable([result]).rows[0]).toContain('**not reached**');
    expect(missedNotes([result])).toEqual([expect.stringMatching(/^- Not reached, small: .* Tried: .*Bun/)]);
  });

  test.each([
    { micros: 31, outcome: '1.03 times (1.03 to 1.03) the CPU of one process, goal ≤ 1.05: reached.' },
    { micros: 33, outcome: '1.10 times (1.10 to 1.10) the CPU of one process, goal ≤ 1.05: **not reached**.' },
  ])('two workers that take $micros µs beside 30 of one process', ({ micros, outcome }) => {
    const result = resultWith(30);
    const samples = new Map([...result.samples, ['Holdfast, 2 workers', [sample(1, micros)]]]);
    expect(workersNote([{ ...result, samples }])).toEqual([`- 2 workers, small-64: ${outcome}`]);
    expect(workersNote([result])).toEqual([]);
  });

  test('a proxy beside HAProxy and Envoy', () => {
    const row = workloadTable(resultWith(30)).rows.find(([name]) => name === 'Holdfast');
    expect(row).toEqual(['Holdfast', '1,000', '3 %', '30.0', '1.50', '1.50 to 1.50', '0.75']);
  });

  test('the latency that a proxy adds is that above the same requests without it', () => {
    const at = (p99Ms: number) => [{ p50Ms: 0.1, p99Ms, p999Ms: 9, lateMs: 0.2, perSecond: 5000 }];
    const latencies: Latencies = new Map<string, LatencySample[] | string>([
      ['no proxy', at(0.5)],
      ['HAProxy', at(1)],
      ['Holdfast', at(1.25)],
      ['node:http', '12 requests were not answered: it does not reach this rate'],
    ]);
    const rows = latencyTable(latencies, 5000).rows.map(([name, ...cells]) => [name, cells[4], cells[7]]);
    expect(rows).toEqual([
      ['no proxy', '–', ''],
      ['HAProxy', '0.50', ''],
      ['Holdfast', '0.75', '**not reached**'],
      ['node:http', '–', '12 requests were not answered: it does not reach this rate'],
    ]);
  });

  test('a turn in which the load generator was late is refused', () => {
    const turn = (lateMs: number) => ({ p50Ms: 0.1, p99Ms: 40, p999Ms: 50, lateMs, perSecond: 5000 });
    expect(withTurn([turn(0.1)], turn(30))).toEqual([turn(0.1)]);
    expect(withTurn([turn(0.1)], turn(0.2))).toEqual([turn(0.1), turn(0.2)]);
    expect(withTurn([turn(0.1)], 'no answer')).toBe('no answer');
    const [row] = latencyTable(new Map([['HAProxy', withTurn([], turn(30))]]), 5000).rows;
    expect(row?.at(-1)).toBe('the load generator was late in every turn');
  });

  test('the rate is one at which the load generator is in time without a proxy', async () => {
    const lateAbove = (most: number) => async (rate: number) => (rate > most ? 20 : 0.1);
    expect(await rateInTime(16_000, lateAbove(20_000))).toBe(16_000);
    expect(await rateInTime(16_000, lateAbove(5000))).toBe(4000);
    expect(await rateInTime(16_000, lateAbove(100))).toBeUndefined();
  });
});
