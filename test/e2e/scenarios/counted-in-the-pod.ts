/**
 * Sessions that no proxy counts: one pod is held by the count of its app, another by a connection. When they end the app's own preStop
 * hook is called, and only then SIGTERM is sent.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect } from '@jest/globals';
import { kubectl, until } from '../../support/kubectl.ts';
import { type LiveObject } from '../../support/objects.ts';
import { appPods, controlPort } from '../../support/shop-cluster.ts';
import { eventIn, logUntilExit } from '../world/logs.ts';
import { addressOf } from '../world/proxies.ts';
import { inShop, type Scene } from '../world/scene.ts';
import { countsOf, untilHeld } from '../world/sidecars.ts';
import type { Scenario } from './scenario.ts';

const appPort = 8080;
const options = {
  replicas: 2,
  spec: {
    drain: {
      quietPeriod: '1s',
      sessionSources: ['Connections', 'Application'],
      application: { path: '/sessions', port: controlPort },
    },
  },
  proxy: { replicas: 1 },
  container: { lifecycle: { preStop: { httpGet: { path: '/prestop', port: controlPort } } } },
};

/** Bypasses the proxy, over a connection of its own; returns the cookie that the response sets. */
async function post(pod: LiveObject, path: string, cookie = ''): Promise<string> {
  const sent = request({
    host: addressOf(pod),
    port: appPort,
    path,
    method: 'POST',
    agent: false,
    headers: { cookie },
  }).end();
  const [response] = (await once(sent, 'response')) as [
    NodeJS.ReadableStream & { statusCode: number; headers: { 'set-cookie'?: string[] } },
  ];
  response.resume();
  expect(response.statusCode).toBe(200);
  return response.headers['set-cookie']?.[0]?.split(';', 1)[0] ?? '';
}

async function deletePod({ namespace }: Scene, { metadata }: LiveObject): Promise<void> {
  await kubectl('-n', namespace, 'delete', 'pod', metadata.name, '--wait=false');
  await untilHeld(namespace, metadata.name);
}

async function heldByItsApp(scene: Scene, pod: LiveObject): Promise<void> {
  const { name } = pod.metadata;
  const cookie = await post(pod, '/login');
  const log = logUntilExit(scene.namespace, name, 'shop');
  await deletePod(scene, pod);
  await until('the app asked', async () => (await countsOf(pod)).Application === 1);
  expect(scene.pods.goneAtMs.has(name)).toBe(false);
  const overAtMs = Date.now();
  await post(pod, '/logout', cookie);
  await until('the pod gone', async () => scene.pods.goneAtMs.get(name), 60_000);
  const events = await log;
  const hook = Date.parse(eventIn(events, 'PreStop').time);
  const sigterm = Date.parse(eventIn(events, 'Terminating').time);
  expect(hook).toBeGreaterThan(overAtMs);
  expect(sigterm).toBeGreaterThanOrEqual(hook);
}

async function heldByAConnection(scene: Scene, pod: LiveObject): Promise<void> {
  const socket = connect(appPort, addressOf(pod));
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  await deletePod(scene, pod);
  await until('the connection counted', async () => (await countsOf(pod)).Connections === 1);
  expect(scene.pods.goneAtMs.has(pod.metadata.name)).toBe(false);
  socket.destroy();
  await until('the pod gone', async () => scene.pods.goneAtMs.get(pod.metadata.name), 60_000);
}

export const countedInThePod: Scenario = {
  title:
    "sessions that only the app, or only a connection, reports hold their pod; then the app's own preStop hook is called, then SIGTERM",
  play: () =>
    inShop('e2e-counted', options, async (scene) => {
      const [one, other] = await appPods(scene.namespace);
      if (one === undefined || other === undefined) throw new Error('no two pods');
      await Promise.all([heldByItsApp(scene, one), heldByAConnection(scene, other)]);
    }),
};
