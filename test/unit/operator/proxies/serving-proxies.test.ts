import { expect, test } from '@jest/globals';
import type { Pod } from '../../../../src/core/snapshot/snapshot.ts';
import { runningProxies } from '../../../../src/operator/proxies/serving-proxies.ts';
import { snapshotOf } from '../../../support/world.ts';

const labels = {
  'app.kubernetes.io/managed-by': 'holdfast',
  'app.kubernetes.io/component': 'proxy',
  'gateway.networking.k8s.io/gateway-name': 'holdfast',
};
const proxy = (name: string, rest: Partial<Pod> = {}) => ({
  name,
  labels,
  of: 'Deployment/holdfast-holdfast',
  ...rest,
});

test.each<[string, ReturnType<typeof proxy>, string[]]>([
  ['include a running one', proxy('p'), ['uid-p']],
  ['include one that is no longer ready, which may still have streams', proxy('p', { ready: false }), ['uid-p']],
  ['include one that is shutting down', proxy('p', { deletion: { killAtMs: 1, graceSeconds: 30 } }), ['uid-p']],
  ['include one on a node without heartbeat', proxy('p', { phase: 'Unknown' }), ['uid-p']],
  ['do not include one that has never run, which may be unschedulable', proxy('p', { phase: 'Pending' }), []],
  ['do not include one whose containers have terminated', proxy('p', { phase: 'Succeeded' }), []],
  ['do not include one that failed', proxy('p', { phase: 'Failed' }), []],
  [
    'do not include that of another Gateway',
    proxy('p', { labels: { ...labels, 'gateway.networking.k8s.io/gateway-name': 'web' } }),
    [],
  ],
  ['do not include that of another namespace', proxy('p', { namespace: 'other' }), []],
  ['do not include a pod of the app', proxy('p', { labels: { app: 'cart' } }), []],
  [
    'do not include the proxy of another Gateway implementation',
    proxy('p', { labels: { ...labels, 'app.kubernetes.io/managed-by': 'other' } }),
    [],
  ],
])('the running proxies of a Gateway %s', (_, pod, expected) => {
  expect(runningProxies(snapshotOf({ pods: [pod] }), 'shop/holdfast')).toEqual(expected);
});

test('the running proxies of a Gateway are all of its proxy pods, also on a second call', () => {
  const snapshot = snapshotOf({ pods: [proxy('p'), proxy('q'), { name: 'cart-a' }] });
  expect(runningProxies(snapshot, 'shop/holdfast')).toEqual(['uid-p', 'uid-q']);
  expect(runningProxies(snapshot, 'shop/holdfast')).toEqual(['uid-p', 'uid-q']);
  expect(runningProxies(snapshot, 'shop/none')).toEqual([]);
});
