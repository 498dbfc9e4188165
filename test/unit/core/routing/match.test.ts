import { describe, expect, test } from '@jest/globals';
import type { RouteMatch } from '../../../../src/api/spec.ts';
import { compileTable, sortRoutes, type MatchableRequest } from '../../../../src/core/routing/match.ts';
import { intersectHostnames, shareHost } from '../../../../src/core/routing/hostnames.ts';
import type { Listener, Route, RoutePersistence } from '../../../../src/wire/routing-table.ts';

const listeners = [{ name: 'http', protocol: 'HTTP' as const, port: 80 }];
const prefix = (value: string): RouteMatch['path'] => ({ type: 'PathPrefix', value });
const exact = (value: string): RouteMatch['path'] => ({ type: 'Exact', value });
const regex = (value: string): RouteMatch['path'] => ({ type: 'RegularExpression', value });
const persistence: RoutePersistence = {
  carrier: { type: 'Header', name: 'x-session' },
  onEndpointLost: 'Reassign',
  newSessionOn: [],
};
const route = (name: string, match: Partial<RouteMatch>, hostnames: string[] = []): Route => ({
  name,
  hostnames,
  match: { path: prefix('/'), ...match },
  backendRefs: [],
  persistence,
});

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
  const rows: { sentence: string; match: Partial<RouteMatch>; sent: Sent; fits: boolean }[] = [
    { sentence: 'an exact path fits itself', match: { path: exact('/foo') }, sent: { path: '/foo' }, fits: true },
    {
      sentence: 'an exact path does not fit with a slash behind it',
      match: { path: exact('/foo') },
      sent: { path: '/foo/' },
      fits: false,
    },
    { sentence: 'paths are case-sensitive', match: { path: exact('/foo') }, sent: { path: '/Foo' }, fits: false },
    { sentence: 'a prefix fits itself', match: { path: prefix('/foo') }, sent: { path: '/foo' }, fits: true },
    {
      sentence: 'a prefix fits what is below it',
      match: { path: prefix('/foo') },
      sent: { path: '/foo/bar' },
      fits: true,
    },
    {
      sentence: 'a prefix fits whole elements only',
      match: { path: prefix('/foo') },
      sent: { path: '/foobar' },
      fits: false,
    },
    {
      sentence: 'a slash at the end of a prefix means nothing',
      match: { path: prefix('/foo/') },
      sent: { path: '/foo' },
      fits: true,
    },
    {
      sentence: 'a prefix with a slash at its end fits what is below it',
      match: { path: prefix('/foo/') },
      sent: { path: '/foo/bar' },
      fits: true,
    },
    {
      sentence: 'a prefix with a slash at its end fits whole elements only',
      match: { path: prefix('/foo/') },
      sent: { path: '/foobar' },
      fits: false,
    },
    { sentence: 'the prefix / fits all', match: { path: prefix('/') }, sent: { path: '/anything' }, fits: true },
    {
      sentence: 'the query is no part of the path',
      match: { path: exact('/foo') },
      sent: { path: '/foo', query: 'a=1' },
      fits: true,
    },
    {
      sentence: 'a regular expression must fit the whole path',
      match: { path: regex('/v[0-9]+') },
      sent: { path: '/v12' },
      fits: true,
    },
    {
      sentence: 'a part is not enough for a regular expression',
      match: { path: regex('/v[0-9]+') },
      sent: { path: '/v12/x' },
      fits: false,
    },
    {
      sentence: 'alternatives of a regular expression are bound, too',
      match: { path: regex('/a|/b') },
      sent: { path: '/b-and-more' },
      fits: false,
    },
    {
      sentence: 'an expression that cannot be read fits nothing',
      match: { path: regex('/(') },
      sent: { path: '/(' },
      fits: false,
    },
    {
      sentence: 'a very long path fits no regular expression',
      match: { path: regex('.*') },
      sent: { path: `/${'x'.repeat(4000)}` },
      fits: false,
    },
    { sentence: 'a method fits itself', match: { method: 'POST' }, sent: { method: 'POST' }, fits: true },
    { sentence: 'another method does not', match: { method: 'POST' }, sent: { method: 'GET' }, fits: false },
    {
      sentence: 'a header fits whatever the case of its name',
      match: { headers: [header('X-Env', 'canary')] },
      sent: { headers: { 'x-env': ['canary'] } },
      fits: true,
    },
    {
      sentence: 'the value of a header is case-sensitive',
      match: { headers: [header('X-Env', 'canary')] },
      sent: { headers: { 'x-env': ['Canary'] } },
      fits: false,
    },
    {
      sentence: 'a header that is missing does not fit, not even an expression for nothing',
      match: { headers: [header('X-Env', '.*', 'RegularExpression')] },
      sent: {},
      fits: false,
    },
    {
      sentence: 'header lines of one name are one value',
      match: { headers: [header('X-Env', 'a, b')] },
      sent: { headers: { 'x-env': ['a', 'b'] } },
      fits: true,
    },
    {
      sentence: 'all headers must fit',
      match: { headers: [header('a', '1'), header('b', '2')] },
      sent: { headers: { a: ['1'] } },
      fits: false,
    },
    {
      sentence: 'of two conditions on one header only the first counts',
      match: { headers: [header('A', '1'), header('a', '2')] },
      sent: { headers: { a: ['1'] } },
      fits: true,
    },
    {
      sentence: 'a query parameter fits',
      match: { queryParams: [header('v', '1')] },
      sent: { query: 'x=0&v=1' },
      fits: true,
    },
    {
      sentence: 'a query parameter is compared decoded',
      match: { queryParams: [header('v', 'a b')] },
      sent: { query: 'v=a%20b' },
      fits: true,
    },
    {
      sentence: 'of a repeated query parameter the first counts',
      match: { queryParams: [header('v', '2')] },
      sent: { query: 'v=1&v=2' },
      fits: false,
    },
    {
      sentence: 'the name of a query parameter is case-sensitive',
      match: { queryParams: [header('v', '1')] },
      sent: { query: 'V=1' },
      fits: false,
    },
    {
      sentence: 'without a query there are no parameters',
      match: { queryParams: [header('v', '.*', 'RegularExpression')] },
      sent: {},
      fits: false,
    },
    {
      sentence: 'path, method and header must all fit',
      match: { path: prefix('/a'), method: 'GET', headers: [header('h', '1')] },
      sent: { path: '/a/b', headers: { h: ['1'] } },
      fits: true,
    },
    {
      sentence: 'path and header fit, the method does not',
      match: { path: prefix('/a'), method: 'PUT', headers: [header('h', '1')] },
      sent: { path: '/a/b', headers: { h: ['1'] } },
      fits: false,
    },
  ];
  test.each(rows)('$sentence', ({ match, sent, fits }) => {
    expect(matches(match, sent)).toBe(fits);
  });
});

describe('host names', () => {
  const hosts = (patterns: string[], host: string) =>
    compileTable({ listeners, routes: [route('r', {}, patterns)] }).match(80, request({ host })) !== undefined;
  test.each([
    { sentence: 'none: every host', patterns: [], host: 'anything', fits: true },
    { sentence: 'exact', patterns: ['a.example.com'], host: 'a.example.com', fits: true },
    { sentence: 'exact is not for what is below', patterns: ['example.com'], host: 'a.example.com', fits: false },
    { sentence: 'a wildcard is for one label', patterns: ['*.example.com'], host: 'a.example.com', fits: true },
    { sentence: 'and for several', patterns: ['*.example.com'], host: 'a.b.example.com', fits: true },
    { sentence: 'and not for none', patterns: ['*.example.com'], host: 'example.com', fits: false },
    { sentence: 'a wildcard ends at a label', patterns: ['*.example.com'], host: 'badexample.com', fits: false },
    { sentence: 'any of several', patterns: ['a.com', 'b.com'], host: 'b.com', fits: true },
    { sentence: 'no host at all: only a route for every host', patterns: ['a.com'], host: '', fits: false },
  ])('$sentence: $patterns for $host: $fits', ({ patterns, host, fits }) => {
    expect(hosts(patterns, host)).toBe(fits);
  });

  test('a listener serves its port and its host names only', () => {
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
      sentence: 'and on no other of the same port',
      routes: [on('r', ['wild'])],
      host: 'elsewhere.org',
      name: undefined,
    },
    {
      sentence: 'nor on the same host of another port',
      routes: [on('r', ['wild'])],
      host: 'b.example.com',
      port: 8080,
      name: undefined,
    },
    {
      sentence: 'the most specific listener takes the request though only a wider one has a route',
      routes: [on('r', ['wild', 'rest'])],
      host: 'a.example.com',
      name: undefined,
    },
    {
      sentence: 'each listener has routes of its own',
      routes: [on('r', ['wild']), on('s', ['exact'])],
      host: 'a.example.com',
      name: 's',
    },
    {
      sentence: 'a route that names another host is not found on a listener',
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

describe('host names that two have in common', () => {
  test.each<[string, string[], string | undefined, string[] | undefined]>([
    ['all of the route where the listener names none', ['a.com'], undefined, ['a.com']],
    ['that of the listener where the route names none', [], 'a.com', ['a.com']],
    ['none named by either: every host', [], undefined, []],
    ['what a wildcard of the listener covers', ['a.com', 'x.b.com'], '*.b.com', ['x.b.com']],
    ['the listener where a wildcard of the route covers it', ['*.com'], 'a.com', ['a.com']],
    ['the narrower of two wildcards', ['*.a.com'], '*.com', ['*.a.com']],
    ['nothing', ['a.com'], 'b.com', undefined],
    ['a wildcard does not cover the name itself', ['a.com'], '*.a.com', undefined],
  ])('%s', (_, ofRoute, ofListener, shared) => {
    expect(intersectHostnames(ofRoute, ofListener)).toEqual(shared);
  });

  test('two lists share a host where one covers a name of the other', () => {
    expect(shareHost([], ['a.com'])).toBe(true);
    expect(shareHost(['*.com'], ['a.com', 'b.org'])).toBe(true);
    expect(shareHost(['a.com'], ['b.com'])).toBe(false);
  });
});

describe('precedence', () => {
  const first = (routes: Route[], sent: Sent) =>
    compileTable({ listeners, routes: sortRoutes(routes) }).match(80, request(sent))?.name;

  test('an order of all differences, whatever order they come in', () => {
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

  test('equals keep their order: the older one comes first', () => {
    expect(sortRoutes([route('older', {}), route('younger', {})]).map(({ name }) => name)).toEqual([
      'older',
      'younger',
    ]);
  });

  test('the most specific host is asked first, and the next when no path of it fits', () => {
    const routes = [
      route('any', {}),
      route('wildcard', {}, ['*.com']),
      route('exact', { path: prefix('/only') }, ['a.com']),
    ];
    expect(first(routes, { host: 'a.com', path: '/only' })).toBe('exact');
    expect(first(routes, { host: 'a.com', path: '/else' })).toBe('wildcard');
    expect(first(routes, { host: 'a.org', path: '/else' })).toBe('any');
  });

  test('among routes of the host that matched, other host names of a route mean nothing', () => {
    const routes = [
      route('two hosts', {}, ['a-very-long-host.example.com', '*.com']),
      route('exact path', { path: exact('/x') }, ['*.com']),
    ];
    expect(first(routes, { host: 'a.com', path: '/x' })).toBe('exact path');
  });
});
