/** The real shop and sidecar, in two pods on the same ports. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { ports } from '../../../../../src/core/names/names.ts';
import { isReady, limitMs, openScene } from './scene.ts';
import type { Scene } from './scene.ts';

jest.setTimeout(limitMs);

const root = join(import.meta.dirname, '../../../../..');

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({
    'holdfast:dev': { command: [process.execPath, 'sidecar/main.ts'], cwd: root, env: {} },
    'holdfast-shop:dev': { command: [process.execPath, 'examples/shop/main.ts'], cwd: root, env: {} },
  });
});
afterAll(() => scene.stop());

const literal = (values: Record<string, string>) => Object.entries(values).map(([name, value]) => ({ name, value }));

/** As the injection creates it. Without an operator the sessions are unknown, so the sidecar holds the pod until its deadline. */
const spec = {
  serviceAccountName: 'default',
  terminationGracePeriodSeconds: 30,
  initContainers: [
    {
      name: 'holdfast-sidecar',
      image: 'holdfast:dev',
      restartPolicy: 'Always',
      args: ['sidecar'],
      env: [
        ...literal({
          HOLDFAST_CA: '-----BEGIN CERTIFICATE-----',
          HOLDFAST_DISCOVERY_HOST: 'holdfast-discovery.holdfast-system.svc',
          HOLDFAST_DRAIN_TIMEOUT_MS: '700',
          HOLDFAST_QUIET_PERIOD_MS: '100',
          HOLDFAST_SHUTDOWN_MARGIN_MS: '0',
          HOLDFAST_RESTART_GRACE_MS: '30000',
        }),
        { name: 'HOLDFAST_POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'HOLDFAST_HOST_IPS', valueFrom: { fieldRef: { fieldPath: 'status.hostIPs' } } },
      ],
      startupProbe: { httpGet: { path: '/healthz', port: ports.sidecar }, periodSeconds: 0.1, failureThreshold: 1000 },
      volumeMounts: [{ name: 'holdfast-token', mountPath: '/var/run/secrets/holdfast' }],
    },
  ],
  containers: [
    {
      name: 'shop',
      image: 'holdfast-shop:dev',
      env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
      readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 0.1 },
      lifecycle: { preStop: { httpGet: { path: '/prestop/shop', port: ports.sidecar } } },
    },
  ],
  volumes: [
    {
      name: 'holdfast-token',
      projected: {
        sources: [{ serviceAccountToken: { audience: 'holdfast', expirationSeconds: 3600, path: 'token' } }],
      },
    },
  ],
};

test('the sidecar delays the termination of the shop, which then stops gracefully', async () => {
  for (const name of ['cart-1', 'cart-2']) await scene.run(name, spec);
  for (const name of ['cart-1', 'cart-2']) await scene.until(name, isReady);
  const deletedAt = Date.now();
  await scene.delete('cart-1');
  await scene.untilGone('cart-1');
  expect(Date.now() - deletedAt).toBeGreaterThanOrEqual(700);
  expect(await scene.log('cart-1', 'shop')).toMatch(/"Started".*\n.*"Terminating".*\n.*"Stopped"/);
  expect(await scene.log('cart-1', 'holdfast-sidecar')).toMatch(/"Stopping"/);
  expect(scene.events('cart-1').filter((event) => event.startsWith('Failed'))).toEqual([]);
  const answer = await fetch(`http://${scene.status('cart-2')?.podIP}:8080/healthz`);
  expect(answer.status).toBe(200);
});
