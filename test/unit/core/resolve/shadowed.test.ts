import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import { findRouteShortfall } from '../../../../src/core/route/shortfall.ts';
import { judgeHttpRoute } from '../../../../src/core/status/route-status.ts';
import { snapshotOf, type ShortWorkload } from '../../../support/world.ts';

type Route = NonNullable<NonNullable<ShortWorkload['spec']>['route']>;
const prefix = (value: string) => ({ path: { type: 'PathPrefix' as const, value } });

/** `older` and then `newer` in one namespace, with these routes. */
function world(older: Route, newer: Route) {
  const names = ['older', 'newer'];
  return translate(
    snapshotOf({
      workloads: names.map((name, at) => ({
        name,
        createdAt: `2026-01-0${at + 1}T00:00:00Z`,
        spec: { route: at === 0 ? older : newer },
      })),
      targets: names.map((name) => ({ name })),
    }),
  );
}

const shortfall = (older: Route, newer: Route) => {
  const { routes, gateways } = world(older, newer);
  const route = routes['shop/newer'];
  return route && findRouteShortfall(route, gateways)?.message;
};

describe('a route whose requests an older one has', () => {
  test('is named with the older one, host and path, and the way out', () => {
    expect(shortfall({}, {})).toBe(
      'spec.route: StickyWorkload shop/older is older and receives the requests for every host and path /. This route receives none. ' +
        'Set other hostnames or matches in spec.route, or attach one of the two to another Gateway.',
    );
  });

  test('says which part of it is left', () => {
    const newer = { hostnames: ['a.example.com', 'b.example.com'] };
    expect(shortfall({ hostnames: ['a.example.com'] }, newer)).toContain(
      'the requests for host a.example.com and path /. The rest of the route is served.',
    );
  });

  test('has a condition on the HTTPRoute, which stays accepted', () => {
    const route = world({}, {}).routes['shop/newer'];
    if (route === undefined) throw new Error('there is no route');
    expect(judgeHttpRoute(route.judged, { generation: 1 }, 0, route.shadows)).toMatchObject({
      parents: [
        {
          conditions: [
            { type: 'Accepted', status: 'True' },
            {
              type: 'holdfast.dev/Shadowed',
              status: 'True',
              reason: 'RouteShadowed',
              message: expect.stringContaining('StickyWorkload shop/older is older'),
            },
            { type: 'ResolvedRefs' },
          ],
        },
      ],
    });
  });

  test.each<[string, Route, Route]>([
    ['has another host', { hostnames: ['a.example.com'] }, { hostnames: ['b.example.com'] }],
    ['has a more specific host', {}, { hostnames: ['b.example.com'] }],
    ['has a longer path', { matches: [prefix('/')] }, { matches: [prefix('/cart')] }],
    ['asks for a method', {}, { matches: [{ ...prefix('/'), method: 'POST' }] }],
    [
      'matches another header',
      { matches: [{ ...prefix('/'), headers: [{ type: 'Exact', name: 'x', value: '1' }] }] },
      { matches: [{ ...prefix('/'), headers: [{ type: 'Exact', name: 'x', value: '2' }] }] },
    ],
    ['is the backend of the older one, as a canary', { backends: [{ name: 'older' }, { name: 'newer' }] }, {}],
  ])('is not one that %s', (_, older, newer) => {
    expect(shortfall(older, newer)).toBeUndefined();
  });
});

describe('an HTTPRoute of a user', () => {
  const rules = (value: string) => [{ matches: [{ path: { value } }] }];
  const route = (name: string, createdAt: string, value = '/') => ({
    name,
    createdAt,
    spec: { parentRefs: [{ name: 'web' }], rules: rules(value) },
  });
  const parentRefs = [{ name: 'web' }];
  const conditionsOf = (world: Parameters<typeof snapshotOf>[0], name: string) => {
    const { httpRoutes, routeShadows } = translate(snapshotOf({ gateways: [{ name: 'web' }], ...world }));
    const judged = httpRoutes.get(`shop/${name}`);
    if (judged === undefined) throw new Error('there is no route');
    const status = judgeHttpRoute(judged, { generation: 1 }, 0, routeShadows.get(`HTTPRoute/shop/${name}`));
    const { parents } = status as { parents: { conditions: { type: string; message: string }[] }[] };
    return parents.flatMap(({ conditions }) => conditions.filter(({ type }) => type === 'holdfast.dev/Shadowed'));
  };
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];

  test('whose requests an older one has says so', () => {
    const httpRoutes = [route('newer', late), route('older', early)];
    expect(conditionsOf({ httpRoutes }, 'newer')).toMatchObject([
      { message: expect.stringContaining('spec.rules: HTTPRoute shop/older is older and receives the requests') },
    ]);
    expect(conditionsOf({ httpRoutes }, 'older')).toEqual([]);
    expect(conditionsOf({ httpRoutes: [route('newer', late, '/a'), route('older', early)] }, 'newer')).toEqual([]);
  });

  test('and a StickyWorkload shadow each other by age', () => {
    const workloads = [{ name: 'cart', createdAt: late, spec: { route: { parentRefs } } }];
    const targets = [{ name: 'cart' }];
    const { routes, gateways } = translate(
      snapshotOf({ gateways: [{ name: 'web' }], workloads, targets, httpRoutes: [route('older', early)] }),
    );
    const verdict = routes['shop/cart'];
    expect(verdict && findRouteShortfall(verdict, gateways)?.message).toContain('HTTPRoute shop/older is older');
    const older = [{ name: 'cart', createdAt: early, spec: { route: { parentRefs } } }];
    expect(conditionsOf({ workloads: older, targets, httpRoutes: [route('r', late)] }, 'r')).toMatchObject([
      { message: expect.stringContaining('StickyWorkload shop/cart is older') },
    ]);
  });
});
