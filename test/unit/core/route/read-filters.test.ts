import { describe, expect, test } from '@jest/globals';
import { readHttpRoute } from '../../../../src/core/route/read-http-route.ts';
import type { HttpRouteFilter, HttpRouteRule } from '../../../../src/core/snapshot/http-route.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { Route } from '../../../../src/wire/routing-table.ts';
import { snapshotOf } from '../../../support/world.ts';

const backendRefs = [{ name: 'cart', port: 80 }];

const worldOf = (rule: HttpRouteRule) =>
  snapshotOf({
    gateways: [{ name: 'web' }],
    services: [{ name: 'cart' }],
    httpRoutes: [{ name: 'r', spec: { parentRefs: [{ name: 'web' }], rules: [{ backendRefs, ...rule }] } }],
  });

const routesOf = (rule: HttpRouteRule): Route[] => translate(worldOf(rule)).tables['shop/web']?.routes ?? [];

/** Why the route is refused. */
const problemsOf = (rule: HttpRouteRule): string[] =>
  worldOf(rule).httpRoutes.flatMap((route) => readHttpRoute(route).problems.map(({ message }) => message));

const header = (name: string, value = 'v') => ({ name, value });

describe('the filters of a rule', () => {
  test('reach the proxy in their order, with defaults', () => {
    const filters: HttpRouteFilter[] = [
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['Server'] } },
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [header('A')], add: null } },
      { type: 'RequestRedirect', requestRedirect: { hostname: 'example.org' } },
    ];
    expect(routesOf({ filters })[0]?.filters).toEqual([
      { type: 'ResponseHeaderModifier', remove: ['Server'] },
      { type: 'RequestHeaderModifier', set: [header('A')] },
      { type: 'RequestRedirect', hostname: 'example.org', statusCode: 302 },
    ]);
    expect(routesOf({})[0]).not.toHaveProperty('filters');
  });

  test('replace the prefix of the match that applies', () => {
    const path = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' };
    const matches = ['/a', '/bb'].map((value) => ({ path: { type: 'PathPrefix' as const, value } }));
    const prefixes = routesOf({ matches, filters: [{ type: 'RequestRedirect', requestRedirect: { path } }] });
    expect(Object.fromEntries(prefixes.map(({ match, filters }) => [match.path.value, filters]))).toMatchObject({
      '/a': [{ path: { type: 'ReplacePrefixMatch', value: '/new', prefix: '/a' } }],
      '/bb': [{ path: { type: 'ReplacePrefixMatch', value: '/new', prefix: '/bb' } }],
    });
  });

  test('take the first of the same names in one list', () => {
    const set = [header('A', '1'), header('a', '2'), header('B', '3')];
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set } }];
    expect(routesOf({ filters })[0]?.filters).toMatchObject([{ set: [header('A', '1'), header('B', '3')] }]);
  });
});

test('CORS has the default of Gateway API for maxAge, and absent lists are empty', () => {
  expect(routesOf({ filters: [{ type: 'CORS', cors: { allowOrigins: ['https://a.test'] } }] })[0]?.filters).toEqual([
    {
      type: 'CORS',
      allowOrigins: ['https://a.test'],
      allowCredentials: false,
      allowMethods: [],
      allowHeaders: [],
      exposeHeaders: [],
      maxAgeS: 5,
    },
  ]);
});

test.each([
  [{ request: '1m30s' }, { requestMs: 90_000 }],
  [
    { request: '1s', backendRequest: '500ms' },
    { requestMs: 1000, backendRequestMs: 500 },
  ],
  [{ request: '0s', backendRequest: '2s' }, { backendRequestMs: 2000 }],
  [{ request: '0s' }, undefined],
])('the timeouts %j are %j', (timeouts, wanted) => {
  expect(routesOf({ timeouts })[0]?.timeouts).toEqual(wanted);
});

test.each<[object, string]>([
  [{ request: '10' }, 'spec.rules[0].timeouts.request: "10" is not a duration'],
  [{ request: '1s', backendRequest: '2s' }, 'spec.rules[0].timeouts: backendRequest is longer than request'],
  [{ idle: '1s' }, 'spec.rules[0].timeouts.idle is not supported'],
])('the timeouts %j are refused', (timeouts, message) => {
  expect(problemsOf({ timeouts })).toEqual([expect.stringContaining(message)]);
});

test.each<[NonNullable<HttpRouteRule['retry']>, string]>([
  [{ codes: [200] }, 'spec.rules[0].retry.codes: 200 is not the status of a failure'],
  [{ backoff: '10' }, 'spec.rules[0].retry.backoff: "10" is not a duration'],
  [{ budget: {} } as object, 'spec.rules[0].retry.budget is not supported'],
])('the retries %j are refused', (retry, message) => {
  expect(problemsOf({ retry })).toEqual([expect.stringContaining(message)]);
});

describe('RequestMirror', () => {
  const mirror = (more: object, name = 'cart'): HttpRouteFilter => ({
    type: 'RequestMirror',
    requestMirror: { backendRef: { name, port: 80 }, ...more },
  });

  test.each([
    [{}, 100, 100],
    [{ percent: 20 }, 20, 100],
    [{ fraction: { numerator: 3, denominator: 7 } }, 3, 7],
    [{ fraction: { numerator: 3 } }, 3, 100],
  ])('with %j copies %d of %d requests', (more, numerator, denominator) => {
    expect(routesOf({ filters: [mirror(more)] })[0]?.filters).toEqual([
      { type: 'RequestMirror', backend: 'shop/cart:80', numerator, denominator },
    ]);
  });

  test('to a Service that does not exist is dropped, and the requests are served', () => {
    expect(routesOf({ filters: [mirror({}, 'gone')] })).toMatchObject([
      { filters: [], backendRefs: [{ backend: 'shop/cart:80' }] },
    ]);
  });
});

test('the filters of a backendRef stay with it', () => {
  const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [header('A')] } }];
  expect(routesOf({ backendRefs: [{ name: 'cart', port: 80, filters }] })[0]?.backendRefs).toEqual([
    { backend: 'shop/cart:80', weight: 1, filters: [{ type: 'RequestHeaderModifier', set: [header('A')] }] },
  ]);
});

describe('a route is refused, and not served without it, for', () => {
  const at = 'spec.rules[0].filters[0]';
  const modifier = (requestHeaderModifier: object) => ({ type: 'RequestHeaderModifier', requestHeaderModifier });
  const redirect = (requestRedirect: object) => ({ type: 'RequestRedirect', requestRedirect });
  const prefix = { type: 'ReplacePrefixMatch', replacePrefixMatch: '/new' };

  test.each<[string, HttpRouteFilter, string]>([
    ['a filter that is not built', { type: 'ExtensionRef' }, `${at}.type: filter ExtensionRef is not supported`],
    ['a filter without its parameters', { type: 'RequestRedirect' }, `${at}.requestRedirect: is missing`],
    [
      'a field of a newer version',
      modifier({ replace: [], rename: ['a'] }),
      `${at}.requestHeaderModifier.rename is not`,
    ],
    [
      'a header that frames a message',
      modifier({ set: [header('Content_Length')] }),
      `${at}.requestHeaderModifier.set[0].name: must not`,
    ],
    [
      'a header of the connection',
      modifier({ remove: ['upgrade'] }),
      `${at}.requestHeaderModifier.remove[0]: must not`,
    ],
    [
      'a value with the end of a line',
      modifier({ add: [header('A', 'a\r\nB: b')] }),
      `${at}.requestHeaderModifier.add[0].value: must be`,
    ],
    [
      'a header that is changed twice',
      modifier({ set: [header('A')], remove: ['a'] }),
      `${at}.requestHeaderModifier: changes header a`,
    ],
    [
      'a status of a newer version',
      redirect({ statusCode: 300 }),
      `${at}.requestRedirect.statusCode: 300 is not supported`,
    ],
    ['a scheme of a newer version', redirect({ scheme: 'ws' }), `${at}.requestRedirect.scheme: ws is not supported`],
    [
      'a path with a query',
      redirect({ path: { type: 'ReplaceFullPath', replaceFullPath: '/a?b' } }),
      `${at}.requestRedirect.path.value: must be`,
    ],
    [
      'a path modifier of a newer version',
      redirect({ path: { type: 'Regex' } }),
      `${at}.requestRedirect.path.type: Regex is not`,
    ],
  ])('%s', (_, filter, message) => {
    const problems = problemsOf({ filters: [filter] });
    expect(problems.map((problem) => problem.slice(0, message.length))).toEqual([message]);
    expect(routesOf({ filters: [filter] })).toEqual([]);
  });

  test('a prefix to replace, where a match has none', () => {
    const matches = [{ path: { type: 'Exact' as const, value: '/a' } }];
    expect(problemsOf({ matches, filters: [redirect({ path: prefix })] })).toEqual([
      `${at}.requestRedirect.path: ReplacePrefixMatch needs matches of type PathPrefix, and the rule has another one: change it.`,
    ]);
  });

  test('a redirect and a rewrite of one request', () => {
    const filters = [redirect({}), { type: 'URLRewrite', urlRewrite: { hostname: 'a.test' } }];
    expect(problemsOf({ filters })).toEqual([expect.stringContaining('either redirected or rewritten')]);
  });

  test('a redirect of one backendRef', () => {
    const [problem] = problemsOf({ backendRefs: [{ name: 'cart', port: 80, filters: [redirect({})] }] });
    expect(problem).toMatch(/^spec\.rules\[0\]\.backendRefs\[0\]\.filters\[0\]\.requestRedirect\.type: must be one of/);
  });
});
