/** Which pods a ReplicaSet creates, keeps and deletes. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName, type ConformanceApi } from '../api.ts';
import { done, type Case } from '../case.ts';
import { pods } from '../objects.ts';
import { count, forceAll, replicaSets, run, untilGone, untilItems, untilObject, type Run } from './world.ts';

const replicaSet = (name: string, replicas: number): Fields => {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { schedulerName: 'none', containers: [{ name: 'app', image: 'example.test/app:1' }] },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, labels },
    spec: { replicas, selector: { matchLabels: labels }, template },
  };
};

type Set = { name: string; labels: { app: string }; created: Body[]; scale(replicas: number): Promise<Body> };

/** Runs `use` with a ReplicaSet that has its pods. */
async function withReplicaSet(api: ConformanceApi, replicas: number, use: (set: Set) => Promise<void>): Promise<void> {
  const name = uniqueName('set');
  const labels = { app: name };
  await done(api.post(replicaSets(api), replicaSet(name, replicas)));
  try {
    const created = await untilItems(api, pods(api), labels, count(replicas));
    await use({
      name,
      labels,
      created,
      scale: (wanted) => done(api.patch('merge', replicaSets(api, name, 'scale'), { spec: { replicas: wanted } })),
    });
  } finally {
    await done(api.delete(replicaSets(api, name)));
    await untilGone(api, replicaSets(api, name));
    await forceAll(api, labels);
  }
}

const costKey = 'controller.kubernetes.io/pod-deletion-cost';

/** The states of two pods of which the second must be deleted, and not the witness. An empty node: it has none. */
type OrderRow = { rule: string; stays: Run & { cost?: string }; deleted: Run & { cost?: string } };

const long = '2026-01-01T00:00:00Z';

/** A third pod, which every rule keeps: once the controller counts it, it has observed what was written before, too. */
const witness: Run & { cost?: string } = { cost: '1000', readySince: long };

const orderRows: OrderRow[] = [
  {
    rule: 'a pod without a node before one with a node',
    stays: { ready: false, phase: 'Pending' },
    deleted: { node: '', ready: false, phase: 'Pending' },
  },
  {
    rule: 'a pending pod before a running one',
    stays: { ready: false },
    deleted: { phase: 'Pending', ready: false },
  },
  { rule: 'an unready pod before a ready one', stays: {}, deleted: { ready: false } },
  { rule: 'a pod of lower deletion cost first', stays: { cost: '10' }, deleted: { cost: '5' } },
  { rule: 'a pod without a deletion cost before one of cost 1', stays: { cost: '1' }, deleted: {} },
  { rule: 'a pod of negative deletion cost before one without', stays: {}, deleted: { cost: '-1' } },
  {
    rule: 'an unready pod, whatever its deletion cost',
    stays: { cost: '-100' },
    deleted: { ready: false, cost: '100' },
  },
  {
    rule: 'a pod that became ready recently before one that has been ready for long',
    stays: { readySince: long },
    deleted: {},
  },
  {
    rule: 'a pod of low deletion cost, although it has been ready for long',
    stays: { cost: '1' },
    deleted: { cost: '0', readySince: long },
  },
  { rule: 'a pod with more restarts first', stays: { readySince: long }, deleted: { readySince: long, restarts: 3 } },
];

const order = orderRows.map(({ rule, stays, deleted }): Case => ({
  title: `a ReplicaSet that is scaled down deletes ${rule}`,
  run: (api) =>
    withReplicaSet(api, 3, async ({ name, labels, created: [third, ...two], scale }) => {
      // The order of creation must not decide: the first is deleted as often as the second.
      const [first, second] = orderRows.findIndex((row) => row.rule === rule) % 2 === 0 ? two : two.toReversed();
      if (!first || !second || !third) throw new Error('three pods exist');
      await shape(api, first, stays);
      await shape(api, second, deleted);
      await shape(api, third, witness);
      const readyReplicas = [stays, deleted, witness].filter(
        ({ ready = true, phase = 'Running' }) => ready && phase === 'Running',
      ).length;
      await untilObject(api, replicaSets(api, name), ({ status }) => (status.readyReplicas ?? 0) === readyReplicas);
      await scale(2);
      const staying = (items: Body[]) => items.filter(({ metadata }) => !metadata.deletionTimestamp);
      const left = await untilItems(api, pods(api), labels, (items) => staying(items).length === 2);
      const names = new Set(staying(left).map(({ metadata }) => metadata.name));
      expect(names).toEqual(new Set([first.metadata.name, third.metadata.name]));
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
    title: 'a deleted pod is replaced at once, while it still terminates',
    run: (api) =>
      withReplicaSet(api, 1, async ({ labels, created }) => {
        const [first] = created;
        if (!first) throw new Error('a pod exists');
        await run(api, first);
        await done(api.delete(pods(api, first.metadata.name)));
        const both = await untilItems(api, pods(api), labels, count(2));
        expect(both.filter(({ metadata }) => metadata.deletionTimestamp).map(({ metadata }) => metadata.name)).toEqual([
          first.metadata.name,
        ]);
      }),
  },
  {
    title: 'a failed pod is replaced',
    run: (api) =>
      withReplicaSet(api, 1, async ({ labels, created }) => {
        const [first] = created;
        if (!first) throw new Error('a pod exists');
        await run(api, first, { phase: 'Failed', ready: false });
        const both = await untilItems(api, pods(api), labels, count(2));
        expect(both.map(({ status }) => status.phase)).toEqual(expect.arrayContaining(['Failed', 'Pending']));
      }),
  },
  {
    title: 'the status of a ReplicaSet counts its pods',
    run: (api) =>
      withReplicaSet(api, 2, async ({ name, created }) => {
        if (created[0]) await run(api, created[0]);
        const { status } = await untilObject(
          api,
          replicaSets(api, name),
          (object) => object.status.readyReplicas === 1,
        );
        expect(status).toMatchObject({
          replicas: 2,
          readyReplicas: 1,
          availableReplicas: 1,
          observedGeneration: 1,
        });
      }),
  },
  {
    title: 'a ReplicaSet records an event for each pod that it creates',
    run: (api) =>
      withReplicaSet(api, 1, async ({ name, created }) => {
        const path = `/api/v1/namespaces/${api.namespace}/events`;
        const about = { fieldSelector: `involvedObject.name=${name}` };
        const { items } = await untilEvents(api, path, about);
        expect(items.map(({ reason, message }) => ({ reason, message }))).toEqual([
          { reason: 'SuccessfulCreate', message: `Created pod: ${created[0]?.metadata.name}` },
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
