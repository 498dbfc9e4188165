import { describe, expect, test } from '@jest/globals';
import type { RouteMatch } from '../../../../src/api/spec.ts';
import { sortRoutes, type MatchableRequest } from '../../../../src/core/routing/match.ts';
import { createRouteIndex } from '../../../../src/core/routing/route-index.ts';
import { intersectHostnames, shareHost } from '../../../../src/core/routing/hostnames.ts';
import type {
  Listener,
  RequestMatch,
  Route,
  RoutePersistence,
  RoutingTable,
} from '../../../../src/wire/routing-table.ts';

const listeners = [{ name: 'http', protocol: 'HTTP' as const, port: 80 }];
const prefix = (value: string): RouteMatch['path'] => ({ type: 'PathPrefix', value });
const exact = (value: string): RouteMatch['path'] => ({ type: 'Exact', value });
const regex = (value: string): RouteMatch['path'] => ({ type: 'RegularExpression', value });
const persistence: RoutePersistence = {
  carrier: { type: 'Header', name: 'x-session' },
  onEndpointLost: 'Reassign',
  newSessionOn: [],
};
const route = (name: string, match: Partial<RequestMatch>, hostnames: string[] = []): Route => ({
  name,
  hostnames,
  match: { path: prefix('/'), ...match },
  backendRefs: [],
  persistence,
});

/** Returns the route that a table has for a request. */
function compileTable(table: Pick<RoutingTable, 'listeners' | 'routes'>) {
  const index = createRouteIndex(table.listeners);
  index.replace(table.routes);
  return { match: (port: number, sent: MatchableRequest) => index.match(port, sent)?.route };
}

type Sent = { method?: string; host?: string; path?: string; query?: string; headers?: Record<string, string[]> };
const request = ({
  method = 'GET',
  host = 'example.com',
  path = '/',
  query = '',
  headers = {},
}: Sent): MatchableRequest => ({ method, host, path, query, headers: (name) => headers[name] ?? [] });

const matches = (match: Partial<RouteMatch>, sent: Sent) =>
  compileTable({ listeners, routes: [route('r', match)] }).match(80, request(sent)) !== undefined;
const header = (name: string, value: string, type: 'Exact' | 'RegularExpression' = 'Exact') => ({ name, value, type });

describe('a match', () => {
  const rows: { sentence: string; match: Partial<RouteMatch>; sent: Sent; isMatch: boolean }[] = [
    { sentence: 'an exact path matches itself', match: { path: exact('/foo') }, sent: { path: '/foo' }, isMatch: true },
    {
      sentence: 'an exact path does not match with a trailing slash',
      match: { path: exact('/foo') },
      sent: { path: '/foo/' },
      isMatch: false,
    },
    { sentence: 'paths are case-sensitive', match: { path: exact('/foo') }, sent: { path: '/Foo' }, isMatch: false },
    { sentence: 'a prefix matches itself', match: { path: prefix('/foo') }, sent: { path: '/foo' }, isMatch: true },
    {
      sentence: 'a prefix matches paths below it',
      match: { path: prefix('/foo') },
      sent: { path: '/foo/bar' },
      isMatch: true,
    },
    {
      sentence: 'a prefix matches whole elements only',
      match: { path: prefix('/foo') },
      sent: { path: '/foobar' },
      isMatch: false,
    },
    {
      sentence: 'a trailing slash of a prefix is ignored',
      match: { path: prefix('/foo/') },
      sent: { path: '/foo' },
      isMatch: true,
    },
    {
      sentence: 'a prefix with a trailing slash matches paths below it',
      match: { path: prefix('/foo/') },
      sent: { path: '/foo/bar' },
      isMatch: true,
    },
    {
      sentence: 'a prefix with a trailing slash matches whole elements only',
      match: { path: prefix('/foo/') },
      sent: { path: '/foobar' },
      isMatch: false,
    },
    {
      sentence: 'the prefix / matches all paths',
      match: { path: prefix('/') },
      sent: { path: '/anything' },
      isMatch: true,
    },
    {
      sentence: 'the query is not part of the path',
      match: { path: exact('/foo') },
      sent: { path: '/foo', query: 'a=1' },
      isMatch: true,
    },
    {
      sentence: 'a regular expression must match the whole path',
      match: { path: regex('/v[0-9]+') },
      sent: { path: '/v12' },
      isMatch: true,
    },
    {
      sentence: 'a regular expression does not match a part of the path',
      match: { path: regex('/v[0-9]+') },
      sent: { path: '/v12/x' },
      isMatch: false,
    },
    {
      sentence: 'alternatives of a regular expression are anchored too',
      match: { path: regex('/a|/b') },
      sent: { path: '/b-and-more' },
      isMatch: false,
    },
    {
      sentence: 'an invalid regular expression matches nothing',
      match: { path: regex('/(') },
      sent: { path: '/(' },
      isMatch: false,
    },
    { sentence: 'a method matches itself', match: { method: 'POST' }, sent: { method: 'POST' }, isMatch: true },
    { sentence: 'a method does not match another', match: { method: 'POST' }, sent: { method: 'GET' }, isMatch: false },
    {
      sentence: 'a header name is case-insensitive',
      match: { headers: [header('X-Env', 'canary')] },
      sent: { headers: { 'x-env': ['canary'] } },
      isMatch: true,
    },
    {
      sentence: 'the value of a header is case-sensitive',
      match: { headers: [header('X-Env', 'canary')] },
      sent: { headers: { 'x-env': ['Canary'] } },
      isMatch: false,
    },
    {
      sentence: 'a missing header does not match, not even an expression for the empty string',
      match: { headers: [header('X-Env', '.*', 'RegularExpression')] },
      sent: {},
      isMatch: false,
    },
    {
      sentence: 'several lines of a header are one value',
      match: { headers: [header('X-Env', 'a, b')] },
      sent: { headers: { 'x-env': ['a', 'b'] } },
      isMatch: true,
    },
    {
      sentence: 'all headers must match',
      match: { headers: [header('a', '1'), header('b', '2')] },
      sent: { headers: { a: ['1'] } },
      isMatch: false,
    },
    {
      sentence: 'of two matches of one header only the first counts',
      match: { headers: [header('A', '1'), header('a', '2')] },
      sent: { headers: { a: ['1'] } },
      isMatch: true,
    },
    {
      sentence: 'a query parameter matches',
      match: { queryParams: [header('v', '1')] },
      sent: { query: 'x=0&v=1' },
      isMatch: true,
    },
    {
      sentence: 'a query parameter is compared decoded',
      match: { queryParams: [header('v', 'a b')] },
      sent: { query: 'v=a%20b' },
      isMatch: true,
    },
    {
      sentence: 'only the first of a repeated query parameter counts',
      match: { queryParams: [header('v', '2')] },
      sent: { query: 'v=1&v=2' },
      isMatch: false,
    },
    {
      sentence: 'the name of a query parameter is case-sensitive',
      match: { queryParams: [header('v', '1')] },
      sent: { query: 'V=1' },
      isMatch: false,
    },
    {
      sentence: 'a request without a query has no parameters',
      match: { queryParams: [header('v', '.*', 'RegularExpression')] },
      sent: {},
      isMatch: false,
    },
    {
      sentence: 'path, method and header must all match',
      match: { path: prefix('/a'), method: 'GET', headers: [header('h', '1')] },
      sent: { path: '/a/b', headers: { h: ['1'] } },
      isMatch: true,
    },
    {
      sentence: 'path and header match, but the method does not',
      match: { path: prefix('/a'), method: 'PUT', headers: [header('h', '1')] },
      sent: { path: '/a/b', headers: { h: ['1'] } },
      isMatch: false,
    },
  ];
  test.each(rows)('$sentence', ({ match, sent, isMatch }) => {
    expect(matches(match, sent)).toBe(isMatch);
  });
});

describe('host names', () => {
  const hosts = (patterns: string[], host: string) =>
    compileTable({ listeners, routes: [route('r', {}, patterns)] }).match(80, request({ host })) !== undefined;
  test.each([
    { sentence: 'no pattern is for every host', patterns: [], host: 'anything', isMatch: true },
    { sentence: 'an exact pattern is for its host', patterns: ['a.example.com'], host: 'a.example.com', isMatch: true },
    {
      sentence: 'an exact pattern is not for subdomains',
      patterns: ['example.com'],
      host: 'a.example.com',
      isMatch: false,
    },
    { sentence: 'a wildcard is for one label', patterns: ['*.example.com'], host: 'a.example.com', isMatch: true },
    {
      sentence: 'a wildcard is for several labels',
      patterns: ['*.example.com'],
      host: 'a.b.example.com',
      isMatch: true,
    },
    {
      sentence: 'a wildcard is not for its own domain',
      patterns: ['*.example.com'],
      host: 'example.com',
      isMatch: false,
    },
    {
      sentence: 'a wildcard matches whole labels only',
      patterns: ['*.example.com'],
      host: 'badexample.com',
      isMatch: false,
    },
    { sentence: 'one of several patterns is enough', patterns: ['a.com', 'b.com'], host: 'b.com', isMatch: true },
    {
      sentence: 'a request without a host matches only routes for every host',
      patterns: ['a.com'],
      host: '',
      isMatch: false,
    },
  ])('$sentence: $patterns for $host: $isMatch', ({ patterns, host, isMatch }) => {
    expect(hosts(patterns, host)).toBe(isMatch);
  });

  test('a listener serves only its port and its host names', () => {
    const matcher = compileTable({
      listeners: [
        { name: 'a', protocol: 'HTTP', port: 80, hostname: '*.example.com' },
        { name: 'b', protocol: 'HTTP', port: 8080 },
      ],
      routes: [route('r', {})],
    });
    expect(matcher.match(80, request({ host: 'a.example.com' }))?.name).toBe('r');
    expect(matcher.match(80, request({ host: 'other.com' }))).toBeUndefined();
    expect(matcher.match(8080, request({ host: 'other.com' }))?.name).toBe('r');
    expect(matcher.match(9999, request({ host: 'a.example.com' }))).toBeUndefined();
  });
});

describe('listeners of one Gateway', () => {
  const exact: Listener = { name: 'exact', protocol: 'HTTP', port: 80, hostname: 'a.example.com' };
  const wild: Listener = { name: 'wild', protocol: 'HTTP', port: 80, hostname: '*.example.com' };
  const rest: Listener = { name: 'rest', protocol: 'HTTP', port: 80 };
  const other: Listener = { name: 'other', protocol: 'HTTP', port: 8080 };
  const on = (name: string, listeners: string[], hostnames: string[] = [], match: Partial<RouteMatch> = {}): Route => ({
    ...route(name, match, hostnames),
    listeners,
  });
  const found = (routes: Route[], host: string, port = 80) =>
    compileTable({ listeners: [exact, wild, rest, other], routes: sortRoutes(routes) }).match(port, request({ host }))
      ?.name;

  const rows: { sentence: string; routes: Route[]; host: string; port?: number; name: string | undefined }[] = [
    {
      sentence: 'a route is found on the listener that it is attached to',
      routes: [on('r', ['wild'])],
      host: 'b.example.com',
      name: 'r',
    },
    {
      sentence: 'a route is not found on another listener of the same port',
      routes: [on('r', ['wild'])],
      host: 'elsewhere.org',
      name: undefined,
    },
    {
      sentence: 'a route is not found on the same host of another port',
      routes: [on('r', ['wild'])],
      host: 'b.example.com',
      port: 8080,
      name: undefined,
    },
    {
      sentence: 'the most specific listener handles the request although only a less specific one has a route',
      routes: [on('r', ['wild', 'rest'])],
      host: 'a.example.com',
      name: undefined,
    },
    {
      sentence: 'each listener has its own routes',
      routes: [on('r', ['wild']), on('s', ['exact'])],
      host: 'a.example.com',
      name: 's',
    },
    {
      sentence: 'a route with another host is not found on a listener',
      routes: [on('r', ['wild'], ['b.example.com'])],
      host: 'c.example.com',
      name: undefined,
    },
    {
      sentence: 'a route without listeners is on all of them',
      routes: [route('r', {})],
      host: 'a.example.com',
      port: 8080,
      name: 'r',
    },
  ];
  test.each(rows)('$sentence', ({ routes, host, port, name }) => {
    expect(found(routes, host, port)).toBe(name);
  });
});

describe('the common host names of a route and a listener', () => {
  test.each<[string, string[], string | undefined, string[] | undefined]>([
    ['are those of the route if the listener has none', ['a.com'], undefined, ['a.com']],
    ['are that of the listener if the route has none', [], 'a.com', ['a.com']],
    ['are all if neither has any', [], undefined, []],
    ['are those that a wildcard of the listener covers', ['a.com', 'x.b.com'], '*.b.com', ['x.b.com']],
    ['are that of the listener if a wildcard of the route covers it', ['*.com'], 'a.com', ['a.com']],
    ['are the more specific of two wildcards', ['*.a.com'], '*.com', ['*.a.com']],
    ['nothing', ['a.com'], 'b.com', undefined],
    ['are none for a wildcard and its own domain', ['a.com'], '*.a.com', undefined],
  ])('%s', (_, ofRoute, ofListener, shared) => {
    expect(intersectHostnames(ofRoute, ofListener)).toEqual(shared);
  });

  test('are shared by two lists if one covers a name of the other', () => {
    expect(shareHost([], ['a.com'])).toBe(true);
    expect(shareHost(['*.com'], ['a.com', 'b.org'])).toBe(true);
    expect(shareHost(['a.com'], ['b.com'])).toBe(false);
  });
});

describe('precedence', () => {
  const first = (routes: Route[], sent: Sent) =>
    compileTable({ listeners, routes: sortRoutes(routes) }).match(80, request(sent))?.name;

  test('orders all differences, whatever the order of the input', () => {
    const inOrder = [
      route('exact host', {}, ['a.long.example.com']),
      route('shorter exact host', {}, ['example.com']),
      route('longer wildcard', {}, ['*.very-long-name.example.com']),
      route('wildcard', {}, ['*.example.com']),
      route('exact path', { path: exact('/a') }),
      route('regular expression', { path: regex('/a.*') }),
      route('longer prefix', { path: prefix('/a/b/c') }),
      route('shorter prefix, method', { path: prefix('/a'), method: 'GET' }),
      route('shorter prefix, two headers', { path: prefix('/a'), headers: [header('a', '1'), header('b', '1')] }),
      route('shorter prefix, one header and query', {
        path: prefix('/a'),
        headers: [header('a', '1')],
        queryParams: [header('a', '1')],
      }),
      route('shorter prefix, one header', { path: prefix('/a'), headers: [header('a', '1')] }),
      route('shorter prefix, query', { path: prefix('/a'), queryParams: [header('a', '1')] }),
      route('shorter prefix', { path: prefix('/a') }),
    ];
    const names = (routes: Route[]) => routes.map(({ name }) => name);
    expect(names(sortRoutes(inOrder.toReversed()))).toEqual(names(inOrder));
  });

  test('of gRPC, of any type: longer services, then longer methods, then headers', () => {
    const type = 'Exact';
    const inOrder = [
      route('service and method', { rpc: { type, service: 'a.Long', method: 'Get' } }),
      route('expression of a service', { rpc: { type: 'RegularExpression', service: 'a.Lon.' } }),
      route('shorter service, header', {
        rpc: { type, service: 'a.B', method: 'GetAll' },
        headers: [header('a', '1')],
      }),
      route('shorter service', { rpc: { type, service: 'a.B', method: 'GetAll' } }),
      route('method', { rpc: { type, method: 'GetAllOfThem' } }),
      route('headers', { headers: [header('a', '1')] }),
      route('everything', {}),
    ];
    const names = (routes: Route[]) => routes.map(({ name }) => name);
    expect(names(sortRoutes(inOrder.toReversed()))).toEqual(names(inOrder));
  });

  test('keeps the order of equals: the older one comes first', () => {
    expect(sortRoutes([route('older', {}), route('younger', {})]).map(({ name }) => name)).toEqual([
      'older',
      'younger',
    ]);
  });

  test('ignores the trailing slash of a prefix', () => {
    const routes = [route('older', { path: prefix('/a') }), route('younger', { path: prefix('/a/') })];
    expect(first(routes, { path: '/a' })).toBe('older');
    expect(first(routes.toReversed(), { path: '/a/b' })).toBe('younger');
  });

  test('tries the most specific host first, and the next if no path of it matches', () => {
    const routes = [
      route('any', {}),
      route('wildcard', {}, ['*.com']),
      route('exact', { path: prefix('/only') }, ['a.com']),
    ];
    expect(first(routes, { host: 'a.com', path: '/only' })).toBe('exact');
    expect(first(routes, { host: 'a.com', path: '/else' })).toBe('wildcard');
    expect(first(routes, { host: 'a.org', path: '/else' })).toBe('any');
  });

  test('ignores the other host names of a route among the routes of a host', () => {
    const routes = [
      route('two hosts', {}, ['a-very-long-host.example.com', '*.com']),
      route('exact path', { path: exact('/x') }, ['*.com']),
    ];
    expect(first(routes, { host: 'a.com', path: '/x' })).toBe('exact path');
  });
});
