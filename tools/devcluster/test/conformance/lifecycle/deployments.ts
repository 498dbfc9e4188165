/** The life of a Deployment. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName } from '../api.ts';
import { done, type Case } from '../case.ts';
import { deployments, pods } from '../objects.ts';
import { count, owners, replicaSets, rollout, run, sizes, untilItems, untilObject, withDeployment } from './world.ts';

const image = (name: string): Fields => ({
  spec: { template: { spec: { containers: [{ name: 'app', image: name }] } } },
});

const settled = (object: Body): boolean => object.status.observedGeneration === object.metadata.generation;

type Condition = { type: string; status: string; reason: string };
const conditionOf = ({ status }: Body, type: string): Condition | undefined =>
  (status.conditions as Condition[] | undefined)?.find((condition) => condition.type === type);

const creation: Case[] = [
  {
    title: 'a Deployment creates a ReplicaSet, named and labelled by the hash of its template, and controls it',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels, path) => {
        const [set] = await untilItems(api, replicaSets(api), labels, count(1));
        const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
        const { metadata } = await done(api.get(path));
        expect(set?.metadata.name).toBe(`${labels.app}-${hash}`);
        expect(set).toMatchObject({
          spec: { replicas: 2, selector: { matchLabels: { ...labels, 'pod-template-hash': hash } } },
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
    title: 'a ReplicaSet creates pods, named after it and with its labels, and controls them',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels) => {
        const created = await untilItems(api, pods(api), labels, count(2));
        const [set] = await untilItems(api, replicaSets(api), labels, count(1));
        for (const one of created) {
          expect(one.metadata).toMatchObject({ generateName: `${set?.metadata.name}-`, labels: set?.metadata.labels });
          expect(owners(one)).toMatchObject([{ kind: 'ReplicaSet', uid: set?.metadata.uid, controller: true }]);
        }
      }),
  },
  {
    title: 'a scaled Deployment scales its ReplicaSet, and creates no other',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels, path) => {
        await untilItems(api, pods(api), labels, count(2));
        await done(api.patch('merge', `${path}/scale`, { spec: { replicas: 4 } }));
        await untilItems(api, pods(api), labels, count(4));
        expect(sizes(await untilItems(api, replicaSets(api), labels, count(1)))).toEqual([4]);
      }),
  },
  {
    title: 'the status of a Deployment counts its pods and reports that it is available',
    run: (api) =>
      withDeployment(api, rollout(uniqueName('web')), async (labels, path) => {
        const created = await untilItems(api, pods(api), labels, count(2));
        const waiting = await untilObject(
          api,
          path,
          (object) => settled(object) && object.status.unavailableReplicas === 2,
        );
        expect(conditionOf(waiting, 'Available')).toMatchObject({
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
        });
        for (const one of created) await run(api, one);
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
      }),
  },
];

const rollouts: Case[] = [
  {
    title: 'a new template creates a new ReplicaSet, within maxSurge and maxUnavailable',
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
        // Of 4, one may be unavailable and one may be added: 3 old ones stay until a new one is ready.
        expect(sizes(sets)).toEqual([3, 2]);
      }),
  },
  {
    title: 'a rollout proceeds as new pods become ready until it is complete',
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
        await untilObject(
          api,
          path,
          (object) => settled(object) && object.status.updatedReplicas === 2 && object.status.availableReplicas === 2,
        );
      }),
  },
];

const deletion: Case[] = [
  {
    title: 'the ReplicaSets and pods of a deleted Deployment are deleted',
    run: async (api) => {
      const name = uniqueName('web');
      await done(api.post(deployments(api), rollout(name)));
      await untilItems(api, pods(api), { app: name }, count(2));
      await done(api.delete(deployments(api, name), { propagationPolicy: 'Background' }));
      await untilItems(api, pods(api), { app: name }, count(0));
      expect(await untilItems(api, replicaSets(api), { app: name }, count(0))).toEqual([]);
    },
  },
];

export const deploymentCases: Case[] = [...creation, ...rollouts, ...deletion];
