import { describe, expect, test } from '@jest/globals';
import {
  compileRoutes,
  routeFor,
  type CompiledRoutes,
  type RoutePorts,
} from '../../../../src/dataplane/sessions/compiled-routes.ts';
import type { CarrierConflict } from '../../../../src/wire/messages.ts';
import type { Carrier, Listener, Route } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';
import { cookieCarrier, requestOf } from '../../../support/proxy-table.ts';

const token = `h1.${'A'.repeat(43)}.${'B'.repeat(22)}`;
const listeners: Listener[] = [
  { name: 'all', protocol: 'HTTP', port: 80 },
  { name: 'shops', protocol: 'HTTP', port: 80, hostname: '*.example.com' },
  { name: 'other', protocol: 'HTTP', port: 8080 },
];
const carriers: (Carrier | undefined)[] = [
  undefined,
  cookieCarrier({ name: 'one' }),
  cookieCarrier({ name: 'two' }),
  { type: 'Header', name: 'X-One' },
  { type: 'ApplicationCookie', name: 'app' },
  { type: 'ApplicationHeader', name: 'X-App' },
];
const added = ['X-One', 'X-App', 'Set-Cookie'].map((name) => ({ name, value: name === 'Set-Cookie' ? 'two=1' : 'v' }));

type Shape = { name: number; host: number; path: number; on: number; carrier: number; filtered: boolean };

const hosts = [[], ['a.example.com'], ['*.example.com'], ['a.example.com', 'b.org'], ['b.org', 'b.org']];
const routeOf = ({ name, host, path, on, carrier, filtered }: Shape): Route => {
  const travels = carriers[carrier];
  return {
    name: `shop/r${name}#0`,
    hostnames: hosts[host] ?? [],
    match: { path: { type: 'PathPrefix', value: ['/', '/a', '/b'][path] ?? '/' } },
    ...(on > 0 && { listeners: [['all'], ['shops', 'other']][on - 1] ?? [] }),
    ...(filtered && { filters: [{ type: 'ResponseHeaderModifier', add: added }] }),
    backendRefs: [{ backend: 'shop/web', weight: 1 }],
    ...(travels && { persistence: { carrier: travels, onEndpointLost: 'Reassign', newSessionOn: [] } }),
  };
};

/** Applies lists of routes, one after the other. */
function createRoutes() {
  const conflicts: CarrierConflict[] = [];
  const ports: RoutePorts = {
    onConflict: (conflict) => conflicts.push(conflict),
    nowMs: () => 0,
    mirrorPorts: { random: () => 0, target: () => undefined },
  };
  let state: CompiledRoutes | undefined;
  const apply = (routes: Route[], on = listeners) => (state = compileRoutes({ listeners: on, routes }, state, ports));
  return { conflicts, apply };
}

const requests = ['a.example.com', 'c.example.com', 'b.org', ''].flatMap((host) =>
  ['/', '/a', '/b/c'].flatMap((path) =>
    [80, 8080].map((port) => ({ request: { ...requestOf({}), host, path }, port })),
  ),
);

/** What the routes do with each request and its response. */
function behaviour(compiled: CompiledRoutes, conflicts: CarrierConflict[]) {
  return requests.map(({ request, port }) => {
    const name = compiled.index.match(port, request)?.route.name;
    const route = routeFor(compiled, request, port);
    if (route === undefined) return undefined;
    const { filter, refs } = route;
    conflicts.length = 0;
    const names = ['x-one', 'x-app'].map((text) => filter.headers.find(Buffer.from(text), 0, text.length));
    return {
      name,
      kind: route.kind,
      names,
      cookies: filter.cookiesForApp(`one=${token}; two=${token}; app=x.${token}; a=1`),
      headers: names.map(
        (header) => header && [filter.headerForApp(header, token), filter.hidesFromClient(header, 'v')],
      ),
      hidden: ['one=1', 'two=1', 'app=1', 'a=1'].map((line) => filter.hidesCookieFromClient(line)),
      added: refs.map(({ forwarding }) => forwarding?.responseFor?.(undefined).added),
      conflicts: structuredClone(conflicts),
    };
  });
}

describe('routes that change one by one', () => {
  const shape = fc.record<Shape>({
    name: fc.nat(3),
    host: fc.nat(hosts.length - 1),
    path: fc.nat(2),
    on: fc.nat(2),
    carrier: fc.nat(carriers.length - 1),
    filtered: fc.boolean(),
  });
  /** Objects that tables have in common are the same ones, as discovery keeps them; also twice in one table. */
  const tables = fc
    .array(shape.map(routeOf), { minLength: 1, maxLength: 8 })
    .chain((pool) => fc.array(fc.array(fc.constantFrom(...pool), { maxLength: 8 }), { minLength: 1, maxLength: 6 }));

  test('serve as the same routes compiled from scratch, whatever was there before', () => {
    fc.assert(
      fc.property(tables, (steps) => {
        const changing = createRoutes();
        for (const routes of steps) {
          const fresh = createRoutes();
          const expected = behaviour(fresh.apply(routes), fresh.conflicts);
          expect(behaviour(changing.apply(routes), changing.conflicts)).toEqual(expected);
        }
      }),
      { numRuns: 250, seed: 11 },
    );
  });

  test('serve as the same routes compiled from scratch on other listeners', () => {
    const routes = [routeOf({ name: 0, host: 0, path: 0, on: 1, carrier: 1, filtered: false })];
    const { apply } = createRoutes();
    expect(routeFor(apply(routes), { ...requestOf({}), host: 'b.org' }, 8080)).toBeUndefined();
    const moved = apply(routes, [{ name: 'all', protocol: 'HTTP', port: 8080 }]);
    expect(routeFor(moved, { ...requestOf({}), host: 'b.org' }, 8080)).toBeDefined();
    expect(routeFor(moved, { ...requestOf({}), host: 'b.org' }, 80)).toBeUndefined();
  });
});

describe('the compiled routes of other hosts', () => {
  const onHost = (number: number, more: Partial<Shape> = {}): Route => ({
    ...routeOf({ name: number, host: 0, path: 0, on: 0, carrier: 1, filtered: true, ...more }),
    hostnames: [`shop-${number}.test`],
  });
  const all = Array.from({ length: 50 }, (_, number) => onHost(number));
  const compiledOf = (compiled: CompiledRoutes, path = '/') =>
    all.map((_, number) => routeFor(compiled, { ...requestOf({}), host: `shop-${number}.test`, path }, 80));

  test.each([
    { sentence: 'the match of a route changed', change: { path: 1 } },
    { sentence: 'filters of a route are gone', change: { filtered: false } },
  ])('stay the same objects: $sentence', ({ change }) => {
    const { apply } = createRoutes();
    const before = compiledOf(apply(all), '/a');
    const after = compiledOf(apply(all.with(20, onHost(20, change))), '/a');
    expect(after.filter((route, number) => route !== before[number])).toHaveLength(1);
    expect(after[20]).not.toBe(before[20]);
  });

  const plain = all.map((_, number) => onHost(number, { filtered: false }));
  test.each([
    { sentence: 'a route was added before them', routes: [onHost(99), ...plain] },
    { sentence: 'another one got another cookie', routes: plain.with(0, onHost(0, { carrier: 2, filtered: false })) },
    { sentence: 'another one was removed', routes: plain.toSpliced(20, 1) },
  ])('stay the same objects if they have no filters: $sentence', ({ routes }) => {
    const { apply } = createRoutes();
    const old = compiledOf(apply(plain));
    const now = compiledOf(apply(routes));
    const others = plain.flatMap((route, number) => (routes.includes(route) ? [number] : []));
    expect(others.length).toBeGreaterThan(48);
    for (const number of others) expect(now[number]).toBe(old[number]);
  });
});

test('a filter has another version when it keeps more from its app', () => {
  const { apply } = createRoutes();
  const own = routeOf({ name: 0, host: 1, path: 0, on: 0, carrier: 1, filtered: false });
  const other = routeOf({ name: 1, host: 4, path: 0, on: 0, carrier: 2, filtered: false });
  const filterIn = (routes: Route[]) =>
    routeFor(apply(routes), { ...requestOf({}), host: 'a.example.com', path: '/' }, 80)?.filter;
  const before = filterIn([own]);
  const version = before?.version;
  expect(before?.cookiesForApp(`two=${token}`)).not.toBe('');
  const after = filterIn([own, other]);
  expect(after?.cookiesForApp(`two=${token}`)).toBe('');
  // The route itself has not changed.
  expect(after).toBe(before);
  expect(after?.version).not.toBe(version);
});
