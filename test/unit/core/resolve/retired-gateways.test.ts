/** What a translation keeps of a Gateway that is gone while its proxies run. */
import { describe, expect, test } from '@jest/globals';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const proxy = { name: 'web-1', gateway: 'web', of: 'Deployment/web-holdfast' };
const app: ShortWorld = {
  workloads: [{ name: 'cart', spec: { route: { parentRefs: [{ name: 'web' }] } } }],
  targets: [{ name: 'cart' }],
  services: [{ name: 'cart', ownerUids: ['uid-cart'] }],
  pods: [{ name: 'cart-a', ip: '10.0.0.1' }, proxy],
  slices: [{ name: 'cart-1', endpoints: [{ pod: 'cart-a' }] }],
  gateways: [{ name: 'web' }],
};
const translated = (world: ShortWorld) => translate(snapshotOf(world));
const tableOf = (world: ShortWorld, key = 'shop/web') => translated(world).tables[key];
const deleted = { ...app, gateways: [] };

describe('a deleted Gateway', () => {
  test('keeps a table with the endpoints of its StickyWorkloads, and no routes, while a proxy of it runs', () => {
    expect(tableOf(deleted)).toMatchObject({
      gateway: { namespace: 'shop', name: 'web' },
      listeners: [],
      routes: [],
      backends: { 'shop/cart': { endpoints: [{ pod: 'cart-a', state: 'Accepting' }] } },
    });
    expect(translated(deleted).gatewaysByBackend.get('shop/cart')).toEqual(['shop/web']);
    expect(translated(deleted).gateways).toEqual({});
  });

  test('has none without proxies, or once their containers have exited', () => {
    expect(tableOf({ ...deleted, pods: [] })).toBeUndefined();
    expect(tableOf({ ...deleted, pods: [{ ...proxy, phase: 'Succeeded' }] })).toBeUndefined();
  });

  test('keeps the backends of the rules of HTTPRoutes that name it, with the keys under which its proxies have them', () => {
    const backendRefs = [{ group: '', kind: 'Service', name: 'cart', port: 80 }];
    const route = { name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs }] } };
    const before = { ...app, httpRoutes: [route] } as ShortWorld;
    const keys = Object.keys(tableOf(before)?.backends ?? {});
    expect(keys).toHaveLength(2);
    expect(Object.keys(tableOf({ ...before, gateways: [] })?.backends ?? {})).toEqual(keys);
  });

  test('is known by its whole name, of which labels have a hash', () => {
    const name = 'w'.repeat(100);
    const world = { ...deleted, pods: [{ ...proxy, gateway: name }] };
    expect([...translated(world).retired.keys()]).toEqual([`shop/${name}`]);
  });

  test('of another namespace cannot be claimed by a pod', () => {
    const world = { ...deleted, pods: [{ ...proxy, namespace: 'other' }] };
    expect(Object.keys(translated(world).tables)).toEqual(['other/web']);
    expect(tableOf(world, 'other/web')?.backends).toEqual({});
  });
});

test('a Gateway that changes to the class of another controller keeps its table likewise', () => {
  const gatewayClasses: Snapshot['gatewayClasses'] = [
    { name: 'holdfast', controllerName: 'holdfast.dev/gateway-controller' },
    { name: 'other', controllerName: 'example.com/other' },
  ];
  const table = tableOf({ ...app, gatewayClasses, gateways: [{ name: 'web', className: 'other' }] });
  expect(table).toMatchObject({ routes: [], backends: { 'shop/cart': { endpoints: [{ pod: 'cart-a' }] } } });
});

test('a Gateway that exists has its table, whatever proxies run', () => {
  expect(tableOf(app)?.routes).toHaveLength(1);
  expect(tableOf({ ...app, pods: [] })?.routes).toHaveLength(1);
  expect(translated(app).retired.size).toBe(0);
});
