import { afterEach, describe, expect, test } from '@jest/globals';
import { deployments, events, nodes, pods } from '../../../../../src/kube/resources.ts';
import type { Deployment } from '../../../controllers/objects.ts';
import type { World } from './world.ts';
import { deployment, startWorld, template } from './world.ts';

let world: World;
afterEach(() => world.stop());

const statusOf = (): Record<string, number> =>
  (world.find(deployments, 'web')?.['status'] ?? {}) as Record<string, number>;
const terminating = () => world.pods().filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
const running = () => world.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const images = () => running().map(({ spec }) => (spec.containers[0] as unknown as { image: string }).image);
/** The condition that `kubectl rollout status` waits for. */
const isRolledOut = () => {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = statusOf();
  const { metadata, spec } = world.find(deployments, 'web') as Deployment;
  if (observedGeneration < (metadata.generation ?? 0)) return false;
  return updatedReplicas >= (spec.replicas ?? 1) && replicas <= updatedReplicas && availableReplicas >= updatedReplicas;
};

/** Acts as the kubelet until nothing changes; `watch` is called at each step. */
async function rollOut(watch: () => void = () => {}): Promise<void> {
  for (let before = -1; before !== world.writes();) {
    before = world.writes();
    watch();
    await world.makeReady();
    await world.finish();
  }
}

describe('a Deployment', () => {
  test('a Deployment that is complete causes no writes', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(3));
    await rollOut();
    const before = world.writes();
    await world.clock.advance(3_600_000);
    expect(world.writes()).toBe(before);
    expect(world.warnings).toEqual([]);
  });
});

describe('a rolling update', () => {
  const bounds = [
    { title: 'a rolling update by 25 % of 4 pods adds one and misses one', replicas: 4, limits: {}, most: 5, least: 3 },
    {
      title: 'a rolling update of 3 pods rounds the surge up and the unavailability down',
      replicas: 3,
      limits: { maxSurge: '25%', maxUnavailable: '25%' },
      most: 4,
      least: 3,
    },
    {
      title: 'a rolling update without surge keeps its size',
      replicas: 3,
      limits: { maxSurge: 0, maxUnavailable: 1 },
      most: 3,
      least: 2,
    },
    {
      title: 'a rolling update whose limits are both 0 may miss one pod, because it could not proceed otherwise',
      replicas: 3,
      limits: { maxSurge: 0, maxUnavailable: '10%' },
      most: 3,
      least: 2,
    },
    {
      title: 'a rolling update with a surge of 100 % adds all pods at once',
      replicas: 3,
      limits: { maxSurge: '100%', maxUnavailable: 0 },
      most: 6,
      least: 3,
    },
  ];
  test.each(bounds)('$title', async ({ replicas, limits, most, least }) => {
    world = await startWorld();
    await world.create(
      deployments,
      deployment(replicas, { strategy: { type: 'RollingUpdate', rollingUpdate: limits } }),
    );
    await rollOut();
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    const counts: number[] = [];
    const available: number[] = [];
    await rollOut(() => {
      counts.push(running().length);
      available.push(
        running().filter(({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
        ).length,
      );
    });
    expect(isRolledOut()).toBe(true);
    expect(images()).toEqual(Array.from({ length: replicas }, () => 'shop:2'));
    expect(Math.max(...counts)).toBe(most);
    expect(Math.min(...available)).toBeGreaterThanOrEqual(least);
  });

  test('a rolling update does not wait for terminating pods, which may drain for long', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(4));
    await world.makeReady();
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    for (let round = 0; round < 8; round += 1) await world.makeReady();
    expect(terminating()).toHaveLength(4);
    expect(isRolledOut()).toBe(true);
    expect(statusOf().terminatingReplicas).toBe(4);
  });

  test('a new size together with a new template stays within the surge', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(3));
    await rollOut();
    await world.patch(deployments, 'web', { spec: { replicas: 10, template: template('2') } });
    expect(running()).toHaveLength(13);
    await rollOut();
    expect(images()).toEqual(Array.from({ length: 10 }, () => 'shop:2'));
  });
});

test('an annotation of the template, as from kubectl rollout restart, is a new template', async () => {
  world = await startWorld();
  await world.create(deployments, deployment(2));
  await rollOut();
  const before = world.pods().map(({ metadata }) => metadata.uid);
  await world.patch(deployments, 'web', {
    spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } },
  });
  await rollOut();
  expect(isRolledOut()).toBe(true);
  expect(running().filter(({ metadata }) => before.includes(metadata.uid))).toEqual([]);
});

test('features that the controllers do not have are refused', async () => {
  world = await startWorld();
  const create = (spec: object) => world.create(deployments, deployment(1, spec));
  await expect(create({ paused: true })).rejects.toThrow('spec.paused: Forbidden: devcluster cannot pause a rollout');
  await expect(create({ minReadySeconds: 5 })).rejects.toThrow('spec.minReadySeconds: Forbidden');
  await expect(create({ strategy: { type: 'Recreate' } })).rejects.toThrow('supported values: "RollingUpdate"');
});

describe('a ReplicaSet', () => {
  test('a ReplicaSet does not count pods of another controller, whatever their labels are', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(2));
    const [node] = world.api.list(nodes);
    const owner = { apiVersion: 'v1', kind: 'Node', name: 'node', uid: node?.metadata.uid ?? '', controller: true };
    const labels = world.pods()[0]?.metadata.labels ?? {};
    const metadata = { name: 'mirror', namespace: 'shop', labels, ownerReferences: [owner] };
    await world.create(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: template('1').spec });
    await world.patch(deployments, 'web', { spec: { replicas: 3 } });
    expect(running()).toHaveLength(4);
    expect(world.find(pods, 'mirror')?.metadata.ownerReferences).toEqual([owner]);
  });

  test('a ReplicaSet that cannot create pods creates them when it can', async () => {
    world = await startWorld();
    world.refuse('Pod');
    await world.create(deployments, deployment(2));
    expect(world.all(events)).toContainEqual(
      expect.objectContaining({ reason: 'FailedCreate', note: 'Error creating: pods is forbidden: exceeded quota' }),
    );
    world.refuse(undefined);
    await world.clock.advance(10_000);
    expect(world.pods()).toHaveLength(2);
  });

  test('a ReplicaSet that is scaled down and up again deletes and creates no more pods than needed', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(5));
    await world.makeReady();
    await world.patch(deployments, 'web', { spec: { replicas: 2 } });
    expect(running()).toHaveLength(2);
    await world.patch(deployments, 'web', { spec: { replicas: 4 } });
    expect(running()).toHaveLength(4);
    expect(terminating()).toHaveLength(3);
  });
});

describe('the scheduler', () => {
  test('the scheduler leaves the pods of another scheduler alone', async () => {
    world = await startWorld();
    const pod = (name: string, schedulerName: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop' },
      spec: { ...template('1').spec, schedulerName },
    });
    await world.create(pods, pod('theirs', 'other'));
    await world.create(pods, pod('ours', 'default-scheduler'));
    expect(world.find(pods, 'ours')).toMatchObject({ spec: { nodeName: 'node' } });
    expect(world.find(pods, 'theirs')).not.toMatchObject({ spec: { nodeName: 'node' } });
  });

  test('a pod waits while the node is cordoned', async () => {
    world = await startWorld();
    await world.api.patch(nodes, { name: 'node' }, { spec: { unschedulable: true } });
    await world.create(deployments, deployment(1));
    expect(world.pods()[0]?.spec.nodeName).toBeUndefined();
    await world.api.patch(nodes, { name: 'node' }, { spec: { unschedulable: false } });
    await world.settle();
    expect(world.pods()[0]?.spec.nodeName).toBe('node');
  });
});
