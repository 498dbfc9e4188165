import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import { findRouteShortfall } from '../../../../src/core/route/shortfall.ts';
import { judgeHttpRoute } from '../../../../src/core/status/route-status.ts';
import { snapshotOf, type ShortWorkload } from '../../../support/world.ts';

type Route = NonNullable<NonNullable<ShortWorkload['spec']>['route']>;
const prefix = (value: string) => ({ path: { type: 'PathPrefix' as const, value } });

const exact = { matches: [{ path: { type: 'Exact' as const, value: '/a' } }] };

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

function routeOf({ routes }: ReturnType<typeof world>, name: string) {
  const route = routes[`shop/${name}`];
  if (route === undefined) throw new Error('there is no route');
  return route;
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

  const regex = (value: string) => ({ path: { type: 'RegularExpression' as const, value } });

  test.each<[string, Route, Route]>([
    ['an older one has with a trailing slash', { matches: [prefix('/foo/')] }, { matches: [prefix('/foo')] }],
    ['an older one has without its trailing slash', { matches: [prefix('/foo')] }, { matches: [prefix('/foo/')] }],
  ])('is one that %s', (_, older, newer) => {
    expect(shortfall(older, newer)).toContain('spec.route: StickyWorkload shop/older is older and receives');
    expect(shortfall(newer, older)).toContain('spec.route: StickyWorkload shop/older is older and receives');
  });

  test.each<[string, Route]>([
    ['a longer prefix', { matches: [prefix('/foo')] }],
    ['a prefix with a method', { matches: [{ ...prefix('/'), method: 'POST' }] }],
    ['an expression that is shorter', { matches: [{ ...regex('/a'), method: 'POST' }] }],
  ])('is one whose %s is on a host where an expression has every path, whichever is older', (_, route) => {
    const every = { matches: [regex('/.*')] };
    const sentence =
      'has a regular expression for every path, which precedes prefixes, and receives the requests for every host';
    expect(shortfall(every, route)).toContain(`StickyWorkload shop/older ${sentence}`);
    expect(shortfall(every, route)).toContain('This route receives none.');
    expect(findRouteShortfall(routeOf(world(route, every), 'older'), world(route, every).gateways)?.message).toContain(
      `StickyWorkload shop/newer ${sentence}`,
    );
  });

  test('keeps OPTIONS * where the expression requires a slash', () => {
    expect(shortfall({ matches: [regex('/.*')] }, {})).toContain('The rest of the route is served.');
    expect(shortfall({ matches: [regex('.*')] }, {})).toContain('This route receives none.');
  });

  test.each<[string, Route, Route]>([
    ['has an exact path beside an expression for every path', { matches: [regex('.*')] }, exact],
    ['has a longer expression', { matches: [regex('.*')] }, { matches: [regex('/longer/.*')] }],
    ['lacks the method of an expression for every path', { matches: [{ ...regex('.*'), method: 'POST' }] }, {}],
    ['has a path that an expression lacks', { matches: [regex('/.+')] }, {}],
    ['has another host than an expression', { hostnames: ['a.example.com'], matches: [regex('.*')] }, {}],
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
