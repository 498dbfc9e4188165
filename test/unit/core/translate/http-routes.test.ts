import { describe, expect, test } from '@jest/globals';
import type { HttpRouteSpec } from '../../../../src/core/snapshot/http-route.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const toCart = [{ backendRefs: [{ name: 'cart', port: 80 }] }];

function tableOf(world: ShortWorld): RoutingTable {
  const table = translate(snapshotOf({ gateways: [{ name: 'web' }], services: [{ name: 'cart' }], ...world })).tables[
    'shop/web'
  ];
  if (table === undefined) throw new Error('there is no table');
  return table;
}

const route = (name: string, spec: HttpRouteSpec, createdAt = '2026-01-01T00:00:00Z') => ({
  name,
  createdAt,
  spec: { parentRefs: [{ name: 'web' }], ...spec },
});

describe('a route of a user', () => {
  test('has a match for each of each rule, and none means every request', () => {
    const get = { path: { type: 'Exact' as const, value: '/a' }, method: 'GET' as const };
    const { routes } = tableOf({
      httpRoutes: [route('r', { hostnames: ['Shop.example.com'], rules: [{ matches: [get] }, ...toCart] })],
    });
    expect(routes).toEqual([
      { name: 'shop/r#0.0', hostnames: ['shop.example.com'], match: get, backendRefs: [] },
      {
        name: 'shop/r#1.0',
        hostnames: ['shop.example.com'],
        match: { path: { type: 'PathPrefix', value: '/' } },
        backendRefs: [{ backend: 'shop/cart:80', weight: 1 }],
      },
    ]);
  });

  test('keeps the share of an unresolved backendRef, which no other backend gets', () => {
    const { routes, backends } = tableOf({
      httpRoutes: [
        route('r', {
          rules: [
            {
              backendRefs: [
                { name: 'cart', port: 80, weight: 3 },
                { name: 'gone', port: 80, weight: 7 },
              ],
            },
          ],
        }),
      ],
    });
    expect(routes.map(({ backendRefs }) => backendRefs)).toEqual([
      [{ backend: 'shop/cart:80', weight: 3 }, { weight: 7 }],
    ]);
    expect(Object.keys(backends)).toEqual(['shop/cart:80']);
  });

  test('follows an older one with the same match, and precedes one of its age with a later name', () => {
    const { routes } = tableOf({
      workloads: [
        { name: 'held', createdAt: '2026-01-02T00:00:00Z', spec: { route: { parentRefs: [{ name: 'web' }] } } },
      ],
      targets: [{ name: 'held' }],
      httpRoutes: [
        route('z', { rules: toCart }, '2026-01-01T00:00:00Z'),
        route('b', { rules: toCart }, '2026-01-03T00:00:00Z'),
        route('a', { rules: toCart }, '2026-01-03T00:00:00Z'),
      ],
    });
    expect(routes.map(({ name }) => name)).toEqual(['shop/z#0.0', 'shop/held#0', 'shop/a#0.0', 'shop/b#0.0']);
  });

  test('is on the listeners that accept it, and counted there once', () => {
    const world = snapshotOf({
      gateways: [{ name: 'web', listeners: [{ name: 'a' }, { name: 'b', port: 81 }, { name: 'c', port: 82 }] }],
      httpRoutes: [
        route('r', {
          parentRefs: [
            { name: 'web', sectionName: 'a' },
            { name: 'web', port: 80 },
            { name: 'web', sectionName: 'b' },
          ],
          rules: toCart,
        }),
      ],
    });
    expect(translate(world).tables['shop/web']?.routes).toMatchObject([{ listeners: ['a', 'b'] }]);
  });

  test('that Holdfast renders for a StickyWorkload is in the table once', () => {
    const { routes } = tableOf({
      workloads: [{ name: 'cart', spec: { route: { parentRefs: [{ name: 'web' }] } } }],
      targets: [{ name: 'cart' }],
      httpRoutes: [{ ...route('cart', { rules: toCart }), ownerUids: ['uid-cart'], component: 'workload' }],
    });
    expect(routes.map(({ name }) => name)).toEqual(['shop/cart#0']);
  });
});

describe('the endpoints of a Service', () => {
  const endpointsOf = (world: ShortWorld) =>
    tableOf({ ...world, httpRoutes: [route('r', { rules: toCart })] }).backends['shop/cart:80']?.endpoints.map(
      ({ pod, address, port, state }) => `${pod} ${address}:${port} ${state}`,
    );

  test('are those of all its slices, at the port with the name of the Service’s port', () => {
    expect(
      endpointsOf({
        services: [{ name: 'cart', ports: [{ name: 'web', port: 80, targetPort: 8080 }] }],
        slices: [
          {
            name: 'cart-1',
            ports: [
              { name: 'admin', port: 9 },
              { name: 'web', port: 8080 },
            ],
            endpoints: [{ pod: 'a' }],
          },
          { name: 'cart-2', ports: [{ name: 'web', port: 3000 }], endpoints: [{ pod: 'b' }] },
          { name: 'cart-3', ports: [], endpoints: [{ pod: 'c' }] },
        ],
      }),
    ).toEqual(['a 10.0.0.97:8080 Accepting', 'b 10.0.0.98:3000 Accepting']);
  });

  test('may be written by hand, without pods', () => {
    expect(
      endpointsOf({ slices: [{ name: 'by-hand', endpoints: [{ address: '192.0.2.1' }, { address: '192.0.2.2' }] }] }),
    ).toEqual(['192.0.2.1 192.0.2.1:8080 Accepting', '192.0.2.2 192.0.2.2:8080 Accepting']);
  });

  test('are one for a pod with addresses of both families', () => {
    expect(
      endpointsOf({
        slices: [
          { name: 'cart-6', family: 'IPv6', endpoints: [{ pod: 'a', address: 'fd00::1' }] },
          { name: 'cart-4', endpoints: [{ pod: 'a', address: '10.0.0.1' }] },
        ],
      }),
    ).toEqual(['a 10.0.0.1:8080 Accepting']);
  });

  test('get requests while they are ready, and the terminating ones among them only while no other is', () => {
    const pending = { pod: 'a', ready: false, serving: false };
    const leaving = { pod: 'b', ready: false, terminating: true };
    expect(endpointsOf({ slices: [{ name: 's', endpoints: [pending, leaving, { pod: 'c' }] }] })).toEqual([
      'a 10.0.0.97:8080 Pending',
      'b 10.0.0.98:8080 Draining',
      'c 10.0.0.99:8080 Accepting',
    ]);
    expect(endpointsOf({ slices: [{ name: 's', endpoints: [pending, leaving] }] })).toEqual([
      'a 10.0.0.97:8080 Pending',
      'b 10.0.0.98:8080 Accepting',
    ]);
  });
});
