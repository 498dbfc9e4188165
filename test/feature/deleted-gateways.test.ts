/** A Gateway is deleted while its proxies end what they have begun: pods that drain meanwhile wait for their sessions too. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Report } from '../../src/wire/messages.ts';
import {
  customResourceDefinitions,
  gateways,
  pods,
  serviceAccounts,
  stickyWorkloads,
} from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { elsewhere, gateway, proxyPod, routeDefinition, stickyWorkload } from '../support/operator-objects.ts';
import { createServingWorld, type OperatorWorld } from '../support/operator-world.ts';
import { openResourceStream, type ResourceStream } from '../support/resource-stream.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let operator: Operator;
let client: TlsClient;
const infra = { namespace: 'infra' };
const parentRefs = ['web', 'edge'].map((name) => ({ name, ...infra }));

beforeEach(async () => {
  // Real TLS: certificates are issued by the clock of the operator and checked by the clock of the machine.
  ({ world, operator } = await createServingWorld({ startMs: Math.floor(Date.now() / 1000) * 1000 }));
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, gateway('web'), gateway('edge'));
  world.put(stickyWorkloads, stickyWorkload({ name: 'cart', spec: { route: { parentRefs } } }));
  for (const name of ['web', 'edge']) {
    world.put(pods, elsewhere('infra', proxyPod(`${name}-1`, name)));
    world.cluster.addToken(`${name}-1`, account('infra', `${name}-holdfast`, `${name}-1`));
  }
  world.cluster.addToken('sidecar', account('shop', 'default', 'cart-a'));
  await world.settle();
  client = world.client(operator.listening().discovery);
});
afterEach(() => world.stop());

const account = (namespace: string, name: string, pod: string) => ({
  username: `system:serviceaccount:${namespace}:${name}`,
  podName: pod,
  podUid: `uid-${pod}`,
});
const deleteGateway = () => world.after(() => world.cluster.remove(gateways, { ...infra, name: 'edge' }));
const drain = async () => (await client.call('GET', '/v1/drain', { token: 'sidecar' })).body;

let sequence = 0;
/** A report of the table that the proxy's stream has, with its sessions on cart-a. */
async function report(proxy: string, sessions: number, stream?: ResourceStream): Promise<number> {
  const acknowledged = await stream?.acknowledge(undefined);
  const body: Report = {
    startedAtMs: 1,
    sequence: (sequence += 1),
    ...acknowledged,
    endpoints: ['uid-cart-a', 'uid-cart-b'].map((uid) => ({
      uid,
      sessions: uid === 'uid-cart-a' ? sessions : 0,
      expiresAtMs: world.clock.nowMs() + 60_000,
    })),
    ended: [],
    seen: [],
  };
  return (await client.call('POST', '/v1/report', { token: proxy, body: JSON.stringify(body) })).status;
}
const stateIn = (stream: ResourceStream, pod = 'cart-a') =>
  stream.table()?.backends['shop/cart']?.endpoints.find((one) => one.pod === pod)?.state;

test('its proxies keep their routes, learn which pods drain, and hold a pod with their sessions until they are gone', async () => {
  const [web, edge] = [
    await openResourceStream(client, { token: 'web-1' }),
    await openResourceStream(client, { token: 'edge-1' }),
  ];
  await edge.next();
  await web.next();
  const { routes, listeners } = edge.table() ?? {};
  await deleteGateway();
  world.terminate('cart-a');
  await world.settle();
  await edge.next();
  expect(edge.table()).toMatchObject({ routes, listeners });
  while (stateIn(edge) !== 'Draining') await edge.next();
  await web.next();
  expect([await report('web-1', 0, web), await report('edge-1', 2, edge)]).toEqual([200, 200]);
  expect(await drain()).toMatchObject({ sources: [{ type: 'Proxy', known: true, sessions: 2 }] });
  await report('edge-1', 0, edge);
  expect(await drain()).toMatchObject({ sources: [{ type: 'Proxy', known: true, sessions: 0 }] });
  await world.after(() => world.cluster.remove(pods, { ...infra, name: 'edge-1' }));
  expect(operator.translations.table('infra/edge')).toBeUndefined();
});

test('an operator that starts meanwhile sends its proxies the endpoints that they have, and takes their reports', async () => {
  const stream = await openResourceStream(client, { token: 'edge-1' });
  await stream.next();
  const have = stream.versions();
  await deleteGateway();
  await world.stop('operator-1');
  operator = await world.start('operator-2');
  client = world.client(operator.listening().discovery);
  world.terminate('cart-a');
  await world.settle();
  const again = await openResourceStream(client, { token: 'edge-1', have });
  const first = await again.next();
  expect(first).toMatchObject({ delta: { set: [{ type: 'endpoints', name: 'shop/cart' }] } });
  expect(first).not.toHaveProperty('delta.remove');
  expect(await report('edge-1', 2, again)).toBe(200);
  await report('web-1', 0);
  expect(await drain()).toMatchObject({ sources: [{ known: false, reason: expect.stringContaining('uid-web-1') }] });
});

test('a proxy that claims to have nothing gets no keys', async () => {
  await deleteGateway();
  const stream = await openResourceStream(client, { token: 'edge-1' });
  expect(await stream.next()).toMatchObject({ type: 'delta', delta: {} });
  expect(stream.versions()).toEqual({});
});

test('a Gateway that is created again ends the streams of its old proxies, which then get the whole difference', async () => {
  const stream = await openResourceStream(client, { token: 'edge-1' });
  await stream.next();
  await deleteGateway();
  await stream.next();
  await world.after(() => world.put(gateways, gateway('edge', { listeners: [{ name: 'again', port: 8080 }] })));
  expect(await stream.next()).toBeUndefined();
  const again = await openResourceStream(client, { token: 'edge-1', have: stream.versions() });
  expect(await again.next()).toMatchObject({
    delta: { set: expect.arrayContaining([{ type: 'listeners' }].map((one) => expect.objectContaining(one))) },
  });
});

test('no other namespace can report for it', async () => {
  world.put(pods, elsewhere('other', proxyPod('edge-2', 'edge')));
  world.cluster.addToken('stranger', account('other', 'edge-holdfast', 'edge-2'));
  await deleteGateway();
  expect(await report('stranger', 5)).toBe(200);
  expect(operator.core.ledger.countsOf(['uid-cart-a'], world.clock.nowMs()).size).toBe(0);
  expect(Object.keys(operator.translations.table('other/edge')?.table.backends ?? {})).toEqual([]);
});

test('the ServiceAccount belongs to the proxies too: their tokens stay valid until they are gone', () => {
  const owners = world.cluster.find(serviceAccounts, { ...infra, name: 'edge-holdfast' })?.metadata.ownerReferences;
  expect(owners).toMatchObject([
    { kind: 'Gateway', name: 'edge', controller: true },
    { kind: 'Pod', name: 'edge-1', uid: 'uid-edge-1' },
  ]);
});
