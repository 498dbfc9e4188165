/** Routes of users to Services whose pods have a StickyWorkload. */
import { describe, expect, test } from '@jest/globals';
import type { HttpRouteRule } from '../../../../src/core/snapshot/http-route.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf, type ShortWorld, type ShortWorkload } from '../../../support/world.ts';

const leftToUser = { route: { kind: 'None' as const } };
const port = { name: 'web', port: 80, targetPort: 8080 };
const shop: ShortWorld = {
  gateways: [{ name: 'web' }],
  workloads: [{ name: 'cart', spec: leftToUser }],
  targets: [{ name: 'cart' }],
  services: [{ name: 'front', ownerUids: [], ports: [port], selector: { app: 'cart' } }],
  slices: [{ name: 'front-1', service: 'front', ports: [{ name: 'web', port: 8080 }], endpoints: [{ pod: 'cart-a' }] }],
  pods: [
    { name: 'cart-a', ip: '10.0.0.97' },
    { name: 'cart-b', deletion: { killAtMs: 1, graceSeconds: 30 }, ip: '10.0.0.98' },
  ],
};

const route = (name: string, rules: HttpRouteRule[], createdAt = '2026-01-01T00:00:00Z') => ({
  name,
  createdAt,
  spec: { parentRefs: [{ name: 'web' }], rules },
});
const toFront: HttpRouteRule = { name: 'all', backendRefs: [{ name: 'front', port: 80 }] };

const translated = (world: ShortWorld) => translate(snapshotOf({ ...shop, ...world }));
function tableOf(world: ShortWorld) {
  const table = translated(world).tables['shop/web'];
  if (table === undefined) throw new Error('there is no table');
  return table;
}
const cookiesOf = (world: ShortWorld) =>
  tableOf(world).routes.map(({ name, persistence }) => [name, persistence?.carrier.name].join(' '));

describe('a rule to a user’s Service that selects the pods of a StickyWorkload', () => {
  test('keeps sessions, with the keys and limits of the StickyWorkload, on a backend of its own', () => {
    const { routes, backends } = tableOf({ httpRoutes: [route('r', [toFront])] });
    expect(routes).toMatchObject([
      {
        backendRefs: [{ backend: 'shop/front:80@shop/r/all', weight: 1 }],
        persistence: { onEndpointLost: 'Reassign' },
      },
    ]);
    expect(Object.keys(backends)).toEqual(['shop/front:80@shop/r/all']);
    expect(backends['shop/front:80@shop/r/all']).toMatchObject({
      policy: 'LeastSessions',
      sessions: { limits: { idleTimeoutMs: 1_800_000 }, keyRing: { current: 1 } },
    });
  });

  test('also has the pods that the Service lists no more and that hold sessions', () => {
    const { backends } = tableOf({ httpRoutes: [route('r', [toFront])] });
    expect(backends['shop/front:80@shop/r/all']?.endpoints.map((one) => `${one.pod}:${one.port} ${one.state}`)).toEqual(
      ['cart-a:8080 Accepting', 'cart-b:8080 Draining'],
    );
  });

  test('also has the pods of other workloads that the Service selects', () => {
    const { backends } = tableOf({
      httpRoutes: [route('r', [toFront])],
      pods: [{ name: 'cart-a' }, { name: 'canary-b', of: 'Deployment/canary' }],
      slices: [
        {
          name: 'front-1',
          service: 'front',
          ports: [{ name: 'web', port: 8080 }],
          endpoints: [{ pod: 'cart-a' }, { pod: 'canary-b' }],
        },
      ],
    });
    expect(backends['shop/front:80@shop/r/all']?.endpoints.map(({ pod }) => pod)).toEqual(['canary-b', 'cart-a']);
  });

  test('counts for the drains of the StickyWorkload', () => {
    const { gatewaysByBackend, backends } = translated({ httpRoutes: [route('r', [toFront])] });
    expect(gatewaysByBackend.get('shop/cart')).toEqual(['shop/web']);
    expect(backends['shop/cart']?.endpoints.map(({ pod }) => pod)).toEqual(['cart-a', 'cart-b']);
  });

  test('without a StickyWorkload is plain', () => {
    const { routes, backends } = tableOf({ workloads: [], httpRoutes: [route('r', [toFront])] });
    expect(routes).toMatchObject([{ backendRefs: [{ backend: 'shop/front:80' }] }]);
    expect(routes[0]).not.toHaveProperty('persistence');
    expect(backends['shop/front:80']).not.toHaveProperty('sessions');
  });

  test('of which the selector covers other pods is plain', () => {
    const services = [{ name: 'front', ownerUids: [], ports: [port], selector: { app: 'cart', tier: 'gold' } }];
    expect(Object.keys(tableOf({ services, httpRoutes: [route('r', [toFront])] }).backends)).toEqual(['shop/front:80']);
  });
});

test('a rule to the Service of a StickyWorkload keeps sessions too', () => {
  const { backends } = tableOf({
    services: [{ name: 'cart' }],
    slices: [{ name: 'cart-1', endpoints: [{ pod: 'cart-a' }] }],
    httpRoutes: [route('r', [{ name: 'all', backendRefs: [{ name: 'cart', port: 80 }] }])],
  });
  expect(backends['shop/cart:80@shop/r/all']?.endpoints.map(({ pod, state }) => `${pod} ${state}`)).toEqual([
    'cart-a Accepting',
    'cart-b Draining',
  ]);
});

test('a rule with one backend of a StickyWorkload keeps sessions on all of its backends', () => {
  const { backends } = tableOf({
    services: [...(shop.services ?? []), { name: 'plain', ownerUids: [], ports: [port] }],
    slices: [
      { name: 'plain-1', service: 'plain', ports: [{ name: 'web', port: 1 }], endpoints: [{ address: '192.0.2.1' }] },
    ],
    httpRoutes: [
      route('r', [
        {
          name: 'split',
          backendRefs: [
            { name: 'plain', port: 80 },
            { name: 'front', port: 80 },
          ],
        },
      ]),
    ],
  });
  expect(backends['shop/plain:80@shop/r/split']).toMatchObject({
    sessions: { limits: { idleTimeoutMs: 1_800_000 } },
    endpoints: [{ address: '192.0.2.1' }],
  });
});

describe('two rules never share a session', () => {
  const two = {
    httpRoutes: [
      route('r', [
        { ...toFront, name: 'a' },
        { ...toFront, name: 'b' },
      ]),
    ],
  };

  test('each has its own backend, whose id is in the tokens, and its own cookie', () => {
    expect(Object.keys(tableOf(two).backends)).toEqual(['shop/front:80@shop/r/a', 'shop/front:80@shop/r/b']);
    expect(cookiesOf(two)).toEqual([
      expect.stringMatching(/^shop\/r#0\.0 cart-session-[0-9a-f]{8}$/),
      expect.stringMatching(/^shop\/r#1\.0 cart-session-[0-9a-f]{8}$/),
    ]);
    expect(new Set(cookiesOf(two)).size).toBe(2);
  });

  test('a rule keeps its sessions when others are added before it or change', () => {
    const [, before] = cookiesOf(two);
    const three = { httpRoutes: [route('r', [toFront, { name: 'b', ...toFront, matches: [{ method: 'GET' }] }])] };
    const { name: _name, ...unnamed } = toFront;
    const path = (value: string) => ({ ...unnamed, matches: [{ path: { value } }] });
    expect(before).toBeDefined();
    expect(cookiesOf(three)).toHaveLength(2);
    const after = cookiesOf({ httpRoutes: [route('r', [path('/new'), path('/old')])] });
    const alone = cookiesOf({ httpRoutes: [route('r', [path('/old')])] });
    expect(after[1]?.split(' ')[1]).toBe(alone[0]?.split(' ')[1]);
  });

  test('a cookie name of the StickyWorkload stays for the first rule that leads to it', () => {
    const cookie: ShortWorkload = {
      name: 'cart',
      spec: { ...leftToUser, sessionPersistence: { cookie: { name: 'own' } } },
    };
    const httpRoutes = [route('young', [toFront], '2026-01-02T00:00:00Z'), route('old', [toFront])];
    expect(cookiesOf({ workloads: [cookie], httpRoutes })).toEqual([
      'shop/old#0.0 own',
      expect.stringMatching(/^shop\/young#0\.0 own-[0-9a-f]{8}$/),
    ]);
  });

  test('on another Gateway a cookie name is free: anyone may claim any host on a Gateway of their own', () => {
    const named: HttpRouteRule = { ...toFront, sessionPersistence: { sessionName: 'basket' } };
    const httpRoutes = [
      { ...route('other', [named]), spec: { parentRefs: [{ name: 'other' }], rules: [named] } },
      route('young', [named], '2026-01-02T00:00:00Z'),
      route('younger', [named], '2026-01-03T00:00:00Z'),
    ];
    expect(cookiesOf({ gateways: [{ name: 'other' }, { name: 'web' }], httpRoutes })).toEqual([
      'shop/young#0.0 basket',
      expect.stringMatching(/^shop\/younger#0\.0 basket-[0-9a-f]{8}$/),
    ]);
  });
});
