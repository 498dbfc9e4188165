/** A route no longer leads to the pods of a StickyWorkload while the proxies have streams there: pods that drain meanwhile wait for these. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  customResourceDefinitions,
  endpointSlices,
  gateways,
  httpRoutes,
  pods,
  services,
} from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import type { Report } from '../../src/wire/messages.ts';
import {
  cartService,
  elsewhere,
  frontRoute,
  gateway,
  proxyPod,
  routeDefinition,
  slice,
} from '../support/operator-objects.ts';
import { createOperatorWorld, type OperatorWorld } from '../support/operator-world.ts';
import { openResourceStream, type ResourceStream } from '../support/resource-stream.ts';
import type { TlsClient } from '../support/tls-client.ts';

let world: OperatorWorld;
let operator: Operator;
let client: TlsClient;
let stream: ResourceStream;

const backend = 'shop/cart:80@shop/front/all';

beforeEach(async () => {
  // Real TLS: certificates are issued by the clock of the operator and checked by the clock of the machine.
  world = createOperatorWorld({ startMs: Math.floor(Date.now() / 1000) * 1000 });
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(gateways, elsewhere('shop', gateway('web')));
  world.putPods('cart', ['cart-a']);
  world.put(endpointSlices, slice('cart', ['cart-a']));
  world.put(services, cartService);
  world.put(httpRoutes, frontRoute);
  world.putWorkload({ name: 'cart', spec: { route: { kind: 'None' } } });
  world.put(pods, proxyPod('web-1', 'web'));
  world.cluster.addToken('web-1', account('web-holdfast', 'web-1'));
  world.cluster.addToken('sidecar', account('default', 'cart-a'));
  operator = await world.start();
  await world.settle();
  client = world.client(operator.listening().discovery);
  stream = await openResourceStream(client, { token: 'web-1' });
  await report(2);
});
afterEach(() => world.stop());

const account = (name: string, pod: string) => ({
  username: `system:serviceaccount:shop:${name}`,
  podName: pod,
  podUid: `uid-${pod}`,
});

let sequence = 0;
/** The proxy reports the sessions of cart-a by the newest table. */
async function report(sessions: number): Promise<void> {
  const table = operator.translations.table('shop/web')?.table;
  const hasPod = Object.values(table?.backends ?? {}).some(({ endpoints }) => endpoints.length > 0);
  const expiresAtMs = world.clock.nowMs() + 60_000;
  const body: Report = {
    startedAtMs: 1,
    sequence: (sequence += 1),
    ...(await stream.acknowledge(undefined)),
    endpoints: hasPod ? [{ uid: 'uid-cart-a', sessions, expiresAtMs }] : [],
    ended: [],
    seen: [],
    keyRings: { [backend]: { current: 1, ids: [1] } },
  };
  expect(await client.call('POST', '/v1/report', { token: 'web-1', body: JSON.stringify(body) })).toMatchObject({
    status: 200,
  });
}
async function untilDraining(): Promise<void> {
  const state = () => stream.table()?.backends[backend]?.endpoints[0]?.state;
  while (state() !== 'Draining') expect(await stream.next()).toBeDefined();
}
async function drain(): Promise<void> {
  world.terminate('cart-a');
  await world.settle();
}
const answer = async () => (await client.call('GET', '/v1/drain', { token: 'sidecar' })).body;
const removeRoute = () => world.after(() => world.cluster.remove(httpRoutes, { namespace: 'shop', name: 'front' }));
const removeGateway = () => world.after(() => world.cluster.remove(gateways, { namespace: 'shop', name: 'web' }));

test('a pod waits for the streams of a route that is deleted, and the proxies learn that it drains', async () => {
  await removeRoute();
  expect(operator.translations.table('shop/web')?.table).toMatchObject({ routes: [], backends: { [backend]: {} } });
  expect(world.condition('cart', 'Programmed')).toMatchObject({ status: 'False', reason: 'RouteMissing' });
  await drain();
  await untilDraining();
  await report(1);
  expect(await answer()).toMatchObject({ sources: [{ type: 'Proxy', known: true, sessions: 1 }] });
  await report(0);
  expect(await answer()).toMatchObject({ sources: [{ type: 'Proxy', known: true, sessions: 0 }] });
});

test.each([
  ['before', [removeRoute, removeGateway]],
  ['after', [removeGateway, removeRoute]],
] as const)('a pod waits for the streams of a route that is deleted %s its Gateway', async (_, steps) => {
  for (const step of steps) await step();
  await drain();
  await untilDraining();
  await report(2);
  expect(await answer()).toMatchObject({ sources: [{ type: 'Proxy', known: true, sessions: 2 }] });
});

test('a pod waits until a proxy of the route has reported', async () => {
  await removeRoute();
  await drain();
  expect(await answer()).toMatchObject({ sources: [{ known: false, reason: expect.stringContaining('uid-web-1') }] });
});

test('a minute after the route is deleted, the pods leave the table when the proxies have no session on them', async () => {
  const isLeft = () => operator.translations.table('shop/web')?.table.backends[backend] !== undefined;
  const passMinute = async (sessions: number) => {
    for (let seconds = 0; seconds < 72; seconds += 4) {
      await report(sessions);
      await world.clock.advance(4000);
    }
    await world.settle();
  };
  await removeRoute();
  await passMinute(1);
  expect(isLeft()).toBe(true);
  await passMinute(0);
  expect(isLeft()).toBe(false);
  await world.after(() => world.put(httpRoutes, frontRoute));
  await removeRoute();
  expect(isLeft()).toBe(true);
});

test('a route that is created again leads to its pods as before', async () => {
  const before = operator.translations.table('shop/web')?.table;
  await removeRoute();
  await world.after(() => world.put(httpRoutes, frontRoute));
  expect(operator.translations.table('shop/web')?.table).toEqual(before);
});

test('an operator that starts after both are deleted learns from the proxies which pods have to wait', async () => {
  await removeRoute();
  await removeGateway();
  const have = stream.versions();
  await world.stop('operator-1');
  operator = await world.start('operator-2');
  client = world.client(operator.listening().discovery);
  await drain();
  expect(await answer()).toMatchObject({ sources: [{ known: false, reason: expect.stringContaining('uid-web-1') }] });
  stream = await openResourceStream(client, { token: 'web-1', have });
  await stream.next();
  await report(2);
  await world.settle();
  const update = await stream.next();
  expect(update).toMatchObject({ delta: { set: [{ type: 'endpoints', name: backend }] } });
  expect(update).not.toHaveProperty('delta.remove');
  await report(2);
  expect(await answer()).toMatchObject({ sources: [{ type: 'Proxy', known: true, sessions: 2 }] });
});

test('a proxy cannot claim a backend of another namespace', async () => {
  world.put(pods, elsewhere('other', proxyPod('edge-1', 'edge')));
  world.cluster.addToken('stranger', {
    username: 'system:serviceaccount:other:edge-holdfast',
    podName: 'edge-1',
    podUid: 'uid-edge-1',
  });
  await world.settle();
  const keyRings = { [backend]: { current: 1, ids: [1] } };
  const body = JSON.stringify({ startedAtMs: 1, sequence: 1, endpoints: [], ended: [], seen: [], keyRings });
  expect(await client.call('POST', '/v1/report', { token: 'stranger', body })).toMatchObject({ status: 200 });
  await world.settle();
  expect(operator.translations.table('other/edge')?.table.backends).toEqual({});
});
