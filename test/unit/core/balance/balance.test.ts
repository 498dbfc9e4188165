import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eligibleTargets, orderByWeight, pickTarget, type Target } from '../../../../src/core/balance/balance.ts';
import type { BalancingPolicy, EndpointState } from '../../../../src/wire/routing-table.ts';

const nowMs = 1_790_000_000_000;
const policies: BalancingPolicy[] = ['LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'];

type Short = Partial<Omit<Target, 'endpoint'>> & { state?: EndpointState };
const target = (name: string, { state = 'Accepting', ...load }: Short = {}): Target => ({
  endpoint: { uid: name, id: name, pod: name, address: '10.0.0.1', port: 80, state },
  sessions: 0,
  starting: 0,
  open: 0,
  ejectedUntilMs: 0,
  ...load,
});
const targetsOf = (pods: Record<string, Short>) => Object.entries(pods).map(([name, short]) => target(name, short));

/** A small generator with a seed: a test gives the same figures each time. */
function seeded(seed = 42): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

const shares = (choices: readonly (string | undefined)[]) =>
  Object.fromEntries(
    [...Map.groupBy(choices, (name) => name)].map(([name, all]) => [name, all.length / choices.length]),
  );

describe('who may get a new session', () => {
  type Row = { sentence: string; pods: Record<string, Short>; max?: number; tried?: string[]; eligible: string };
  const rows: Row[] = [
    {
      sentence: 'pods that accept, not those that drain or are not ready',
      pods: { a: {}, b: { state: 'Draining' }, c: { state: 'Pending' } },
      eligible: 'a',
    },
    {
      sentence: 'none where none accepts, though others are there',
      pods: { b: { state: 'Draining' }, c: { state: 'Pending' } },
      eligible: 'NoEndpointAccepting',
    },
    { sentence: 'none where there are no pods', pods: {}, eligible: 'NoEndpointAccepting' },
    { sentence: 'not one that refused this request', pods: { a: {}, b: {} }, tried: ['a'], eligible: 'b' },
    {
      sentence: 'not one that has as many sessions as it may have',
      pods: { a: { sessions: 2 }, b: { sessions: 1 } },
      max: 2,
      eligible: 'b',
    },
    {
      sentence: 'sessions about to begin count, or ten requests at once would overfill a pod',
      pods: { a: { sessions: 1, starting: 1 }, b: {} },
      max: 2,
      eligible: 'b',
    },
    {
      sentence: 'none where all are full: another reason, since waiting helps',
      pods: { a: { sessions: 2 }, b: { sessions: 3 } },
      max: 2,
      eligible: 'AllFull',
    },
    {
      sentence: 'pods that drain do not make full ones less full',
      pods: { a: { sessions: 2 }, b: { state: 'Draining' } },
      max: 2,
      eligible: 'AllFull',
    },
    {
      sentence: 'not one that refused a connection a moment ago',
      pods: { a: { ejectedUntilMs: nowMs + 1 }, b: { sessions: 9 } },
      eligible: 'b',
    },
    { sentence: 'when its time is over it may', pods: { a: { ejectedUntilMs: nowMs }, b: {} }, eligible: 'a b' },
    {
      sentence: 'and before, where there is no other',
      pods: { a: { ejectedUntilMs: nowMs + 1 }, b: { state: 'Draining' } },
      eligible: 'a',
    },
    {
      sentence: 'or where the others are full',
      pods: { a: { ejectedUntilMs: nowMs + 1 }, b: { sessions: 2 } },
      max: 2,
      eligible: 'a',
    },
  ];
  test.each(rows)('$sentence: $eligible', ({ pods, max, tried = [], eligible }) => {
    const found = eligibleTargets(targetsOf(pods), { nowMs, maxSessions: max, tried });
    expect(found.kind === 'none' ? found.reason : found.targets.map(({ endpoint }) => endpoint.pod).join(' ')).toBe(
      eligible,
    );
  });

  const world = fc.array(
    fc.record({
      state: fc.constantFrom<EndpointState>('Accepting', 'Draining', 'Pending'),
      sessions: fc.nat(5),
      starting: fc.nat(2),
      open: fc.nat(5),
      ejectedUntilMs: fc.constantFrom(0, nowMs + 5000),
    }),
    { maxLength: 8 },
  );
  test.each(policies)(
    'whatever the pods are, %s never chooses one that drains, is not ready, is full or was tried, and always one where there is one',
    (policy) => {
      fc.assert(
        fc.property(
          world,
          fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
          fc.subarray(['0', '1', '2']),
          fc.double({ min: 0, max: 0.999, noNaN: true }),
          (pods, max, tried, random) => {
            const targets = pods.map((pod, index) => target(String(index), pod));
            const isAllowed = ({ endpoint, sessions, starting }: Target) =>
              endpoint.state === 'Accepting' && !tried.includes(endpoint.id) && sessions + starting < (max ?? 99);
            const eligible = eligibleTargets(targets, { nowMs, maxSessions: max, tried });
            const chosen =
              eligible.kind === 'none'
                ? undefined
                : pickTarget(policy, eligible.targets, {
                    random: () => random,
                    previousUid: pods.length > 3 ? '1' : undefined,
                  });
            expect(chosen === undefined ? 'none' : isAllowed(chosen)).toBe(targets.some(isAllowed) ? true : 'none');
            const reachable = targets.some((one) => isAllowed(one) && one.ejectedUntilMs <= nowMs);
            if (reachable) expect(chosen?.ejectedUntilMs).toBe(0);
          },
        ),
      );
    },
  );
});

describe('which of them gets it', () => {
  const pick = (
    policy: BalancingPolicy,
    pods: Record<string, Short>,
    more: { random?: () => number; previousUid?: string } = {},
  ) =>
    pickTarget(policy, targetsOf(pods), { random: more.random ?? (() => 0), previousUid: more.previousUid })?.endpoint
      .pod;

  test('LeastSessions: the one with the fewest, those about to begin included, whatever is open', () => {
    expect(
      pick('LeastSessions', { a: { sessions: 3 }, b: { sessions: 1, open: 9 }, c: { sessions: 1, starting: 1 } }),
    ).toBe('b');
  });

  test('LeastRequests: the one with the fewest open requests, whatever sessions are idle there', () => {
    expect(
      pick('LeastRequests', { a: { sessions: 90, open: 1 }, b: { sessions: 2, open: 2 }, c: { open: 1, starting: 1 } }),
    ).toBe('a');
  });

  test('RoundRobin: one after the other by UID, in whatever order they are listed, and the first after the last', () => {
    const pods = { c: {}, a: {}, b: {} };
    const turns: (string | undefined)[] = ['a'];
    for (let turn = 0; turn < 6; turn += 1) turns.push(pick('RoundRobin', pods, { previousUid: turns.at(-1) ?? '' }));
    expect(turns.join('')).toBe('abcabca');
  });

  test('RoundRobin: skips nobody when the pod of the last turn is gone', () => {
    expect(pick('RoundRobin', { a: {}, c: {} }, { previousUid: 'b' })).toBe('c');
  });

  test.each(['LeastSessions', 'LeastRequests', 'Random', 'RoundRobin'] as const)(
    '%s: equals are chosen equally often, so that proxies that know the same do not all choose the same pod',
    (policy) => {
      const random = seeded();
      const chosen = Array.from({ length: 4000 }, () => pick(policy, { a: {}, b: {}, c: {}, d: {} }, { random }));
      for (const share of Object.values(shares(chosen))) expect(share).toBeCloseTo(0.25, 1);
    },
  );

  test('LeastSessions: no eligible pod has less than the chosen one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (counts, random) => {
          const chosen = pickTarget(
            'LeastSessions',
            counts.map((sessions, index) => target(String(index), { sessions })),
            { random: () => random, previousUid: undefined },
          );
          expect(chosen?.sessions).toBe(Math.min(...counts));
        },
      ),
    );
  });
});

describe('several backends', () => {
  const order = (weights: Record<string, number>, random: () => number) =>
    orderByWeight(
      Object.entries(weights).map(([name, weight]) => ({ name, weight })),
      random,
    ).map(({ name }) => name);

  test('are asked in shares of their weights; those of weight 0 never', () => {
    const random = seeded();
    const orders = Array.from({ length: 20_000 }, () => order({ stable: 90, canary: 10, off: 0 }, random));
    expect(shares(orders.map(([first]) => first))).toEqual({
      stable: expect.closeTo(0.9, 1),
      canary: expect.closeTo(0.1, 1),
    });
    expect(new Set(orders.flat())).toEqual(new Set(['stable', 'canary']));
  });

  test('the next one is drawn by weight from those that are left', () => {
    const random = seeded();
    const seconds = Array.from({ length: 20_000 }, () => order({ a: 80, b: 15, c: 5 }, random))
      .filter(([first]) => first === 'a')
      .map(([, second]) => second);
    expect(shares(seconds)).toEqual({ b: expect.closeTo(0.75, 1), c: expect.closeTo(0.25, 1) });
  });

  test('with all weights 0 there is none', () => {
    expect(order({ a: 0, b: 0 }, () => 0)).toEqual([]);
  });

  test('each with a weight comes once, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 16 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (weights, random) => {
          const refs = weights.map((weight, index) => ({ weight, index }));
          const ordered = orderByWeight(refs, () => random);
          expect(ordered.map(({ index }) => index).toSorted((a, b) => a - b)).toEqual(
            refs.filter(({ weight }) => weight > 0).map(({ index }) => index),
          );
        },
      ),
    );
  });
});
