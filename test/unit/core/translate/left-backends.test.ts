/** What a table keeps of a StickyWorkload to which its routes lead no more. */
import { expect, test } from '@jest/globals';
import { createLedger } from '../../../../src/core/count/ledger.ts';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { leftKey } from '../../../../src/core/translate/left-backends.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { confirmedKeys } from '../../../../src/operator/keys/confirmed-keys.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const listener = { name: 'http', allowedRoutes: { from: 'All' as const, kinds: [] } };
const front = (name: string, gateway = 'web') => ({
  name,
  namespace: 'front',
  ownerUids: [],
  spec: {
    parentRefs: [{ name: gateway, namespace: 'shop' }],
    rules: [{ name: 'all', backendRefs: [{ name: 'cart', namespace: 'shop', port: 80 }] }],
  },
});
const grant = {
  namespace: 'shop',
  from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'front' }],
  to: [{ group: '', kind: 'Service' }],
};
const world: ShortWorld = {
  gateways: [
    { name: 'web', listeners: [listener] },
    { name: 'edge', listeners: [listener] },
  ],
  workloads: [{ name: 'cart', spec: { route: { kind: 'None' } } }],
  targets: [{ name: 'cart', labels: { app: 'cart' } }],
  services: [{ name: 'cart', ownerUids: [], selector: { app: 'cart' } }],
  pods: [
    { name: 'cart-a', ip: '10.0.0.1' },
    { name: 'web-1', gateway: 'web', of: 'none' },
  ],
  httpRoutes: [front('a')],
  referenceGrants: [grant],
};
const after = (changes: ShortWorld, more: Partial<Snapshot> = {}) =>
  translate({ ...snapshotOf({ ...world, ...changes }), ...more }, translate(snapshotOf(world)));
const backendsAfter = (...changes: Parameters<typeof after>) => after(...changes).tables['shop/web']?.backends ?? {};
const key = 'shop/cart:80@front/a/all';

test('a route that is deleted, or that moves to another Gateway, leaves its backend in the table', () => {
  expect(Object.keys(backendsAfter({ httpRoutes: [] }))).toEqual([key]);
  const moved = after({ httpRoutes: [front('a', 'edge')] });
  expect(Object.keys(moved.tables['shop/web']?.backends ?? {})).toEqual([key]);
  expect(moved.gatewaysByBackend.get('shop/cart')).toEqual(['shop/edge']);
  expect(moved.left.byWorkload.get('shop/cart')).toEqual(['shop/web']);
});

test('it is not left where another route leads to the same pods, nor once the proxies have no session on it', () => {
  expect(Object.keys(backendsAfter({ httpRoutes: [front('b')] }))).toEqual(['shop/cart:80@front/b/all']);
  const endedSessions = new Set([leftKey('shop/web', 'shop/cart')]);
  expect(backendsAfter({ httpRoutes: [] }, { endedSessions })).toEqual({});
});

test('a backend that is no longer permitted leaves the table with its keys', () => {
  expect(backendsAfter({ referenceGrants: [] })).toEqual({});
});

test('it gets no new keys, and no rotation waits for them', () => {
  const before = translate(snapshotOf(world)).tables['shop/web']?.backends[key]?.sessions;
  const keyRings = { 'shop/cart': { current: 2, keys: [{ id: 2, secret: 'AgAA' }] } };
  const translation = after({ httpRoutes: [], keyRings });
  expect(translation.tables['shop/web']?.backends[key]?.sessions).toEqual(before);
  expect(confirmedKeys({ translation }, createLedger(), 0)).toEqual([]);
});

test('its pods move with the cluster', () => {
  const left = after({ httpRoutes: [] });
  const pods = snapshotOf({ pods: [{ name: 'cart-b', ip: '10.0.0.2' }] }).pods;
  const proxies = left.snapshot.pods.filter(({ gateway }) => gateway !== undefined);
  const moved = translate({ ...left.snapshot, pods: [...pods, ...proxies] }, left);
  expect(moved.tables['shop/web']?.backends[key]).toMatchObject({ endpoints: [{ pod: 'cart-b' }] });
});
