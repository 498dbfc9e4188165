/** The objects that the demo creates in an existing cluster and removes again. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { trackCreatedResources, type CreatedResources } from '../../../context/created-resources.ts';
import { kindOf } from '../../../context/kinds.ts';
import { readInstallation, readShop } from '../../../shop.ts';
import type { KubeObject } from '../../../../../src/kube/ports.ts';
import { deployments, namespaces, pods } from '../../../../../src/kube/resources.ts';
import { createManualClock, type ManualClock } from '../../../../../test/support/manual-clock.ts';
import { createTestCluster, type TestCluster } from '../../../../../test/support/cluster/test-cluster.ts';

const shopOf = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
const cart = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'demo', name: 'cart' },
  spec: { selector: { matchLabels: { app: 'cart' } } },
};

let clock: ManualClock;
let cluster: TestCluster;
let ended: string[];
let createdResources: CreatedResources;

beforeEach(() => {
  clock = createManualClock();
  cluster = createTestCluster(clock);
  ended = [];
  const shortenGrace = ({ metadata }: KubeObject, graceSeconds: number): Promise<void> => {
    ended.push(`${metadata.name} in ${graceSeconds} s`);
    cluster.remove(pods, metadata);
    return Promise.resolve();
  };
  createdResources = trackCreatedResources(
    { get: cluster.get, list: cluster.list, create: cluster.create, delete: cluster.delete, shortenGrace },
    clock,
  );
});

const deleted = (): string[] => cluster.writes().flatMap(({ verb, ref }) => (verb === 'delete' ? [ref.name] : []));

describe('the created resources', () => {
  test('are removed, the newest first, and nothing else is', async () => {
    cluster.put(namespaces, shopOf('production'));
    await createdResources.create(shopOf('demo'));
    await createdResources.create(cart);
    expect(await createdResources.remove()).toEqual([]);
    expect(deleted()).toEqual(['cart', 'demo']);
    expect(cluster.all(namespaces)).toMatchObject([{ metadata: { name: 'production' } }]);
  });

  test('never replace an existing object: the error names it and how to remove it', async () => {
    cluster.put(deployments, { ...cart, metadata: { ...cart.metadata, uid: 'theirs' } });
    const message =
      'Deployment cart already exists and was not created by this demo: if it is not needed, remove it with kubectl delete deployments cart -n demo';
    await expect(createdResources.create(cart)).rejects.toThrow(message);
    expect(await createdResources.remove()).toEqual([]);
    expect(cluster.find(deployments, cart.metadata)?.metadata.uid).toBe('theirs');
  });

  const podOf = (name: string, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'demo', name, labels: { app: 'cart' }, ...metadata },
  });
  const ending = (deletionGracePeriodSeconds: number) => ({
    deletionTimestamp: '2026-11-23T10:00:00Z',
    deletionGracePeriodSeconds,
  });

  test('are removed with their draining pods, whose grace period is shortened', async () => {
    await createdResources.create(cart);
    cluster.put(pods, podOf('cart-1', ending(3630)));
    const removed = createdResources.remove();
    await clock.advance(1000);
    expect(await removed).toEqual([]);
    expect(ended).toEqual(['cart-1 in 5 s']);
  });

  test('are removed after pods that terminate soon; a pod that is not terminating is not deleted', async () => {
    await createdResources.create(cart);
    for (const pod of [podOf('cart-1', ending(5)), podOf('cart-2'), podOf('proxy', { labels: {} })]) {
      cluster.put(pods, pod);
    }
    const removed = createdResources.remove();
    await clock.advance(1000);
    expect(ended).toEqual([]);
    for (const name of ['cart-1', 'cart-2']) cluster.remove(pods, { namespace: 'demo', name });
    await clock.advance(1000);
    expect(await removed).toEqual([]);
  });

  test('that cannot be removed are returned, and the others are still removed', async () => {
    await createdResources.create(shopOf('demo'));
    await createdResources.create(cart);
    cluster.fail({ verb: 'delete', kind: 'Deployment', error: new Error('no right to') });
    expect(await createdResources.remove()).toEqual(['Deployment demo cart: no right to']);
    expect(deleted()).toEqual(['demo']);
  });
});

test('every kind of the installation and of the shop is known', async () => {
  const objects = [...(await readInstallation()), ...(await readShop({ sticky: true }))];
  expect(objects.length).toBeGreaterThan(10);
  for (const object of objects) {
    expect(`${kindOf(object).group}/${kindOf(object).version}`.replace(/^\//, '')).toBe(object.apiVersion);
  }
});
