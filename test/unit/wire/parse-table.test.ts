import { describe, expect, test } from '@jest/globals';
import { parseRoutingTable } from '../../../src/wire/parse-table.ts';
import type { RoutingTable } from '../../../src/wire/routing-table.ts';
import { defaultProxySettings } from '../../../src/wire/proxy-settings.ts';

const good = (): RoutingTable => ({
  gateway: { namespace: 'shop', name: 'web' },
  proxy: defaultProxySettings,
  listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }],
  routes: [
    {
      name: 'shop/cart#0',
      listeners: ['http'],
      hostnames: ['a.com'],
      match: { path: { type: 'PathPrefix', value: '/' } },
      backendRefs: [{ backend: 'shop/cart', weight: 1 }],
      persistence: {
        carrier: {
          type: 'Cookie',
          name: 'cart-session',
          path: '/',
          domain: 'example.com',
          sameSite: 'Lax',
          secure: false,
          partitioned: false,
          lifetimeType: 'Session',
        },
        onEndpointLost: 'Reassign',
        newSessionOn: [{ path: { type: 'Exact', value: '/login' }, method: 'POST' }],
      },
    },
  ],
  backends: {
    'shop/cart': {
      key: 'shop/cart',
      policy: 'LeastSessions',
      sessions: {
        limits: { idleTimeoutMs: 1_800_000, absoluteTimeoutMs: 28_800_000 },
        keyRing: { current: 1, keys: [{ id: 1, secret: Buffer.alloc(32, 7).toString('base64') }] },
      },
      endpoints: [
        { uid: 'u1', id: '00112233445566ff', pod: 'cart-1', address: '10.0.0.1', port: 8080, state: 'Accepting' },
      ],
      removedEndpoints: [{ id: '00112233445566fe', uid: 'u0', atMs: 1 }],
    },
  },
});

/** Returns the table with another value at a path. */
function withValue(path: string, value: unknown): unknown {
  const keys = path.split('/');
  const last = keys.pop() ?? '';
  const table: unknown = structuredClone(good());
  const parent = keys.reduce((at, key) => Reflect.get(Object(at), key.replace('~', '/')) as unknown, table);
  Reflect.set(Object(parent), last, value);
  return table;
}

describe('parsing a routing table', () => {
  test('returns a valid table unchanged', () => {
    expect(parseRoutingTable(good())).toEqual({ value: good() });
  });

  test('accepts unknown properties of a newer version', () => {
    expect(parseRoutingTable({ ...good(), later: { version: 2 } })).toHaveProperty('value');
  });

  test('a table without settings of the proxy gets the defaults, and one with some settings keeps them', () => {
    const { proxy: _, ...older } = good();
    expect(parseRoutingTable(older)).toEqual({ value: good() });
    const some = parseRoutingTable({ ...older, proxy: { proxyProtocol: 'Required', limits: { connections: 5 } } });
    expect(some).toEqual({
      value: {
        ...good(),
        proxy: {
          ...defaultProxySettings,
          proxyProtocol: 'Required',
          limits: { ...defaultProxySettings.limits, connections: 5 },
        },
      },
    });
  });

  test.each([
    {
      sentence: 'settings that are not an object',
      path: 'proxy',
      value: 'Off',
      problem: 'table.proxy: must be an object',
    },
    {
      sentence: 'a trusted proxy that is not a CIDR',
      path: 'proxy/trustedProxies',
      value: ['10.0.0.1'],
      problem: 'table.proxy.trustedProxies[0]: must be a CIDR',
    },
    {
      sentence: 'a limit of zero connections',
      path: 'proxy/limits/connections',
      value: 0,
      problem: 'table.proxy.limits.connections: must be a whole number from 1 to 1000000',
    },
    {
      sentence: 'a value that is not an object',
      path: 'gateway',
      value: null,
      problem: 'table.gateway: must be an object',
    },
    { sentence: 'a list that is not a list', path: 'listeners', value: {}, problem: 'table.listeners: must be a list' },
    {
      sentence: 'an unknown protocol',
      path: 'listeners/0/protocol',
      value: 'UDP',
      problem: 'table.listeners[0].protocol: must be one of HTTP',
    },
    {
      sentence: 'a port beyond the limit',
      path: 'listeners/0/port',
      value: 70_000,
      problem: 'table.listeners[0].port: must be a whole number from 1 to 65535',
    },
    {
      sentence: 'an unknown kind of path',
      path: 'routes/0/match/path/type',
      value: 'Glob',
      problem: 'table.routes[0].match.path.type: must be one of Exact, PathPrefix, RegularExpression',
    },
    {
      sentence: 'an unknown state',
      path: 'backends/shop~cart/endpoints/0/state',
      value: 'Ready',
      problem: 'table.backends["shop/cart"].endpoints[0].state: must be one of Pending, Accepting, Draining, Absent',
    },
    {
      sentence: 'an endpoint id that a token cannot carry',
      path: 'backends/shop~cart/endpoints/0/id',
      value: 'xyz',
      problem: 'table.backends["shop/cart"].endpoints[0].id: must be 16 hex digits',
    },
    {
      sentence: 'a key of too few bytes',
      path: 'backends/shop~cart/sessions/keyRing/keys/0/secret',
      value: 'c2hvcnQ=',
      problem: 'table.backends["shop/cart"].sessions.keyRing.keys[0].secret: must be base64 of 32 bytes',
    },
    {
      sentence: 'a current key that does not exist',
      path: 'backends/shop~cart/sessions/keyRing/current',
      value: 3,
      problem: 'table.backends["shop/cart"].sessions.keyRing.current: must be the id of one of the keys',
    },
    {
      sentence: 'a cookie name that would end the header line',
      path: 'routes/0/persistence/carrier/name',
      value: 'a\r\nb',
      problem:
        'table.routes[0].persistence.carrier.name: must be a name of letters, digits and a few signs (RFC 9110, token)',
    },
    {
      sentence: 'a cookie path that would add an attribute',
      path: 'routes/0/persistence/carrier/path',
      value: '/;Domain=x',
      problem: 'table.routes[0].persistence.carrier.path: must be a cookie path',
    },
    {
      sentence: 'a cookie domain that would add an attribute',
      path: 'routes/0/persistence/carrier/domain',
      value: 'a;Secure',
      problem: 'table.routes[0].persistence.carrier.domain: must be a domain name',
    },
    {
      sentence: 'a header name that would end the line',
      path: 'routes/0/persistence/carrier',
      value: { type: 'Header', name: 'a:b' },
      problem:
        'table.routes[0].persistence.carrier.name: must be a name of letters, digits and a few signs (RFC 9110, token)',
    },
    {
      sentence: 'an unknown type of carrier',
      path: 'routes/0/persistence/carrier/type',
      value: 'Query',
      problem: 'table.routes[0].persistence.carrier.type: must be one of Header, ApplicationCookie, ApplicationHeader',
    },
    {
      sentence: 'an unknown way to treat lost sessions',
      path: 'routes/0/persistence/onEndpointLost',
      value: 'Ignore',
      problem: 'table.routes[0].persistence.onEndpointLost: must be one of Reassign, Reject',
    },
    {
      sentence: 'an invalid match in newSessionOn',
      path: 'routes/0/persistence/newSessionOn/0/path',
      value: '/',
      problem: 'table.routes[0].persistence.newSessionOn[0].path: must be an object',
    },
    {
      sentence: 'listeners that are not a list',
      path: 'routes/0/listeners',
      value: 'http',
      problem: 'table.routes[0].listeners: must be a list',
    },
    {
      sentence: 'a weight beyond the limit',
      path: 'routes/0/backendRefs/0/weight',
      value: 1_000_001,
      problem: 'table.routes[0].backendRefs[0].weight: must be a whole number from 0 to 1000000',
    },
    {
      sentence: 'a limit of zero sessions',
      path: 'backends/shop~cart/sessions/maxPerEndpoint',
      value: 0,
      problem: 'table.backends["shop/cart"].sessions.maxPerEndpoint: must be a whole number from 1 to 2147483647',
    },
    {
      sentence: 'an unknown policy',
      path: 'backends/shop~cart/policy',
      value: 'Best',
      problem: 'table.backends["shop/cart"].policy: must be one of LeastSessions, LeastRequests, RoundRobin, Random',
    },
  ])('rejects $sentence: $problem', ({ path, value, problem }) => {
    expect(parseRoutingTable(withValue(path, value))).toEqual({ problem });
  });

  test.each([[undefined], [null], [3], ['table'], [[]]])('rejects %p', (value) => {
    expect(parseRoutingTable(value)).toEqual({ problem: 'table: must be an object' });
  });
});
