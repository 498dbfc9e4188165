/** Deployments and evictions of pods that really run: who goes, and when. */
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import { uniqueName } from '../api.ts';
import { done, eventually, watching } from '../case.ts';
import { count, untilItems } from '../lifecycle/world.ts';
import { deployment, deployments, pods } from '../objects.ts';
import { aWhile } from './clock.ts';
import { isReady, podDefaults, type KubeletCase, type Scene } from './scene.ts';

type Workload = {
  path: string;
  labels: { app: string };
  pods(fits: (items: Body[]) => boolean): Promise<Body[]>;
  scale(replicas: number): Promise<void>;
};

const ports = [{ containerPort: 8080 }];
const readinessProbe = {
  httpGet: { port: 8080, path: '/probe' },
  periodSeconds: 1,
  timeoutSeconds: 5,
  failureThreshold: 1,
};

const allReady =
  (wanted: number) =>
  (items: Body[]): boolean =>
    items.length === wanted && items.every(isReady);

/** A Deployment whose pods are all ready. */
async function deploy({ api, container, deleteAtEnd }: Scene, replicas: number, spec: Fields = {}): Promise<Workload> {
  const name = uniqueName('web');
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { ...podDefaults, containers: [container('app', { ports, readinessProbe })] },
  };
  await done(api.post(deployments(api), deployment({ name }, { replicas, template, ...spec })));
  const path = deployments(api, name);
  deleteAtEnd(path);
  const podsOf = (fits: (items: Body[]) => boolean) => untilItems(api, pods(api), labels, fits);
  await podsOf(allReady(replicas));
  return {
    path,
    labels,
    pods: podsOf,
    scale: async (to) => {
      await done(api.patch('merge', path, { spec: { replicas: to } }));
    },
  };
}

const nameOf = ({ metadata }: Body): string => metadata.name;

export const workloads: KubeletCase[] = [
  {
    title: 'a Deployment that is scaled down deletes unready pods first',
    run: async (scene) => {
      const web = await deploy(scene, 3);
      const [, sick] = (await web.pods(count(3))).map(nameOf);
      scene.journal.answer(`${sick} app /probe`, { status: 503 });
      await web.pods((items) => items.some((item) => nameOf(item) === sick && !isReady(item)));
      await web.scale(2);
      expect((await web.pods(allReady(2))).map(nameOf)).not.toContain(sick);
    },
  },
  {
    title: 'a Deployment that is scaled down deletes, of its ready pods, that of the lowest deletion cost',
    run: async (scene) => {
      const { api } = scene;
      const web = await deploy(scene, 3);
      const names = (await web.pods(count(3))).map(nameOf);
      await Promise.all(
        names.map(async (name, index) =>
          done(
            api.patch('merge', pods(api, name), {
              metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': String((index + 1) % 3) } },
            }),
          ),
        ),
      );
      // The ReplicaSet controller reads a cache that may lag.
      await aWhile();
      await web.scale(1);
      // Costs are 1, 2, 0.
      expect((await web.pods(allReady(1))).map(nameOf)).toEqual([names[1]]);
    },
  },
  {
    title: 'a pod of a scaled-down Deployment stays until it has terminated, and does not count',
    run: async (scene) => {
      const web = await deploy(scene, 2);
      const names = (await web.pods(count(2))).map(nameOf);
      for (const name of names) scene.journal.hold(`${name} app SIGTERM`);
      await web.scale(1);
      const both = await web.pods((items) => items.some(({ metadata }) => metadata.deletionTimestamp !== undefined));
      expect(both).toHaveLength(2);
      const { body } = await eventually(
        () => scene.api.get(web.path),
        (answer) => answer.body.status.replicas === 1,
      );
      expect(body.status).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
    },
  },
  {
    title: 'a rollout with maxUnavailable 0 waits for each new pod before it deletes an old one',
    run: async (scene) => {
      const { api } = scene;
      const web = await deploy(scene, 2, {
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      });
      const old = (await web.pods(count(2))).map(nameOf);
      const { metadata } = await done(api.get(pods(api)));
      const labelSelector = `app=${web.labels.app}`;
      const least = await watching(
        api.watch(pods(api), { labelSelector, resourceVersion: metadata.resourceVersion }),
        async (watch) => {
          const serving = new Set(old);
          let fewest = serving.size;
          await done(
            api.patch('merge', web.path, { spec: { template: { metadata: { annotations: { version: '2' } } } } }),
          );
          const gone = new Set<string>();
          await watch.until(({ type, object }) => {
            const isServing = type !== 'DELETED' && object.metadata.deletionTimestamp === undefined && isReady(object);
            if (isServing) serving.add(nameOf(object));
            else serving.delete(nameOf(object));
            fewest = Math.min(fewest, serving.size);
            if (type === 'DELETED') gone.add(nameOf(object));
            return old.every((name) => gone.has(name));
          });
          return fewest;
        },
      );
      expect(least).toBe(2);
    },
  },
];
