import { afterEach, describe, expect, test } from '@jest/globals';
import { deployments, nodes, pods, replicaSets } from '../../../../../src/kube/resources.ts';
import type { Deployment, ReplicaSet } from '../../../controllers/objects.ts';
import { resizedSizes } from '../../../controllers/workloads/rollout-sizes.ts';
import type { World } from './world.ts';
import { deployment, startWorld, template } from './world.ts';

let world: World;
afterEach(() => world.stop());

const statusOf = () => (world.find(deployments, 'web') as Deployment).status ?? {};
const conditionOf = (type: string) => statusOf().conditions?.find((condition) => condition.type === type);
const sizes = () =>
  (world.all(replicaSets) as ReplicaSet[])
    .map(({ spec }) => spec.replicas ?? 0)
    .filter((size) => size > 0)
    .toSorted((a, b) => b - a);
const ending = () => world.pods().filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
const running = () => world.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const images = () => running().map(({ spec }) => (spec.containers[0] as unknown as { image: string }).image);
/** As `kubectl rollout status` decides it. */
const isRolledOut = () => {
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = statusOf();
  const { metadata, spec } = world.find(deployments, 'web') as Deployment;
  if (observedGeneration < (metadata.generation ?? 0)) return false;
  return updatedReplicas >= (spec.replicas ?? 1) && replicas <= updatedReplicas && availableReplicas >= updatedReplicas;
};

/** Lets the kubelet work until nothing changes any more; `watch` sees each step. */
async function rollOut(watch: () => void = () => {}): Promise<void> {
  for (let before = -1; before !== world.writes();) {
    before = world.writes();
    watch();
    await world.makeReady();
    await world.finish();
  }
}

describe('a new Deployment', () => {
  test('counts pods as available only after minReadySeconds, and looks again by itself', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(2, { minReadySeconds: 10 }));
    await world.makeReady();
    expect(statusOf()).toMatchObject({ readyReplicas: 2, unavailableReplicas: 2 });
    await world.clock.advance(9_000);
    expect(statusOf()).not.toHaveProperty('availableReplicas');
    await world.clock.advance(1_000);
    expect(statusOf()).toMatchObject({ availableReplicas: 2 });
  });

  test('settles: once all is as it should be, nothing is written any more', async () => {
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
    { title: '25 % of 4: one more, one less', replicas: 4, limits: {}, most: 5, least: 3 },
    {
      title: 'percentages of 3: surge is rounded up, unavailability down',
      replicas: 3,
      limits: { maxSurge: '25%', maxUnavailable: '25%' },
      most: 4,
      least: 3,
    },
    { title: 'no surge: within its size', replicas: 3, limits: { maxSurge: 0, maxUnavailable: 1 }, most: 3, least: 2 },
    {
      title: 'neither, as both are rounded: one may be unavailable, or it would never move',
      replicas: 3,
      limits: { maxSurge: 0, maxUnavailable: '10%' },
      most: 3,
      least: 2,
    },
    { title: 'all at once', replicas: 3, limits: { maxSurge: '100%', maxUnavailable: 0 }, most: 6, least: 3 },
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
    expect(world.find(deployments, 'web')?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '2',
    });
  });

  test('does not wait for pods that are ending: they may be many for long', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(4));
    await world.makeReady();
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    for (let round = 0; round < 8; round += 1) await world.makeReady();
    expect(ending()).toHaveLength(4);
    expect(isRolledOut()).toBe(true);
    expect(statusOf().terminatingReplicas).toBe(4);
  });

  test('with new pods that never become ready it stops, and says so after the deadline', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(4, { progressDeadlineSeconds: 60 }));
    await rollOut();
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    expect(images().filter((image) => image === 'shop:1')).toHaveLength(3);
    await world.clock.advance(59_000);
    expect(conditionOf('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    await world.clock.advance(2_000);
    expect(conditionOf('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(images().filter((image) => image === 'shop:1')).toHaveLength(3);
  });

  test('a change of size in the middle is shared in proportion', async () => {
    world = await startWorld();
    await world.create(
      deployments,
      deployment(10, { strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } }),
    );
    await rollOut();
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    expect(sizes()).toEqual([8, 5]);
    // The example of the Kubernetes documentation: five more are three for the old and two for the new ReplicaSet.
    await world.patch(deployments, 'web', { spec: { replicas: 15 } });
    expect(sizes()).toEqual([11, 7]);
  });

  test('a change of size together with a new template stays within the surge', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(3));
    await rollOut();
    await world.patch(deployments, 'web', { spec: { replicas: 10, template: template('2') } });
    expect(running()).toHaveLength(13);
    await rollOut();
    expect(images()).toEqual(Array.from({ length: 10 }, () => 'shop:2'));
  });

  test('every pod that becomes ready starts the deadline anew', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(4, { progressDeadlineSeconds: 60 }));
    await rollOut();
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    await world.clock.advance(50_000);
    await world.makeReady(running().slice(-1));
    await world.clock.advance(50_000);
    expect(conditionOf('Progressing')).toMatchObject({ status: 'True', reason: 'ReplicaSetUpdated' });
    await world.clock.advance(12_000);
    expect(conditionOf('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
  });

  test('whose pods cannot even be created runs into the deadline too', async () => {
    world = await startWorld();
    await world.create(
      deployments,
      deployment(4, { progressDeadlineSeconds: 60, strategy: { rollingUpdate: { maxUnavailable: 0 } } }),
    );
    await rollOut();
    world.refuse('Pod');
    await world.patch(deployments, 'web', { spec: { template: template('2') } });
    expect(conditionOf('Progressing')).toMatchObject({ status: 'True', reason: 'NewReplicaSetCreated' });
    await world.clock.advance(62_000);
    expect(conditionOf('Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
  });

  test('more old ReplicaSets than the history limit are removed, the oldest first', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(1, { revisionHistoryLimit: 1 }));
    await rollOut();
    for (const version of ['2', '3']) {
      await world.patch(deployments, 'web', { spec: { template: template(version) } });
      await rollOut();
    }
    const revisions = world
      .all(replicaSets)
      .map(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision']);
    expect(new Set(revisions)).toEqual(new Set(['2', '3']));
  });
});

describe('how a change of size is shared', () => {
  const sized = (name: string, replicas: number) =>
    ({
      metadata: {
        name,
        creationTimestamp: `2026-01-0${name}T00:00:00Z`,
        annotations: { 'deployment.kubernetes.io/max-replicas': '10' },
      },
      spec: { replicas },
    }) as unknown as ReplicaSet;
  const [oldest, middle, newest] = [sized('1', 3), sized('2', 3), sized('3', 4)];
  const rows = [
    { title: 'what rounding leaves goes to the largest', replicas: 11, expected: { 1: 3, 2: 3, 3: 5 } },
    { title: 'of equals the newer grows', replicas: 12, expected: { 1: 3, 2: 4, 3: 5 } },
    { title: 'of equals the older shrinks', replicas: 8, expected: { 1: 2, 2: 3, 3: 3 } },
    { title: 'to nothing', replicas: 0, expected: { 1: 0, 2: 0, 3: 0 } },
  ];
  test.each(rows)('$title', ({ replicas, expected }) => {
    const rolling = deployment(replicas, {
      strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    }) as Deployment;
    expect(Object.fromEntries(resizedSizes(rolling, newest, [oldest, middle]))).toEqual(expected);
  });
});

test('kubectl rollout restart: an annotation of the template is a new template', async () => {
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

test('a paused Deployment rolls nothing out, but follows its size', async () => {
  world = await startWorld();
  await world.create(deployments, deployment(2));
  await rollOut();
  await world.patch(deployments, 'web', { spec: { paused: true, template: template('2') } });
  expect(conditionOf('Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
  await world.patch(deployments, 'web', { spec: { replicas: 3 } });
  expect(images()).toEqual(['shop:1', 'shop:1', 'shop:1']);
  await world.patch(deployments, 'web', { spec: { paused: false } });
  await rollOut();
  expect(images()).toEqual(['shop:2', 'shop:2', 'shop:2']);
});

describe('a ReplicaSet', () => {
  test('takes no pod that somebody else controls, whatever its labels say', async () => {
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

  test('tells why it cannot create pods, and goes on when it can', async () => {
    world = await startWorld();
    world.refuse('Pod');
    await world.create(deployments, deployment(2));
    expect(conditionOf('ReplicaFailure')).toMatchObject({
      status: 'True',
      reason: 'FailedCreate',
      message: 'pods is forbidden: exceeded quota',
    });
    world.refuse(undefined);
    await world.clock.advance(10_000);
    expect(world.pods()).toHaveLength(2);
    expect(conditionOf('ReplicaFailure')).toBeUndefined();
  });

  test('scaled down and up again at once it ends and creates no more pods than needed', async () => {
    world = await startWorld();
    await world.create(deployments, deployment(5));
    await world.makeReady();
    await world.patch(deployments, 'web', { spec: { replicas: 2 } });
    expect(running()).toHaveLength(2);
    await world.patch(deployments, 'web', { spec: { replicas: 4 } });
    expect(running()).toHaveLength(4);
    expect(ending()).toHaveLength(3);
  });
});

describe('the scheduler', () => {
  test('spreads pods over nodes', async () => {
    world = await startWorld({ nodes: ['a', 'b'] });
    await world.create(deployments, deployment(4));
    for (const node of ['a', 'b']) expect(world.pods().filter(({ spec }) => spec.nodeName === node)).toHaveLength(2);
  });

  test('leaves the pods of another scheduler alone', async () => {
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
    await world.api.patch(nodes, { name: 'node' }, { spec: { unschedulable: true } });
    await world.create(pods, pod('waiting', 'default-scheduler'));
    expect(world.find(pods, 'waiting')).toHaveProperty('status.conditions');
    expect(world.find(pods, 'theirs')).not.toHaveProperty('status.conditions');
  });

  test('leaves pods waiting where every node is cordoned, and tells so, until one is not', async () => {
    world = await startWorld();
    await world.api.patch(nodes, { name: 'node' }, { spec: { unschedulable: true } });
    await world.create(deployments, deployment(1));
    expect(world.pods()[0]?.status?.conditions).toMatchObject([
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available: 1 node(s) were unschedulable.',
      },
    ]);
    await world.api.patch(nodes, { name: 'node' }, { spec: { unschedulable: false } });
    await world.settle();
    expect(world.pods()[0]?.spec.nodeName).toBe('node');
  });
});
