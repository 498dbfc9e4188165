import { describe, expect, test } from '@jest/globals';
import { fc } from '../../../../../test/support/fast-check.ts';
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

const order = (pods: readonly Pod[]) => rankForDeletion(pods, nowMs).map(({ metadata }) => metadata.name);

/** Each rule decides against all that come after it. */
const rules: { title: string; first: State; second: State }[] = [
  {
    title: 'a pod without a node is deleted before one with a node',
    first: { node: '' },
    second: { phase: 'Pending', ready: false, cost: '-5' },
  },
  {
    title: 'a Pending pod is deleted before an Unknown one',
    first: { phase: 'Pending' },
    second: { phase: 'Unknown', ready: false },
  },
  {
    title: 'an Unknown pod is deleted before a Running one',
    first: { phase: 'Unknown' },
    second: { phase: 'Running', ready: false },
  },
  {
    title: 'an unready pod is deleted before a ready one, whatever its deletion cost',
    first: { ready: false, cost: '1000' },
    second: { cost: '-1000' },
  },
  {
    title: 'a pod of lower deletion cost is deleted first',
    first: { cost: '-1', readyFor: 9999 },
    second: { cost: '0', readyFor: 1, restarts: 9 },
  },
  { title: 'a pod without a deletion cost has the cost 0', first: {}, second: { cost: '1', readyFor: 1 } },
  {
    title: 'a pod that became ready recently is deleted before one that has been ready for long',
    first: { readyFor: 10, age: 9999 },
    second: { readyFor: 1000, restarts: 9, age: 1 },
  },
  {
    title: 'for ready times in the same bucket the UID decides',
    first: { uid: 'a', readyFor: 1010 },
    second: { uid: 'b', readyFor: 1000, restarts: 9 },
  },
  {
    title: 'a pod with more restarts is deleted first',
    first: { restarts: 2, age: 9999 },
    second: { restarts: 1, age: 1 },
  },
  { title: 'a newer pod is deleted before an older one', first: { age: 10 }, second: { age: 1000 } },
  {
    title: 'for ages in the same bucket the UID decides',
    first: { uid: 'a', age: 1010 },
    second: { uid: 'b', age: 1000 },
  },
];

test.each(rules)('$title', ({ first, second }) => {
  const pods = [buildPod('second', { uid: 'b', ...second }), buildPod('first', { uid: 'a', ...first })];
  expect(order(pods)).toEqual(['first', 'second']);
  expect(order(pods.toReversed())).toEqual(['first', 'second']);
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

describe('the deletion order of any pods', () => {
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

  test('the order contains each pod once', () => {
    fc.assert(
      fc.property(states, (all) => {
        const pods = buildPods(all);
        expect(new Set(order(pods))).toEqual(new Set(pods.map(({ metadata }) => metadata.name)));
      }),
    );
  });

  test('a ready pod on a node is never deleted before one that is not ready or has no node', () => {
    fc.assert(
      fc.property(states, (all) => {
        const serves = rankForDeletion(buildPods(all), nowMs).map(
          ({ spec, status }) =>
            spec.nodeName !== undefined && status?.phase === 'Running' && status.conditions?.[0]?.status === 'True',
        );
        expect(serves).toEqual(serves.toSorted((a, b) => Number(a) - Number(b)));
      }),
    );
  });

  test('of ready pods, one of lower cost is always deleted first', () => {
    fc.assert(
      fc.property(states, (all) => {
        const serving = buildPods(all.map((one) => ({ ...one, node: 'a', phase: 'Running', ready: true })));
        const costs = rankForDeletion(serving, nowMs).map(deletionCost);
        expect(costs).toEqual(costs.toSorted((a, b) => a - b));
      }),
    );
  });
});
