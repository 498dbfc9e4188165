import { describe, expect, test } from '@jest/globals';
import {
  eligibleEndpoints,
  orderByWeight,
  pickEndpoint,
  type EndpointLoad,
} from '../../../../src/core/balance/balance.ts';
import type { BalancingPolicy, EndpointState } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';

const nowMs = 1_790_000_000_000;
const policies: BalancingPolicy[] = ['LeastSessions', 'LeastRequests', 'RoundRobin', 'Random'];

type Short = Partial<Omit<EndpointLoad, 'endpoint'>> & { state?: EndpointState };
const target = (name: string, { state = 'Accepting', ...load }: Short = {}): EndpointLoad => ({
  endpoint: { uid: name, id: name, pod: name, address: '10.0.0.1', port: 80, state },
  sessions: 0,
  unconfirmed: 0,
  starting: 0,
  startingConfirmed: 0,
  open: 0,
  ejectedUntilMs: 0,
  ...load,
});
const targetsOf = (pods: Record<string, Short>) => Object.entries(pods).map(([name, short]) => target(name, short));

/** A small seeded generator, so that a test has the same figures each time. */
function seeded(seed = 42): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

const shares = (choices: readonly (string | undefined)[]) =>
  Object.fromEntries(
    [...Map.groupBy(choices, (name) => name)].map(([name, all]) => [name, all.length / choices.length]),
  );

describe('the endpoints that are eligible for a new session', () => {
  type Row = { sentence: string; pods: Record<string, Short>; max?: number; tried?: string[]; eligible: string };
  const rows: Row[] = [
    {
      sentence: 'are those that accept, not those that drain or are not ready',
      pods: { a: {}, b: { state: 'Draining' }, c: { state: 'Pending' } },
      eligible: 'a',
    },
    {
      sentence: 'are none if none accepts, although others exist',
      pods: { b: { state: 'Draining' }, c: { state: 'Pending' } },
      eligible: 'NoEndpointAccepting',
    },
    { sentence: 'are none without pods', pods: {}, eligible: 'NoEndpointAccepting' },
    { sentence: 'do not include one that refused this request', pods: { a: {}, b: {} }, tried: ['a'], eligible: 'b' },
    {
      sentence: 'do not include one with the maximum number of sessions',
      pods: { a: { sessions: 2 }, b: { sessions: 1 } },
      max: 2,
      eligible: 'b',
    },
    {
      sentence: 'are not limited by clients that have not returned: one visitor cannot use up every place',
      pods: { a: { unconfirmed: 99, starting: 9 }, b: { sessions: 2 } },
      max: 2,
      eligible: 'a',
    },
    {
      sentence: 'are limited by starting sessions too, or ten simultaneous requests would overfill a pod',
      pods: { a: { sessions: 1, starting: 1, startingConfirmed: 1 }, b: {} },
      max: 2,
      eligible: 'b',
    },
    {
      sentence: 'are none if all are full, with another reason, because waiting helps',
      pods: { a: { sessions: 2 }, b: { sessions: 3 } },
      max: 2,
      eligible: 'AllFull',
    },
    {
      sentence: 'are none if all accepting ones are full, although others drain',
      pods: { a: { sessions: 2 }, b: { state: 'Draining' } },
      max: 2,
      eligible: 'AllFull',
    },
    {
      sentence: 'do not include an ejected one',
      pods: { a: { ejectedUntilMs: nowMs + 1 }, b: { sessions: 9 } },
      eligible: 'b',
    },
    {
      sentence: 'include an ejected one when its ejection is over',
      pods: { a: { ejectedUntilMs: nowMs }, b: {} },
      eligible: 'a b',
    },
    {
      sentence: 'include an ejected one if there is no other',
      pods: { a: { ejectedUntilMs: nowMs + 1 }, b: { state: 'Draining' } },
      eligible: 'a',
    },
    {
      sentence: 'include an ejected one if the others are full',
      pods: { a: { ejectedUntilMs: nowMs + 1 }, b: { sessions: 2 } },
      max: 2,
      eligible: 'a',
    },
  ];
  test.each(rows)('$sentence: $eligible', ({ pods, max, tried = [], eligible }) => {
    const found = eligibleEndpoints(targetsOf(pods), { nowMs, maxSessions: max, tried });
    expect(found.kind === 'none' ? found.reason : found.endpoints.map(({ endpoint }) => endpoint.pod).join(' ')).toBe(
      eligible,
    );
  });

  const world = fc.array(
    fc.record({
      state: fc.constantFrom<EndpointState>('Accepting', 'Draining', 'Pending'),
      sessions: fc.nat(5),
      unconfirmed: fc.nat(9),
      starting: fc.nat(2),
      startingConfirmed: fc.nat(2),
      open: fc.nat(5),
      ejectedUntilMs: fc.constantFrom(0, nowMs + 5000),
    }),
    { maxLength: 8 },
  );
  test.each(policies)(
    'for any pods, %s never picks one that drains, is not ready, is full or was tried, and always picks one if one is eligible',
    (policy) => {
      fc.assert(
        fc.property(
          world,
          fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
          fc.subarray(['0', '1', '2']),
          fc.double({ min: 0, max: 0.999, noNaN: true }),
          (pods, max, tried, random) => {
            const targets = pods.map((pod, index) => target(String(index), pod));
            const isAllowed = ({ endpoint, sessions, startingConfirmed }: EndpointLoad) =>
              endpoint.state === 'Accepting' &&
              !tried.includes(endpoint.id) &&
              sessions + startingConfirmed < (max ?? 99);
            const eligible = eligibleEndpoints(targets, { nowMs, maxSessions: max, tried });
            const chosen =
              eligible.kind === 'none'
                ? undefined
                : pickEndpoint(policy, eligible.endpoints, {
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

describe('the policy', () => {
  const pick = (
    policy: BalancingPolicy,
    pods: Record<string, Short>,
    more: { random?: () => number; previousUid?: string } = {},
  ) =>
    pickEndpoint(policy, targetsOf(pods), { random: more.random ?? (() => 0), previousUid: more.previousUid })?.endpoint
      .pod;

  test('LeastSessions picks the pod with the fewest sessions, including starting ones, whatever the open requests', () => {
    expect(
      pick('LeastSessions', { a: { sessions: 3 }, b: { sessions: 1, open: 9 }, c: { sessions: 1, starting: 1 } }),
    ).toBe('b');
  });

  test('LeastRequests picks the pod with the fewest open requests, whatever the idle sessions', () => {
    expect(
      pick('LeastRequests', { a: { sessions: 90, open: 1 }, b: { sessions: 2, open: 2 }, c: { open: 1, starting: 1 } }),
    ).toBe('a');
  });

  test('counts what other processes of the proxy have there, and so does the maximum', () => {
    const elsewhere = { sessions: 3, confirmed: 2, requests: 5 };
    const endpoints = targetsOf({ a: { elsewhere }, b: { sessions: 2, open: 4 } });
    const pick = (policy: BalancingPolicy) =>
      pickEndpoint(policy, endpoints, { random: () => 0, previousUid: undefined })?.endpoint.uid;
    expect([pick('LeastSessions'), pick('LeastRequests')]).toEqual(['b', 'b']);
    expect(eligibleEndpoints(endpoints, { nowMs, maxSessions: 2, tried: [] })).toEqual({
      kind: 'none',
      reason: 'AllFull',
    });
  });

  test('RoundRobin picks one pod after the other by UID, whatever the order of the list, and the first after the last', () => {
    const pods = { c: {}, a: {}, b: {} };
    const turns: (string | undefined)[] = ['a'];
    for (let turn = 0; turn < 6; turn += 1) turns.push(pick('RoundRobin', pods, { previousUid: turns.at(-1) ?? '' }));
    expect(turns.join('')).toBe('abcabca');
  });

  test('RoundRobin skips no pod when the last picked one was deleted', () => {
    expect(pick('RoundRobin', { a: {}, c: {} }, { previousUid: 'b' })).toBe('c');
  });

  test.each(['LeastSessions', 'LeastRequests', 'Random', 'RoundRobin'] as const)(
    '%s picks equal pods equally often, so that proxies with the same counts do not all pick the same pod',
    (policy) => {
      const random = seeded();
      const chosen = Array.from({ length: 4000 }, () => pick(policy, { a: {}, b: {}, c: {}, d: {} }, { random }));
      for (const share of Object.values(shares(chosen))) expect(share).toBeCloseTo(0.25, 1);
    },
  );

  test('LeastSessions never picks a pod while an eligible one has fewer sessions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 1 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (counts, random) => {
          const chosen = pickEndpoint(
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

  test('are tried in proportion to their weights; those of weight 0 never', () => {
    const random = seeded();
    const orders = Array.from({ length: 20_000 }, () => order({ stable: 90, canary: 10, off: 0 }, random));
    expect(shares(orders.map(([first]) => first))).toEqual({
      stable: expect.closeTo(0.9, 1),
      canary: expect.closeTo(0.1, 1),
    });
    expect(new Set(orders.flat())).toEqual(new Set(['stable', 'canary']));
  });

  test('are drawn by weight from the remaining ones', () => {
    const random = seeded();
    const seconds = Array.from({ length: 20_000 }, () => order({ a: 80, b: 15, c: 5 }, random))
      .filter(([first]) => first === 'a')
      .map(([, second]) => second);
    expect(shares(seconds)).toEqual({ b: expect.closeTo(0.75, 1), c: expect.closeTo(0.25, 1) });
  });

  test('are none if all weights are 0', () => {
    expect(order({ a: 0, b: 0 }, () => 0)).toEqual([]);
  });

  test('each come once if they have a weight, whatever the random numbers', () => {
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
