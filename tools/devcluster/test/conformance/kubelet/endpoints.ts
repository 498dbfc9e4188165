/** EndpointSlices of running pods, as a proxy observes them. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { expect } from '@jest/globals';
import type { Body, Fields } from '../body.ts';
import type { Answer } from '../api.ts';
import { done, eventually } from '../case.ts';
import { slices, untilItems } from '../lifecycle/world.ts';
import { service, services } from '../objects.ts';
import type { KubeletCase, Scene, TestPod } from './scene.ts';

type Endpoint = {
  addresses: string[];
  conditions: { ready: boolean; serving: boolean; terminating: boolean };
  targetRef: { name: string };
};
type Conditions = Endpoint['conditions'];

const starting: Conditions = { ready: false, serving: false, terminating: false };
const ready: Conditions = { ready: true, serving: true, terminating: false };
const serving: Conditions = { ready: false, serving: true, terminating: true };
const ending: Conditions = { ready: false, serving: false, terminating: true };

const ports = [{ containerPort: 8080 }];
const readinessProbe = {
  httpGet: { port: 8080, path: '/probe' },
  periodSeconds: 1,
  timeoutSeconds: 5,
  failureThreshold: 1,
};
const preStop = { preStop: { httpGet: { port: 8080, path: '/preStop' } } };

const endpointsOf = (items: Body[]): Endpoint[] => items.flatMap((slice) => (slice.endpoints ?? []) as Endpoint[]);

/** Waits until the slices of the Service have these conditions for its only pod, or no endpoint. */
async function untilObserved(
  { api }: Scene,
  name: string,
  wanted: Conditions | undefined,
): Promise<Endpoint | undefined> {
  const items = await untilItems(api, slices(api), { 'kubernetes.io/service-name': name }, (found) => {
    const said = endpointsOf(found).map(({ conditions }) =>
      JSON.stringify([conditions.ready, conditions.serving, conditions.terminating]),
    );
    return said.join() === (wanted ? JSON.stringify([wanted.ready, wanted.serving, wanted.terminating]) : '');
  });
  return endpointsOf(items)[0];
}

/** Creates a Service; its pod is created by `start`. */
async function open(
  scene: Scene,
  spec: Fields = {},
): Promise<{ web: TestPod; clusterIP: string; start(more?: Fields): Promise<void> }> {
  const { api, container, pod } = scene;
  const web = pod();
  const labels = { app: web.name };
  const created = await done(
    api.post(services(api), service({ name: web.name }, { selector: labels, ports: [{ port: 8080 }], ...spec })),
  );
  scene.deleteAtEnd(services(api, web.name));
  const start = (more: Fields = {}) =>
    web.create({ containers: [container('app', { ports, readinessProbe, lifecycle: preStop })], ...more }, { labels });
  return { web, clusterIP: String(created.spec.clusterIP), start };
}

export const endpoints: KubeletCase[] = [
  {
    title: 'a pod is added to the slice when it has an address, and is ready while its probe succeeds',
    run: async (scene) => {
      const { web, start } = await open(scene);
      web.answer('app /probe', { status: 503 });
      await start();
      const endpoint = await untilObserved(scene, web.name, starting);
      const { status } = await web.until(() => true);
      expect(endpoint).toMatchObject({ addresses: [status.podIP], targetRef: { name: web.name } });
      web.answer('app /probe', { status: 200 });
      await untilObserved(scene, web.name, ready);
      web.answer('app /probe', { status: 503 });
      await untilObserved(scene, web.name, starting);
    },
  },
  {
    title: 'a terminating pod is serving during its preStop, and is removed from the slice with its object',
    run: async (scene) => {
      const { web, start } = await open(scene);
      const answer = web.hold('app /preStop');
      const end = web.hold('app SIGTERM');
      await start();
      await web.untilReady();
      await untilObserved(scene, web.name, ready);
      await web.delete();
      await web.timeOf('app /preStop');
      await untilObserved(scene, web.name, serving);
      answer();
      await web.timeOf('app SIGTERM');
      await untilObserved(scene, web.name, serving);
      end({ text: '0' });
      await web.untilGone();
      await untilObserved(scene, web.name, undefined);
    },
  },
  {
    title: 'a terminating pod whose readiness probe fails is terminating only',
    run: async (scene) => {
      const { web, start } = await open(scene);
      web.hold('app /preStop');
      await start();
      await web.untilReady();
      await web.delete();
      await untilObserved(scene, web.name, serving);
      web.answer('app /probe', { status: 503 });
      await untilObserved(scene, web.name, ending);
    },
  },
  {
    title: 'with publishNotReadyAddresses a pod is ready before its probe succeeds and while it terminates',
    run: async (scene) => {
      const { web, start } = await open(scene, { publishNotReadyAddresses: true });
      web.answer('app /probe', { status: 503 });
      web.hold('app /preStop');
      await start();
      await untilObserved(scene, web.name, { ready: true, serving: false, terminating: false });
      await web.timeOf('app started');
      await web.delete();
      await untilObserved(scene, web.name, { ready: true, serving: false, terminating: true });
    },
  },
  {
    title: 'a pod is not ready while a crashed container restarts',
    run: async (scene) => {
      const { web, start } = await open(scene);
      await start();
      await web.untilReady();
      await untilObserved(scene, web.name, ready);
      web.hold('app /probe');
      web.exit('app', 1);
      await untilObserved(scene, web.name, starting);
      web.answer('app /probe', { status: 200 });
      await untilObserved(scene, web.name, ready);
    },
  },
  {
    title: 'a Service routes to its ready pod, and to a serving terminating one if none is ready (KEP-1669)',
    run: async (scene) => {
      const { web, clusterIP, start } = await open(scene);
      const answer = web.hold('app /preStop');
      await start();
      await web.untilReady();
      const visit = async (word: string): Promise<void> => {
        await untilServed(`http://${clusterIP}:8080/${word}`);
        await web.timeOf(`app /${word}`);
      };
      await visit('first');
      await web.delete();
      await web.timeOf('app /preStop');
      await untilObserved(scene, web.name, serving);
      await visit('second');
      answer();
    },
  },
];

/** Uses a new connection each time. A Service routes to its endpoint some time after the endpoint is known. */
async function untilServed(url: string): Promise<void> {
  const ask = async (): Promise<Answer> => {
    const status = (await statusOf(url).catch(() => undefined)) ?? 0;
    return { status, headers: {}, text: '', body: {} as Body };
  };
  await eventually(ask, ({ status }) => status === 200);
}

async function statusOf(url: string): Promise<number | undefined> {
  const request = get(url, { agent: false, signal: AbortSignal.timeout(2000) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}
