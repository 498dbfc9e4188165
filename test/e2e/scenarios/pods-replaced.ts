/** Pods are replaced in several ways: no session is affected. */
import { expect } from '@jest/globals';
import { kubectl, kubectlInput, until } from '../../support/kubectl.ts';
import { appPods, untilReady, untilSettled } from '../../support/shop-cluster.ts';
import { inShop, type Scene } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

type Way = { run: string; replacedCount: number; begin: (namespace: string, pods: string[]) => Promise<void> };

const replicas = 3;

const budget = {
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'cart' },
  spec: { minAvailable: replicas - 1, selector: { matchLabels: { app: 'cart' } } },
};

const ways: readonly Way[] = [
  {
    run: 'rollout-restart',
    replacedCount: replicas,
    begin: async (namespace) => {
      await kubectl('-n', namespace, 'rollout', 'restart', 'deployment/cart');
      await kubectl('-n', namespace, 'rollout', 'status', 'deployment/cart', '--timeout=120s');
    },
  },
  {
    run: 'delete-pod',
    replacedCount: 2,
    begin: async (namespace, [one = '', other = '']) => {
      await kubectl('-n', namespace, 'delete', 'pod', one, other, '--wait=false');
    },
  },
  {
    run: 'evictions',
    replacedCount: 2,
    begin: async (namespace, pods) => {
      for (const pod of pods.slice(0, 2)) await evict(namespace, pod);
    },
  },
];

/** Asks again while the budget refuses, as kubectl drain does. */
async function evict(namespace: string, name: string): Promise<void> {
  const eviction = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } });
  await until(`${name} evicted`, async () => {
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`;
    const refused = await kubectlInput(eviction, 'create', '--raw', path, '-f', '-').then(() => undefined, String);
    if (refused !== undefined && !refused.includes('disruption budget')) throw new Error(refused);
    return refused === undefined;
  });
}

const podNames = async (namespace: string): Promise<string[]> =>
  (await appPods(namespace)).map(({ metadata }) => metadata.name);

async function playWay(scene: Scene, { run, replacedCount, begin }: Way): Promise<void> {
  const { namespace, pods } = scene;
  const [before, wentBefore, goneBefore] = [
    await podNames(namespace),
    pods.terminatingSinceMs.size,
    pods.goneAtMs.size,
  ];
  const load = scene.customers(run);
  await until(
    'customers on every pod',
    async () => new Set(load.sessionLog.sessions.map(({ pod }) => pod)).size === replicas,
  );
  await begin(namespace, before);
  await until('the pods terminating', async () => pods.terminatingSinceMs.size === wentBefore + replacedCount);
  // Pods terminate while new sessions start, and existing sessions end by themselves.
  await until('a pod gone', async () => pods.goneAtMs.size > goneBefore, 120_000);
  expect(await scene.farewell(load)).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
  await untilSettled(namespace, replicas);
  const after = await podNames(namespace);
  expect(before.filter((pod) => !after.includes(pod))).toHaveLength(replacedCount);
  await untilReady(namespace, replicas);
}

export const podsReplaced: Scenario = {
  title:
    'kubectl rollout restart, kubectl delete pod, evictions that a PodDisruptionBudget lets through one by one: nothing lost',
  play: () =>
    inShop('e2e-replaced', { replicas, objects: [budget] }, async (scene) => {
      for (const way of ways) await playWay(scene, way);
    }),
};
