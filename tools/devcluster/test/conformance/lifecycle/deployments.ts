/** What becomes of a Deployment. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName } from '../api.ts';
import { done, type Case } from '../case.ts';
import { deployments, pods } from '../objects.ts';
import {
  count,
  forceAll,
  owners,
  replicaSets,
  revision,
  rollout,
  run,
  sizes,
  untilGone,
  untilItems,
  untilObject,
  withDeployment,
} from './world.ts';

const image = (name: string): Fields => ({
  spec: { template: { spec: { containers: [{ name: 'app', image: name }] } } },
});

const settled = (object: Body): boolean => object.status.observedGeneration === object.metadata.generation;

type Condition = { type: string; status: string; reason: string };
const conditionOf = ({ status }: Body, type: string): Condition | undefined =>
  (status.conditions as Condition[] | undefined)?.find((condition) => condition.type === type);

const making: Case[] = [
  {
    title: 'a Deployment makes a ReplicaSet, named and labelled by the hash of its template, which it controls',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels, path) => {
        const [set] = await untilItems(api, replicaSets(api), labels, count(1));
        const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
        const { metadata } = await done(api.get(path));
        expect(set?.metadata.name).toBe(`${labels.app}-${hash}`);
        expect(set).toMatchObject({
          spec: { replicas: 2, selector: { matchLabels: { ...labels, 'pod-template-hash': hash } } },
          metadata: {
            annotations: {
              'deployment.kubernetes.io/revision': '1',
              'deployment.kubernetes.io/desired-replicas': '2',
              'deployment.kubernetes.io/max-replicas': '3',
            },
          },
        });
        expect(set && owners(set)).toEqual([
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            name: metadata.name,
            uid: metadata.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ]);
      }),
  },
  {
    title: 'a ReplicaSet makes pods, named after it, with its labels, which it controls',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels) => {
        const made = await untilItems(api, pods(api), labels, count(2));
        const [set] = await untilItems(api, replicaSets(api), labels, count(1));
        for (const one of made) {
          expect(one.metadata).toMatchObject({ generateName: `${set?.metadata.name}-`, labels: set?.metadata.labels });
          expect(owners(one)).toMatchObject([{ kind: 'ReplicaSet', uid: set?.metadata.uid, controller: true }]);
        }
      }),
  },
  {
    title: 'a Deployment that is scaled scales its ReplicaSet, and makes no other',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels, path) => {
        await untilItems(api, pods(api), labels, count(2));
        await done(api.patch('merge', `${path}/scale`, { spec: { replicas: 4 } }));
        await untilItems(api, pods(api), labels, count(4));
        expect(sizes(await untilItems(api, replicaSets(api), labels, count(1)))).toEqual([4]);
      }),
  },
  {
    title: 'the status of a Deployment counts its pods, and says that it is available',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels, path) => {
        const made = await untilItems(api, pods(api), labels, count(2));
        const waiting = await untilObject(
          api,
          path,
          (object) => settled(object) && object.status.unavailableReplicas === 2,
        );
        expect(conditionOf(waiting, 'Available')).toMatchObject({
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
        });
        for (const one of made) await run(api, one);
        const object = await untilObject(
          api,
          path,
          ({ status }) => status.availableReplicas === 2 && status.unavailableReplicas === undefined,
        );
        expect(object.status).toMatchObject({
          replicas: 2,
          updatedReplicas: 2,
          readyReplicas: 2,
          availableReplicas: 2,
          observedGeneration: 1,
        });
        expect(conditionOf(object, 'Available')).toMatchObject({ status: 'True', reason: 'MinimumReplicasAvailable' });
        const complete = await untilObject(
          api,
          path,
          (later) => conditionOf(later, 'Progressing')?.reason === 'NewReplicaSetAvailable',
        );
        expect(conditionOf(complete, 'Progressing')).toMatchObject({ status: 'True' });
      }),
  },
];

const rolling: Case[] = [
  {
    title: 'a new template makes a new ReplicaSet, within what may be added and may be missing',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web'), 'a:1', { replicas: 4 }), async (labels, path) => {
        for (const one of await untilItems(api, pods(api), labels, count(4))) await run(api, one);
        await untilObject(api, path, ({ status }) => status.availableReplicas === 4);
        await done(api.patch('merge', path, image('a:2')));
        const sets = await untilItems(
          api,
          replicaSets(api),
          labels,
          (items) => items.length === 2 && sizes(items).join() === '3,2',
        );
        // Of 4 one may be missing and one be added: 3 of the old are kept until a new one is ready.
        expect(sizes(sets)).toEqual([3, 2]);
        expect(sets.map(revision)).toEqual(expect.arrayContaining([1, 2]));
      }),
  },
  {
    title: 'a rollout goes on as new pods become ready, to its end',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web'), 'a:1', { replicas: 2 }), async (labels, path) => {
        for (const one of await untilItems(api, pods(api), labels, count(2))) await run(api, one);
        await untilObject(api, path, ({ status }) => status.availableReplicas === 2);
        await done(api.patch('merge', path, image('a:2')));
        const isNew = ({ spec }: Body): boolean => (spec.containers as { image: string }[])[0]?.image === 'a:2';
        const started = new Set<string>();
        while (started.size < 2) {
          const fresh = (
            await untilItems(api, pods(api), labels, (items) =>
              items.some((one) => isNew(one) && !started.has(one.metadata.name)),
            )
          ).filter((one) => isNew(one) && !started.has(one.metadata.name));
          for (const one of fresh) {
            await run(api, one);
            started.add(one.metadata.name);
          }
        }
        const sets = await untilItems(api, replicaSets(api), labels, (items) => sizes(items).join() === '0,2');
        expect(sizes(sets)).toEqual([0, 2]);
        const complete = await untilObject(
          api,
          path,
          (object) =>
            settled(object) &&
            object.status.updatedReplicas === 2 &&
            conditionOf(object, 'Progressing')?.reason === 'NewReplicaSetAvailable',
        );
        expect(complete.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '2' });
      }),
  },
  {
    title: 'Recreate takes all old pods away before it makes a new one',
    run: (api) =>
      withDeployment(
        api,
        rollout(uniqueName('web'), 'a:1', { strategy: { type: 'Recreate' } }),
        async (labels, path) => {
          for (const one of await untilItems(api, pods(api), labels, count(2))) await run(api, one);
          await untilObject(api, path, ({ status }) => status.availableReplicas === 2);
          await done(api.patch('merge', path, image('a:2')));
          const ending = await untilItems(api, pods(api), labels, (items) =>
            items.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
          );
          expect(ending).toHaveLength(2);
          expect(sizes(await untilItems(api, replicaSets(api), labels, count(1)))).toEqual([0]);
          await forceAll(api, labels);
          await untilItems(api, pods(api), labels, count(2));
          expect(sizes(await untilItems(api, replicaSets(api), labels, count(2)))).toEqual([0, 2]);
        },
      ),
  },
  {
    title: 'a paused Deployment makes nothing of a new template, until it goes on',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web'), 'a:1'), async (labels, path) => {
        await untilItems(api, pods(api), labels, count(2));
        await done(api.patch('merge', path, { spec: { paused: true } }));
        await done(api.patch('merge', path, image('a:2')));
        const paused = await untilObject(api, path, settled);
        expect(conditionOf(paused, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
        expect(await untilItems(api, replicaSets(api), labels, count(1))).toHaveLength(1);
        await done(api.patch('merge', path, { spec: { paused: false } }));
        expect(await untilItems(api, replicaSets(api), labels, count(2))).toHaveLength(2);
      }),
  },
  {
    title: 'the old template again is the old ReplicaSet again, under a new revision',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web'), 'a:1', { replicas: 1 }), async (labels, path) => {
        const [first] = await untilItems(api, replicaSets(api), labels, count(1));
        await done(api.patch('merge', path, image('a:2')));
        await untilItems(api, replicaSets(api), labels, count(2));
        await done(api.patch('merge', path, image('a:1')));
        const sets = await untilItems(api, replicaSets(api), labels, (items) =>
          items.some((set) => revision(set) === 3),
        );
        expect(sets.find((set) => revision(set) === 3)?.metadata.uid).toBe(first?.metadata.uid);
      }),
  },
];

const ending: Case[] = [
  {
    title: 'a Deployment that is deleted takes ReplicaSets and pods with it',
    run: async (api) => {
      const name = uniqueName('web');
      await done(api.post(deployments(api), rollout(name)));
      await untilItems(api, pods(api), { app: name }, count(2));
      await done(api.delete(deployments(api, name), { propagationPolicy: 'Background' }));
      await untilItems(api, pods(api), { app: name }, count(0));
      expect(await untilItems(api, replicaSets(api), { app: name }, count(0))).toEqual([]);
    },
  },
  {
    title: 'a Deployment that is deleted with orphans leaves its ReplicaSet, without an owner',
    run: async (api) => {
      const name = uniqueName('web');
      await done(api.post(deployments(api), rollout(name)));
      await untilItems(api, pods(api), { app: name }, count(2));
      await done(api.delete(deployments(api, name), { propagationPolicy: 'Orphan' }));
      await untilGone(api, deployments(api, name));
      const [set] = await untilItems(api, replicaSets(api), { app: name }, count(1));
      expect(set && owners(set)).toEqual([]);
      await done(api.delete(replicaSets(api, set?.metadata.name ?? '')));
      await untilItems(api, pods(api), { app: name }, count(0));
    },
  },
  {
    title: 'a Deployment that is deleted in the foreground stays until its pods are gone',
    run: async (api) => {
      const name = uniqueName('web');
      await done(api.post(deployments(api), rollout(name)));
      const made = await untilItems(api, pods(api), { app: name }, count(2));
      for (const one of made) await run(api, one);
      await done(api.delete(deployments(api, name), { propagationPolicy: 'Foreground' }));
      await untilItems(api, pods(api), { app: name }, (items) =>
        items.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
      );
      expect((await done(api.get(deployments(api, name)))).metadata).toMatchObject({
        finalizers: ['foregroundDeletion'],
      });
      await forceAll(api, { app: name });
      await untilGone(api, deployments(api, name));
      expect(await untilItems(api, replicaSets(api), { app: name }, count(0))).toEqual([]);
    },
  },
];

export const deploymentCases: Case[] = [...making, ...rolling, ...ending];
