/** Which pods a ReplicaSet makes, keeps, takes over and deletes. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, type Case } from '../case.ts';
import { pods } from '../objects.ts';
import { count, forceAll, owners, replicaSets, run, untilGone, untilItems, untilObject, type Run } from './world.ts';

const replicaSet = (name: string, replicas: number): Fields => {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { schedulerName: 'nobody', containers: [{ name: 'app', image: 'example.test/app:1' }] },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, labels },
    spec: { replicas, selector: { matchLabels: labels }, template },
  };
};

type Set = { name: string; labels: { app: string }; made: Body[]; scale(replicas: number): Promise<Body> };

/** Runs `use` with a ReplicaSet that has its pods. */
async function withReplicaSet(api: ConformanceApi, replicas: number, use: (set: Set) => Promise<void>): Promise<void> {
  const name = uniqueName('set');
  const labels = { app: name };
  await done(api.post(replicaSets(api), replicaSet(name, replicas)));
  try {
    const made = await untilItems(api, pods(api), labels, count(replicas));
    await use({
      name,
      labels,
      made,
      scale: (wanted) => done(api.patch('merge', replicaSets(api, name, 'scale'), { spec: { replicas: wanted } })),
    });
  } finally {
    await done(api.delete(replicaSets(api, name)));
    await untilGone(api, replicaSets(api, name));
    await forceAll(api, labels);
  }
}

const costKey = 'controller.kubernetes.io/pod-deletion-cost';

/** How two pods are, of which the second must go. An empty node: it has none. */
type OrderRow = { why: string; stays: Run & { cost?: string }; goes: Run & { cost?: string } };

const long = '2026-01-01T00:00:00Z';

const orderRows: OrderRow[] = [
  {
    why: 'a pod without a node goes before one with a node',
    stays: { ready: false, phase: 'Pending' },
    goes: { node: '', ready: false, phase: 'Pending' },
  },
  {
    why: 'a pod that is pending goes before one that runs',
    stays: { ready: false },
    goes: { phase: 'Pending', ready: false },
  },
  { why: 'a pod that is not ready goes before one that is', stays: {}, goes: { ready: false } },
  { why: 'a pod of lower deletion cost goes first', stays: { cost: '10' }, goes: { cost: '5' } },
  { why: 'a pod without a deletion cost counts as zero: it goes before one of cost', stays: { cost: '1' }, goes: {} },
  { why: 'a pod of negative deletion cost goes before one without', stays: {}, goes: { cost: '-1' } },
  {
    why: 'a pod that is not ready goes, whatever its deletion cost',
    stays: { cost: '-100' },
    goes: { ready: false, cost: '100' },
  },
  {
    why: 'a pod that became ready lately goes before one that is ready for long',
    stays: { readySince: long },
    goes: {},
  },
  {
    why: 'a pod of low deletion cost goes, though it is ready for long',
    stays: { cost: '1' },
    goes: { cost: '0', readySince: long },
  },
  { why: 'a pod that restarts more goes first', stays: { readySince: long }, goes: { readySince: long, restarts: 3 } },
];

const order = orderRows.map(({ why, stays, goes }): Case => ({
  title: `of two pods one goes: ${why}`,
  run: (api) =>
    withReplicaSet(api, 2, async ({ name, labels, made, scale }) => {
      // The order in which they were made must not decide: the one that goes is the first as often as the second.
      const [first, second] = orderRows.findIndex((row) => row.why === why) % 2 === 0 ? made : made.toReversed();
      if (!first || !second) throw new Error('two pods were made');
      await shape(api, first, stays);
      await shape(api, second, goes);
      const readyReplicas = [stays, goes].filter(
        ({ ready = true, phase = 'Running' }) => ready && phase === 'Running',
      ).length;
      // Its controller has seen what it is to judge by.
      await untilObject(api, replicaSets(api, name), ({ status }) => (status.readyReplicas ?? 0) === readyReplicas);
      await scale(1);
      const left = await untilItems(
        api,
        pods(api),
        labels,
        (items) => items.filter(({ metadata }) => !metadata.deletionTimestamp).length === 1,
      );
      expect(left.find(({ metadata }) => !metadata.deletionTimestamp)?.metadata.name).toBe(first.metadata.name);
    }),
}));

async function shape(api: ConformanceApi, pod: Body, { cost, ...how }: Run & { cost?: string }): Promise<void> {
  if (cost !== undefined) {
    await done(api.patch('merge', pods(api, pod.metadata.name), { metadata: { annotations: { [costKey]: cost } } }));
  }
  await run(api, pod, how);
}

const keeping: Case[] = [
  {
    title: 'a pod that is deleted is replaced at once, while it still ends',
    run: (api) =>
      withReplicaSet(api, 1, async ({ labels, made }) => {
        const [first] = made;
        if (!first) throw new Error('a pod was made');
        await run(api, first);
        await done(api.delete(pods(api, first.metadata.name)));
        const both = await untilItems(api, pods(api), labels, count(2));
        expect(both.filter(({ metadata }) => metadata.deletionTimestamp).map(({ metadata }) => metadata.name)).toEqual([
          first.metadata.name,
        ]);
      }),
  },
  {
    title: 'a pod that failed is replaced',
    run: (api) =>
      withReplicaSet(api, 1, async ({ labels, made }) => {
        const [first] = made;
        if (!first) throw new Error('a pod was made');
        await run(api, first, { phase: 'Failed', ready: false });
        const both = await untilItems(api, pods(api), labels, count(2));
        expect(both.map(({ status }) => status.phase)).toEqual(expect.arrayContaining(['Failed', 'Pending']));
      }),
  },
  {
    title: 'a pod whose labels no longer fit is let go, and replaced',
    run: (api) =>
      withReplicaSet(api, 1, async ({ labels, made }) => {
        const name = made[0]?.metadata.name ?? '';
        await done(api.patch('merge', pods(api, name), { metadata: { labels: { app: 'free' } } }));
        await untilItems(api, pods(api), labels, count(1));
        const freed = await untilObject(api, pods(api, name), (object) => owners(object).length === 0);
        await done(api.delete(pods(api, name)));
        expect(freed.metadata.labels).toMatchObject({ app: 'free' });
      }),
  },
  {
    title: 'a pod that nobody owns and that fits is taken over, instead of a new one',
    run: async (api) => {
      const name = uniqueName('set');
      const labels = { app: name };
      const orphan = await done(
        api.post(pods(api), {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: uniqueName('pod'), labels },
          spec: { schedulerName: 'nobody', containers: [{ name: 'app', image: 'a:1' }] },
        }),
      );
      const { metadata } = await done(api.post(replicaSets(api), replicaSet(name, 1)));
      const adopted = await untilObject(api, pods(api, orphan.metadata.name), (object) => owners(object).length === 1);
      expect(owners(adopted)).toMatchObject([{ uid: metadata.uid, controller: true }]);
      expect(await untilItems(api, pods(api), labels, count(1))).toHaveLength(1);
      await done(api.delete(replicaSets(api, name)));
      await untilItems(api, pods(api), labels, count(0));
    },
  },
  {
    title: 'the status of a ReplicaSet counts its pods',
    run: (api) =>
      withReplicaSet(api, 2, async ({ name, made }) => {
        if (made[0]) await run(api, made[0]);
        const { status } = await untilObject(
          api,
          replicaSets(api, name),
          (object) => object.status.readyReplicas === 1,
        );
        expect(status).toMatchObject({
          replicas: 2,
          fullyLabeledReplicas: 2,
          readyReplicas: 1,
          availableReplicas: 1,
          observedGeneration: 1,
        });
      }),
  },
  {
    title: 'a ReplicaSet says in events what it made and deleted',
    run: (api) =>
      withReplicaSet(api, 1, async ({ name, made }) => {
        const path = `/api/v1/namespaces/${api.namespace}/events`;
        const about = { fieldSelector: `involvedObject.name=${name}` };
        const { items } = await untilEvents(api, path, about);
        expect(items.map(({ reason, message }) => ({ reason, message }))).toEqual([
          { reason: 'SuccessfulCreate', message: `Created pod: ${made[0]?.metadata.name}` },
        ]);
      }),
  },
];

async function untilEvents(api: ConformanceApi, path: string, query: Record<string, string>): Promise<Body> {
  for (;;) {
    const list = await done(api.get(path, query));
    if (list.items.length > 0) return list;
  }
}

export const replicaSetCases: Case[] = [...keeping, ...order];
