import { expect, test } from '@jest/globals';
import type { Pod } from '../../../../src/core/snapshot/snapshot.ts';
import { indexCluster } from '../../../../src/core/translate/cluster-index.ts';
import { runningProxies } from '../../../../src/operator/proxies/serving-proxies.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

type ShortPod = NonNullable<ShortWorld['pods']>[number];

const proxy = (name: string, rest: Partial<Pod> = {}): ShortPod => ({
  name,
  gateway: 'holdfast',
  of: 'Deployment/holdfast-holdfast',
  ...rest,
});

test.each<[string, ShortPod, string[]]>([
  ['include a running one', proxy('p'), ['uid-p']],
  ['include one that is no longer ready, which may still have streams', proxy('p', { ready: false }), ['uid-p']],
  ['include one that is shutting down', proxy('p', { deletion: { killAtMs: 1, graceSeconds: 30 } }), ['uid-p']],
  ['include one on a node without heartbeat', proxy('p', { phase: 'Unknown' }), ['uid-p']],
  ['do not include one that has never run, which may be unschedulable', proxy('p', { phase: 'Pending' }), []],
  ['do not include one whose containers have terminated', proxy('p', { phase: 'Succeeded' }), []],
  ['do not include one that failed', proxy('p', { phase: 'Failed' }), []],
  ['do not include that of another Gateway', proxy('p', { gateway: 'web' }), []],
  ['do not include that of another namespace', proxy('p', { namespace: 'other' }), []],
  ['do not include a pod of the app', { name: 'cart-a', of: 'Deployment/cart' }, []],
])('the running proxies of a Gateway %s', (_, pod, expected) => {
  expect(runningProxies(indexCluster(snapshotOf({ pods: [pod] })), 'shop/holdfast')).toEqual(expected);
});

test('the running proxies of a Gateway are all of its proxy pods, without those of the app', () => {
  const index = indexCluster(snapshotOf({ pods: [proxy('p'), proxy('q'), { name: 'cart-a' }] }));
  expect(runningProxies(index, 'shop/holdfast')).toEqual(['uid-p', 'uid-q']);
  expect(runningProxies(index, 'shop/none')).toEqual([]);
});
