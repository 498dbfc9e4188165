import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deletionCost, rankForDeletion } from '../../../controllers/workloads/deletion-rank.ts';
import type { Pod } from '../../../controllers/objects.ts';

const nowMs = Date.UTC(2026, 0, 1);
const ago = (seconds: number) => new Date(nowMs - seconds * 1000).toISOString();

type State = {
  uid?: string;
  node?: string;
  phase?: string;
  ready?: boolean;
  readyFor?: number;
  age?: number;
  cost?: string;
  restarts?: number;
  terminating?: boolean;
};

const usual = {
  node: 'node',
  phase: 'Running',
  ready: true,
  readyFor: 1000,
  age: 1000,
  restarts: 0,
  terminating: false,
};

const buildPod = (name: string, state: State = {}): Pod => {
  const { uid, node, phase, ready, readyFor, age, cost, restarts, terminating } = {
    ...usual,
    uid: name,
    cost: undefined,
    ...state,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid,
      creationTimestamp: ago(age),
      ...(cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': cost } }),
      ...(terminating ? { deletionTimestamp: ago(0) } : {}),
    },
    spec: { containers: [], ...(node === '' ? {} : { nodeName: node }) },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{ name: 'app', restartCount: restarts }],
    },
  };
};

const order = (pods: readonly Pod[], related = pods) =>
  rankForDeletion(pods, related, nowMs).map(({ metadata }) => metadata.name);

/** Each rule decides against all that come after it. */
const rules: { title: string; first: State; second: State }[] = [
  {
    title: '1. without a node before with one',
    first: { node: '' },
    second: { phase: 'Pending', ready: false, cost: '-5' },
  },
  { title: '2. Pending before Unknown', first: { phase: 'Pending' }, second: { phase: 'Unknown', ready: false } },
  { title: '2. Unknown before Running', first: { phase: 'Unknown' }, second: { phase: 'Running', ready: false } },
  {
    title: '3. not ready before ready, whatever it costs',
    first: { ready: false, cost: '1000' },
    second: { cost: '-1000' },
  },
  {
    title: '4. lower cost before higher',
    first: { cost: '-1', readyFor: 9999 },
    second: { cost: '0', readyFor: 1, restarts: 9 },
  },
  { title: '4. no cost is 0', first: {}, second: { cost: '1', readyFor: 1 } },
  {
    title: '6. ready more recently before longer',
    first: { readyFor: 10, age: 9999 },
    second: { readyFor: 1000, restarts: 9, age: 1 },
  },
  {
    title: '6. in the same bucket the UID decides',
    first: { uid: 'a', readyFor: 1010 },
    second: { uid: 'b', readyFor: 1000, restarts: 9 },
  },
  { title: '7. more restarts before fewer', first: { restarts: 2, age: 9999 }, second: { restarts: 1, age: 1 } },
  { title: '8. newer before older', first: { age: 10 }, second: { age: 1000 } },
  { title: '8. in the same bucket the UID decides', first: { uid: 'a', age: 1010 }, second: { uid: 'b', age: 1000 } },
];

test.each(rules)('$title', ({ first, second }) => {
  const pods = [buildPod('second', { uid: 'b', ...second }), buildPod('first', { uid: 'a', ...first })];
  expect(order(pods)).toEqual(['first', 'second']);
  expect(order(pods.toReversed())).toEqual(['first', 'second']);
});

describe('5. the more crowded node first', () => {
  const pods = [buildPod('alone', { node: 'a', readyFor: 1 }), buildPod('crowded', { node: 'b' })];

  test('pods of the other ReplicaSets of the Deployment crowd it', () => {
    expect(order(pods, [...pods, buildPod('sibling', { node: 'b' })])).toEqual(['crowded', 'alone']);
  });

  test('those that are ending or over do not', () => {
    const leaving = [
      buildPod('ending', { node: 'b', terminating: true }),
      buildPod('over', { node: 'b', phase: 'Succeeded' }),
    ];
    expect(order(pods, [...pods, ...leaving])).toEqual(['alone', 'crowded']);
  });
});

test.each([
  { text: '10', cost: 10 },
  { text: '-2147483648', cost: -2_147_483_648 },
  { text: '2147483647', cost: 2_147_483_647 },
  { text: '2147483648', cost: 0 },
  { text: '+1', cost: 0 },
  { text: '01', cost: 0 },
  { text: '1.5', cost: 0 },
  { text: 'high', cost: 0 },
])('the deletion cost $text counts as $cost', ({ text, cost }) => {
  expect(deletionCost(buildPod('pod', { cost: text }))).toBe(cost);
});

describe('for any pods', () => {
  const state: fc.Arbitrary<State> = fc.record({
    node: fc.constantFrom('', 'a', 'b'),
    phase: fc.constantFrom('Pending', 'Unknown', 'Running'),
    ready: fc.boolean(),
    readyFor: fc.integer({ min: 0, max: 5000 }),
    age: fc.integer({ min: 0, max: 5000 }),
    cost: fc.constantFrom('-10', '0', '7'),
    restarts: fc.integer({ min: 0, max: 3 }),
  });
  const states = fc.array(state, { maxLength: 12 });
  const buildPods = (all: readonly State[]) => all.map((one, index) => buildPod(`pod-${index}`, one));

  test('none is lost and none is twice', () => {
    fc.assert(
      fc.property(states, (all) => {
        const pods = buildPods(all);
        expect(new Set(order(pods))).toEqual(new Set(pods.map(({ metadata }) => metadata.name)));
      }),
    );
  });

  test('a ready pod on a node never goes before one that is not ready or has no node', () => {
    fc.assert(
      fc.property(states, (all) => {
        const serves = rankForDeletion(buildPods(all), [], nowMs).map(
          ({ spec, status }) =>
            spec.nodeName !== undefined && status?.phase === 'Running' && status.conditions?.[0]?.status === 'True',
        );
        expect(serves).toEqual(serves.toSorted((a, b) => Number(a) - Number(b)));
      }),
    );
  });

  test('among pods that serve, a lower cost always goes first', () => {
    fc.assert(
      fc.property(states, (all) => {
        const serving = buildPods(all.map((one) => ({ ...one, node: 'a', phase: 'Running', ready: true })));
        const costs = rankForDeletion(serving, serving, nowMs).map(deletionCost);
        expect(costs).toEqual(costs.toSorted((a, b) => a - b));
      }),
    );
  });
});
