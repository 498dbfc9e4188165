import { describe, expect, test } from '@jest/globals';
import { parseRoutingTable } from '../../../../src/core/table/parse-table.ts';
import type { RoutingTable } from '../../../../src/core/table/routing-table.ts';

const good = (): RoutingTable => ({
  gateway: { namespace: 'shop', name: 'web' },
  listeners: [{ name: 'http', protocol: 'HTTP', port: 80 }],
  routes: [{ name: 'shop/cart#0', hostnames: ['a.com'], match: { path: { type: 'PathPrefix', value: '/' } }, backendRefs: [{ backend: 'shop/cart', weight: 1 }] }],
  backends: {
    'shop/cart': {
      key: 'shop/cart',
      persistence: { cookieName: 'cart-session', cookiePath: '/', idleTimeoutMs: 1_800_000 },
      policy: 'LeastSessions',
      keyRing: { current: 1, keys: [{ id: 1, secret: Buffer.alloc(32, 7).toString('base64') }] },
      endpoints: [{ uid: 'u1', id: '00112233445566ff', pod: 'cart-1', address: '10.0.0.1', port: 8080, state: 'Accepting' }],
      departed: [{ id: '00112233445566fe', uid: 'u0', atMs: 1 }],
    },
  },
});

/** The table, with the value at a path replaced. */
function withValue(path: string, value: unknown): unknown {
  const keys = path.split('/');
  const last = keys.pop() ?? '';
  const table: unknown = structuredClone(good());
  const parent = keys.reduce((at, key) => Reflect.get(Object(at), key.replace('~', '/')) as unknown, table);
  Reflect.set(Object(parent), last, value);
  return table;
}

describe('a table from outside', () => {
  test('is taken as it is where it is one', () => {
    expect(parseRoutingTable(good())).toEqual({ table: good() });
  });

  test('may say more than this version knows', () => {
    expect(parseRoutingTable({ ...good(), later: { version: 2 } })).toHaveProperty('table');
  });

  test.each([
    { sentence: 'no object', path: 'gateway', value: null, problem: 'table.gateway: must be an object' },
    { sentence: 'a list that is none', path: 'listeners', value: {}, problem: 'table.listeners: must be a list' },
    { sentence: 'an unknown protocol', path: 'listeners/0/protocol', value: 'UDP', problem: 'table.listeners[0].protocol: must be one of HTTP' },
    { sentence: 'a port beyond the limit', path: 'listeners/0/port', value: 70_000, problem: 'table.listeners[0].port: must be a whole number from 1 to 65535' },
    { sentence: 'an unknown kind of path', path: 'routes/0/match/path/type', value: 'Glob', problem: 'table.routes[0].match.path.type: must be one of Exact, PathPrefix, RegularExpression' },
    { sentence: 'an unknown state', path: 'backends/shop~cart/endpoints/0/state', value: 'Ready', problem: 'table.backends["shop/cart"].endpoints[0].state: must be one of Pending, Accepting, Draining' },
    { sentence: 'an endpoint id that a token cannot carry', path: 'backends/shop~cart/endpoints/0/id', value: 'xyz', problem: 'table.backends["shop/cart"].endpoints[0].id: must be 16 hex digits' },
    { sentence: 'a key of too few bytes', path: 'backends/shop~cart/keyRing/keys/0/secret', value: 'c2hvcnQ=', problem: 'table.backends["shop/cart"].keyRing.keys[0].secret: must be base64 of 32 bytes' },
    { sentence: 'a current key that is not there', path: 'backends/shop~cart/keyRing/current', value: 3, problem: 'table.backends["shop/cart"].keyRing.current: must be the id of one of the keys' },
    { sentence: 'a cookie name that would end the header line', path: 'backends/shop~cart/persistence/cookieName', value: 'a\r\nb', problem: 'table.backends["shop/cart"].persistence.cookieName: must be a cookie name' },
    { sentence: 'a cookie path that would add an attribute', path: 'backends/shop~cart/persistence/cookiePath', value: '/;Domain=x', problem: 'table.backends["shop/cart"].persistence.cookiePath: must be a cookie path' },
  ])('$sentence: $problem', ({ path, value, problem }) => {
    expect(parseRoutingTable(withValue(path, value))).toEqual({ problem });
  });

  test.each([[undefined], [null], [3], ['table'], [[]]])('%p is none', (value) => {
    expect(parseRoutingTable(value)).toEqual({ problem: 'table: must be an object' });
  });
});
