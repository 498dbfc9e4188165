/** Rollouts change the container port, by number and by name, and one of them gets stuck: every pod is reached at the port that it declares. */
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { appPods, controlPort, untilReady, untilSettled } from '../../support/shop-cluster.ts';
import { inShop, type Scene } from '../world/scene.ts';
import type { Scenario } from './scenario.ts';

/** `targetPort`: its pods declare a second port, so the StickyWorkload has to say which one serves, before and after the template changes. */
type Version = {
  run: string;
  name: string;
  number: number;
  readyPath: string;
  targetPort?: { before: number; after: number };
};

const replicas = 2;
const versions: readonly Version[] = [
  { run: 'another-number', name: 'http', number: 9191, readyPath: '/healthz' },
  {
    run: 'another-name-and-the-first-number',
    name: 'web',
    number: 8080,
    readyPath: '/healthz',
    targetPort: { before: 9191, after: 8080 },
  },
];
const stuckPort = { before: 8080, after: 7070 };
/** Its pods never become ready; those that remain have two ports, and neither name nor number of the new one. */
const broken: Version = { run: 'stuck', name: 'other', number: 7070, readyPath: '/never', targetPort: stuckPort };

/** Two pods at a time start beside them. */
const load = { sessions: 12, webSockets: 3, eventStreams: 2 };
const spec = { drain: { quietPeriod: '1s', shutdownMargin: '5s' } };

const setTargetPort = (namespace: string, targetPort: number): Promise<string> => {
  const patch = JSON.stringify({ spec: { service: { targetPort } } });
  return kubectl('-n', namespace, 'patch', 'stickyworkload', 'cart', '--type=merge', `--patch=${patch}`);
};

async function roll(namespace: string, { name, number, readyPath, targetPort }: Version): Promise<void> {
  if (targetPort) await setTargetPort(namespace, targetPort.before);
  const container = '/spec/template/spec/containers/0';
  const probe = (path: string, periodSeconds: number) => ({
    httpGet: { path, port: name },
    periodSeconds,
    timeoutSeconds: 5,
  });
  const second = targetPort ? [{ name: 'control', containerPort: controlPort }] : [];
  const patch = [
    { op: 'replace', path: `${container}/ports`, value: [{ name, containerPort: number }, ...second] },
    { op: 'add', path: `${container}/env/-`, value: { name: 'PORT', value: String(number) } },
    { op: 'replace', path: `${container}/readinessProbe`, value: probe(readyPath, 1) },
    { op: 'replace', path: `${container}/livenessProbe`, value: probe('/livez', 10) },
  ];
  await kubectl('-n', namespace, 'patch', 'deployment', 'cart', '--type=json', `--patch=${JSON.stringify(patch)}`);
  if (targetPort) await setTargetPort(namespace, targetPort.after);
}

async function playVersion(scene: Scene, version: Version): Promise<void> {
  const { namespace } = scene;
  const before = new Set((await appPods(namespace)).map(({ metadata }) => metadata.uid));
  const customers = scene.customers(`port-changed: ${version.run}`, load);
  await until(
    'customers on every pod',
    async () => new Set(customers.sessionLog.sessions.map(({ pod }) => pod)).size === 2,
  );
  await roll(namespace, version);
  await until(
    'the old pods gone',
    async () => (await appPods(namespace)).every(({ metadata }) => !before.has(metadata.uid)),
    90_000,
  );
  expect(await scene.farewell(customers)).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
  await untilSettled(namespace, replicas);
}

async function playBroken(scene: Scene): Promise<void> {
  const { namespace } = scene;
  const customers = scene.customers('port-changed: stuck', load);
  await until('customers there', async () => customers.sessionLog.sessions.length >= 10);
  await roll(namespace, broken);
  await until('a pod that does not become ready', async () => (await appPods(namespace)).length > replicas);
  const stuckAtMs = Date.now();
  await until(
    'new sessions meanwhile',
    async () => customers.sessionLog.sessions.filter(({ startedAtMs }) => startedAtMs > stuckAtMs + 3000).length >= 10,
  );
  await setTargetPort(namespace, stuckPort.before);
  await kubectl('-n', namespace, 'rollout', 'undo', 'deployment/cart');
  expect(await scene.farewell(customers)).toMatchObject({ losses: [], misplaced: 0, refusals: [], cut: {} });
  await untilReady(namespace, replicas);
}

export const portChanged: Scenario = {
  title:
    'rollouts that change the container port by number, by name and back: every session continues, and no customer is refused',
  play: () =>
    inShop('e2e-port', { replicas, spec }, async (scene) => {
      for (const version of versions) await playVersion(scene, version);
      await playBroken(scene);
    }),
};
