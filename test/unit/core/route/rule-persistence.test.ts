/** `sessionPersistence` of rules, in the fields of each generation of GEP-1619. */
import { describe, expect, test } from '@jest/globals';
import type { HttpRouteRule, SessionPersistenceSpec } from '../../../../src/core/snapshot/http-route.ts';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { keyRing, snapshotOf, type ShortWorld } from '../../../support/world.ts';

const port = { name: 'web', port: 80, targetPort: 8080 };
const shop: ShortWorld = {
  gateways: [{ name: 'web' }],
  services: [{ name: 'cart', ownerUids: [], ports: [port], selector: { app: 'cart' } }],
};
const rule = (sessionPersistence: SessionPersistenceSpec, rest: Partial<HttpRouteRule> = {}): HttpRouteRule => ({
  name: 'all',
  backendRefs: [{ name: 'cart', port: 80 }],
  sessionPersistence,
  ...rest,
});
const routeOf = (name: string, rules: HttpRouteRule[], hostnames: string[] = []) => ({
  name,
  spec: { parentRefs: [{ name: 'web' }], hostnames, rules },
});

function tableOf(world: ShortWorld, rings: Pick<Snapshot, 'masterRing'> = { masterRing: keyRing }) {
  const { tables, httpRoutes } = translate({ ...snapshotOf({ ...shop, ...world }), ...rings });
  const [verdict] = httpRoutes.get('shop/r')?.parents ?? [];
  return { routes: [], backends: {}, ...tables['shop/web'], verdict };
}
const held = 'shop/cart:80@shop/r/all';

test.each<[string, SessionPersistenceSpec, object]>([
  ['a cookie', {}, { type: 'Cookie', path: '/', lifetimeType: 'Session', sameSite: 'Lax', secureIfHttps: true }],
  ['a named cookie (v1.6)', { type: 'Cookie', sessionName: 'mine' }, { type: 'Cookie', name: 'mine' }],
  [
    'a permanent cookie (v1.6)',
    { sessionName: 'mine', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } },
    { type: 'Cookie', lifetimeType: 'Permanent' },
  ],
  ['a cookie of a path (v1.7)', { cookie: { name: 'mine', path: '/a' } }, { type: 'Cookie', name: 'mine', path: '/a' }],
  ['a header (v1.6)', { type: 'Header', sessionName: 'X-Mine' }, { type: 'Header', name: 'X-Mine' }],
  ['a header (v1.7)', { type: 'Header', header: { name: 'X-Mine' } }, { type: 'Header', name: 'X-Mine' }],
])('a rule keeps sessions in %s', (_, spec, carrier) => {
  const { routes } = tableOf({ httpRoutes: [routeOf('r', [rule(spec)])] });
  expect(routes).toMatchObject([{ persistence: { carrier }, backendRefs: [{ backend: held }] }]);
});

describe('a rule without a StickyWorkload', () => {
  test('has keys of its own, derived from those of the installation', () => {
    const { backends } = tableOf({
      httpRoutes: [routeOf('r', [rule({ absoluteTimeout: '1h' }), rule({}, { name: 'other' })])],
    });
    const [one, other] = ['all', 'other'].map((name) => backends[`shop/cart:80@shop/r/${name}`]?.sessions);
    expect(one).toMatchObject({ limits: { absoluteTimeoutMs: 3_600_000, idleTimeoutMs: 1_800_000 } });
    expect(one?.keyRing.keys.map(({ id }) => id)).toEqual([1]);
    const secrets = [one, other].map((sessions) => sessions?.keyRing.keys[0]?.secret);
    expect(new Set([...secrets, keyRing.keys[0]?.secret]).size).toBe(3);
  });

  test('has no backend until the installation has keys', () => {
    const { routes, backends } = tableOf({ httpRoutes: [routeOf('r', [rule({})])] }, {});
    expect(routes).toHaveLength(1);
    expect(backends).toEqual({});
  });
});

test('with a StickyWorkload the rule decides about the carrier and the absolute timeout, and the StickyWorkload about the rest', () => {
  const { routes, backends } = tableOf({
    workloads: [
      {
        name: 'cart',
        spec: {
          route: { kind: 'None' },
          sessionPersistence: { idleTimeout: '7m', absoluteTimeout: '9h', onEndpointLost: 'Reject' },
        },
      },
    ],
    targets: [{ name: 'cart' }],
    httpRoutes: [routeOf('r', [rule({ type: 'Header', sessionName: 'X-Mine' })])],
  });
  expect(routes).toMatchObject([{ persistence: { carrier: { name: 'X-Mine' }, onEndpointLost: 'Reject' } }]);
  expect(backends[held]?.sessions).toMatchObject({ limits: { idleTimeoutMs: 420_000 }, keyRing });
  expect(backends[held]?.sessions?.limits).not.toHaveProperty('absoluteTimeoutMs');
});

test('two rules with one name of a cookie share it only if they have no host in common', () => {
  const named = [rule({ sessionName: 'mine' })];
  const namesOf = (hostnames: string[]) =>
    tableOf({ httpRoutes: [routeOf('r', named, ['a.example.com']), routeOf('s', named, hostnames)] }).routes.map(
      ({ persistence }) => persistence?.carrier.name,
    );
  expect(namesOf(['b.example.com'])).toEqual(['mine', 'mine']);
  expect(namesOf(['*.example.com'])).toEqual(['mine', expect.stringMatching(/^mine-[0-9a-f]{8}$/)]);
});

test.each<[string, SessionPersistenceSpec]>([
  ['a name that would end the attribute', { sessionName: 'a;Domain=evil' }],
  ['a header that HTTP reserves', { type: 'Header', sessionName: 'Content-Length' }],
  ['a lifetime of nothing', { absoluteTimeout: '0s' }],
  ['a field of a newer version', { novelty: 1 } as SessionPersistenceSpec],
])('a rule with %s is refused', (_, spec) => {
  const { routes, verdict } = tableOf({ httpRoutes: [routeOf('r', [rule(spec)])] });
  expect(verdict).toMatchObject({ kind: 'refused', reason: 'UnsupportedValue' });
  expect(routes).toEqual([]);
});
