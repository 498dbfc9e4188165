/** EndpointSlices that name the pods of another namespace: anyone who may write slices in a namespace can write their UIDs. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as resources from '../../src/kube/resources.ts';
import type { Operator } from '../../src/operator/operator.ts';
import { elsewhere, gateway, pod, proxyPod, routeDefinition, slice } from '../support/operator-objects.ts';
import type { OperatorWorld } from '../support/operator-world.ts';
import { createReportedWorld, type ReportedWorld } from '../support/reporting-proxy.ts';

const { customResourceDefinitions, endpointSlices, gateways, httpRoutes, pods, services } = resources;

let reported: ReportedWorld;
let world: OperatorWorld;
let operator: Operator;

const metadata = { namespace: 'evil', name: 'decoy', uid: 'uid-of-decoy', generation: 1 };

beforeEach(async () => {
  reported = await createReportedWorld();
  ({ world, operator } = reported);
  world.put(customResourceDefinitions, routeDefinition('B'));
  world.put(pods, elsewhere('evil', proxyPod('rogue', 'web')));
  world.put(gateways, elsewhere('evil', gateway('web')));
  world.put(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
  world.put(httpRoutes, {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata,
    spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs: [{ name: 'decoy', port: 80 }] }] },
  });
  world.cluster.addToken('evil', {
    username: 'system:serviceaccount:evil:web-holdfast',
    podName: 'rogue',
    podUid: 'uid-rogue',
  });
  await world.settle();
});
afterEach(() => world.stop());

/** `claims`: the namespace that the slice says the pods are in. */
function putSlice(claims: string, ...names: string[]): void {
  const { endpoints, ...object } = elsewhere('evil', slice('decoy', names)) as unknown as {
    endpoints: { targetRef: object }[];
  };
  const lying = endpoints.map((one) => ({ ...one, targetRef: { ...one.targetRef, namespace: claims } }));
  world.put(endpointSlices, { ...object, endpoints: lying } as unknown as ReturnType<typeof slice>);
}

const uidsOf = (table: string, backend: string) =>
  operator.translations.table(table)?.table.backends[backend]?.endpoints.map(({ uid }) => uid);
const decoys = () => uidsOf('evil/web', 'evil/decoy:80');

test.each([
  ['shop', ['10.0.0.97:8080', '10.0.0.98:8080']],
  ['evil', []],
])(
  'a slice that names pods of another namespace, as of namespace %s, says nothing about them',
  async (claims, found) => {
    world.terminate('cart-a');
    putSlice(claims, 'cart-a', 'cart-b');
    await world.settle();
    expect(decoys()).toEqual(found);
    expect(uidsOf('shop/holdfast', 'shop/cart')).toEqual(['uid-cart-a', 'uid-cart-b']);

    await reported.report({ 'cart-a': 0, 'cart-b': 0 }, 'Draining');
    const lie = { uid: 'uid-cart-a', sessions: 7, expiresAtMs: 9e15 };
    const body = JSON.stringify({ startedAtMs: 1, sequence: 1, endpoints: [lie], ended: [], seen: [] });
    expect(await reported.client.call('POST', '/v1/report', { token: 'evil', body })).toMatchObject({ status: 200 });
    const drain = await reported.client.call('GET', '/v1/drain', { token: 'sidecar' });
    expect((drain.body as { sources?: unknown }).sources).toEqual([{ type: 'Proxy', known: true, sessions: 0 }]);
  },
);

test('a slice that names a pod before it is known loses it then', async () => {
  putSlice('evil', 'cart-c');
  await world.settle();
  expect(decoys()).toEqual(['uid-cart-c']);
  world.put(pods, pod({ name: 'cart-c', of: 'cart-1', app: 'cart', workload: 'cart' }));
  await world.settle();
  expect(decoys()).toEqual([]);
  expect(uidsOf('shop/holdfast', 'shop/cart')).toContain('uid-cart-c');
});
