/** The whole product on a devcluster: a scale-down that nobody notices who has a session. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deployments, pods, stickyWorkloads } from '../../../../src/kube/resources.ts';
import { eventually } from '../../../support/eventually.ts';
import { createObject } from '../../../../src/cli/demo/local-cluster.ts';
import { createShopClient } from '../../../../src/cli/demo/customers/shop-client.ts';
import { startWorld, type World } from './world.ts';

const namespace = 'shop';
let world: World;

beforeAll(async () => {
  world = await startWorld();
}, 30_000);
afterAll(() => world.stop());

const status = () => world.cluster.api.get(stickyWorkloads, { namespace, name: 'cart' })?.['status'] as { acceptingReplicas?: number; drainingReplicas?: number } | undefined;
const appPods = () => world.cluster.api.list(pods, namespace).filter(({ metadata }) => metadata.labels?.['app'] === 'cart');

test('sessions on pods that a scale-down takes live on, and the pods go when they have ended', async () => {
  const { api, services } = world.cluster;
  await createObject(world.cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await world.apply('manifests/samples/cart.yaml', namespace);
  await eventually(status, (value) => value?.acceptingReplicas === 5, 40_000);
  const address = await eventually(() => services.addressOf({ namespace, name: 'holdfast-holdfast', port: 80 }), Boolean, 5000);
  const clients = Array.from({ length: 10 }, () => createShopClient({ host: String(address?.host), port: Number(address?.port) }));
  const homes = await Promise.all(clients.map((client) => client.login()));
  expect(new Set(homes).size).toBe(5);

  await api.patch(deployments, { namespace, name: 'cart' }, { spec: { replicas: 2 } });
  await eventually(status, (value) => value?.drainingReplicas === 3 && value.acceptingReplicas === 2, 10_000);
  for (const client of clients) await client.viewCart();
  await Promise.all(clients.map((client) => client.logout()));
  await eventually(appPods, (left) => left.length === 2, 20_000);
  for (const client of clients) client.close();
}, 90_000);
