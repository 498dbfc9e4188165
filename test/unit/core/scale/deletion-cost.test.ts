import { describe, expect, test } from '@jest/globals';
import {
  bandOf,
  followCost,
  maxBurst,
  planDeletionCosts,
  settledAfterMs,
  startMemory,
  type CostedPod,
  type CostMemory,
} from '../../../../src/core/scale/deletion-cost.ts';
import { fc } from '../../../support/fast-check.ts';

const start = 1_000_000;
const second = 1000;

const pod = (uid: string, sessions: number | undefined, more: Partial<CostedPod> = {}): CostedPod => ({
  uid,
  sessions,
  draining: false,
  ...more,
});
const planOnce = (...pods: CostedPod[]) => planDeletionCosts(pods, start, startMemory(start));
const written = (...pods: CostedPod[]) => planOnce(...pods).writes.map(({ uid, cost }) => `${uid}=${cost}`);

/** Applies every write at once: its input is counts over time, its output the written costs. */
function follow(
  counts: (number | undefined)[],
  { everyMs = 5 * second, cost }: { everyMs?: number; cost?: number } = {},
): number[] {
  let memory = startMemory(start);
  let now = cost;
  const costs: number[] = [];
  for (const [step, sessions] of counts.entries()) {
    const plan = planDeletionCosts(
      [pod('a', sessions, now === undefined ? {} : { cost: now })],
      start + step * everyMs,
      memory,
    );
    memory = plan.memory;
    for (const write of plan.writes) costs.push((now = write.cost));
  }
  return costs;
}

test.each([
  [0, 0],
  [1, 1],
  [2, 2],
  [3, 2],
  [4, 3],
  [7, 3],
  [8, 4],
  [1_000_000, 20],
])('%i sessions are in band %i', (sessions, band) => {
  expect(bandOf(sessions)).toBe(band);
});

describe('a cost is written', () => {
  const rows: [string, CostedPod, string[]][] = [
    ['for a pod with sessions and without a cost', pod('a', 5), ['a=3']],
    ['not for an idle pod without a cost, which means 0', pod('a', 0), []],
    ['not if it is correct already', pod('a', 5, { cost: 3 }), []],
    ['not at once just above its band', pod('a', 4, { cost: 2 }), []],
    ['at once past the middle of the next band', pod('a', 6, { cost: 2 }), ['a=3']],
    ['not at once just below its band', pod('a', 3, { cost: 3 }), []],
    ['at once below the middle of the band beneath', pod('a', 2, { cost: 3 }), ['a=2']],
    ['at once for a jump of two bands', pod('a', 0, { cost: 2 }), ['a=0']],
    ['not while its count is unknown: unknown is not idle', pod('a', undefined, { cost: 7 }), []],
    ['not for a draining pod', pod('a', 0, { cost: 7, draining: true }), []],
    ['over a value that is no band', pod('a', 1, { cost: -5 }), ['a=1']],
  ];
  test.each(rows)('%s', (_, one, writes) => {
    expect(written(one)).toEqual(writes);
  });

  test('for a pod just outside its band after half a minute', () => {
    expect(follow([4, 4, 4, 4, 4, 4], { cost: 2 })).toEqual([]);
    expect(follow([4, 4, 4, 4, 4, 4, 4], { cost: 2 })).toEqual([3]);
    expect(follow([0, 0, 0, 0, 0, 0, 0], { cost: 1 })).toEqual([0]);
  });

  test('only after another half a minute if the count returned to its band or was unknown in between', () => {
    expect(follow([4, 4, 4, 3, 4, 4, 4, 4, 4, 4], { cost: 2 })).toEqual([]);
    expect(follow([4, 4, 4, undefined, 4, 4, 4, 4, 4, 4], { cost: 2 })).toEqual([]);
  });

  test('with a reason', () => {
    expect(planOnce(pod('a', 0, { cost: 4 }), pod('b', 9), pod('c', 2, { cost: 5 })).writes).toEqual([
      { uid: 'a', cost: 0, reason: 'BecameIdle' },
      { uid: 'b', cost: 4, reason: 'MoreSessions' },
      { uid: 'c', cost: 2, reason: 'FewerSessions' },
    ]);
  });
});

test('for idle pods first, then for those whose cost is most wrong, of these the ones with most sessions first', () => {
  expect(
    written(
      pod('near', 6, { cost: 2 }),
      pod('full', 900),
      pod('quieter', 2, { cost: 12 }),
      pod('idle', 0, { cost: 2 }),
      pod('busier', 900, { cost: 8 }),
    ),
  ).toEqual(['idle=0', 'full=10', 'quieter=2', 'busier=10', 'near=3']);
});

test('for as many pods as the budget allows, and for the others in the following seconds', () => {
  const pods = Array.from({ length: maxBurst + 7 }, (_, index) => pod(`pod-${String(index).padStart(2, '0')}`, 5));
  const first = planDeletionCosts(pods, start, startMemory(start));
  expect(first).toMatchObject({ writes: { length: maxBurst }, newlyDeferred: 7 });
  const left = pods.filter(({ uid }) => !first.writes.some((write) => write.uid === uid));
  const second5 = planDeletionCosts(left, start + 5 * second, first.memory);
  expect(second5).toMatchObject({ writes: { length: 5 }, newlyDeferred: 0 });
});

describe('for any sequence of counts', () => {
  const sessions = fc.option(fc.nat({ max: 2000 }), { nil: undefined });
  const worlds = fc.array(
    fc.record({
      passedMs: fc.integer({ min: 0, max: 20_000 }),
      counts: fc.array(sessions, { minLength: 40, maxLength: 40 }),
    }),
    { maxLength: 15, size: 'max' },
  );

  type Round = { nowMs: number; pods: CostedPod[]; plan: ReturnType<typeof planDeletionCosts> };
  function play(steps: { passedMs: number; counts: (number | undefined)[] }[], look: (round: Round) => void): void {
    let nowMs = start;
    let memory: CostMemory = startMemory(start);
    const costs = new Map<string, number>();
    for (const { passedMs, counts } of steps) {
      nowMs += passedMs;
      const pods = counts.map((count, index) => {
        const cost = costs.get(String(index));
        return pod(String(index), count, { draining: index % 10 === 0, ...(cost !== undefined && { cost }) });
      });
      const plan = planDeletionCosts(pods, nowMs, memory);
      memory = plan.memory;
      for (const write of plan.writes) costs.set(write.uid, write.cost);
      look({ nowMs, pods, plan });
    }
  }

  test('writes stay within the budget over every period', () => {
    fc.assert(
      fc.property(worlds, (steps) => {
        const at: number[] = [];
        play(steps, ({ nowMs, plan }) => {
          for (const _ of plan.writes) at.push(nowMs);
          const beyond = at.map((sinceMs, index) => at.length - index - (maxBurst + (nowMs - sinceMs) / second));
          expect(Math.max(0, ...beyond)).toBe(0);
        });
      }),
    );
  });

  test('every write is the band of the known count of a pod that is not draining', () => {
    fc.assert(
      fc.property(worlds, (steps) => {
        play(steps, ({ pods, plan }) => {
          const isRight = ({ sessions, draining }: CostedPod, cost: number) =>
            sessions !== undefined && !draining && bandOf(sessions) === cost;
          const wrong = plan.writes.filter(
            ({ uid, cost }) => !pods.some((one) => one.uid === uid && isRight(one, cost)),
          );
          expect(wrong).toEqual([]);
        });
      }),
    );
  });

  test('a count that oscillates around an edge within half a band causes at most one write', () => {
    const swings = fc.integer({ min: 3, max: 10 }).chain((band) => {
      const edge = 2 ** (band - 1);
      // From the middle of the lower band to that of the upper band.
      const near = fc.integer({ min: Math.ceil(0.75 * edge), max: 1.5 * edge - 1 });
      return fc.record({
        cost: fc.constantFrom(band - 1, band),
        edge: fc.constant(edge),
        counts: fc.array(near, { minLength: 3, maxLength: 60 }),
      });
    });
    fc.assert(
      fc.property(swings, ({ cost, edge, counts }) => {
        // Never more than 25 s on one side.
        const swinging = counts.flatMap((count, index) => (index % 5 === 4 ? [edge - 1, edge] : [count]));
        expect(follow(swinging, { cost }).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('the cost of a constant count is correct after half a minute, and is not written again', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5000 }), fc.integer({ min: 0, max: 14 }), (count, cost) => {
        const still = Array.from({ length: 20 }, () => count);
        const costs = follow(still, { cost, everyMs: settledAfterMs / 5 });
        expect(costs).toEqual(bandOf(count) === cost ? [] : [bandOf(count)]);
      }),
    );
  });
});

describe('a cost that Holdfast wrote', () => {
  const rows: [string, { cost: number; seen: boolean }, number | undefined, ReturnType<typeof followCost>][] = [
    ['is not observed yet', { cost: 3, seen: false }, undefined, { cost: 3, seen: false }],
    ['is observed', { cost: 3, seen: false }, 3, { cost: 3, seen: true }],
    ['was observed, and another controller removed it', { cost: 3, seen: true }, undefined, 'Removed'],
  ];
  test.each(rows)('%s', (_, cost, observed, after) => {
    expect(followCost(cost, observed)).toEqual(after);
  });
});
