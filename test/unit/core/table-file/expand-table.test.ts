import { describe, expect, test } from '@jest/globals';
import { expandTable } from '../../../../src/core/table-file/expand-table.ts';
import { endpointIds, readKeys } from '../../../../src/core/table-file/keys.ts';
import { endpointId } from '../../../../src/core/session/token.ts';
import { parseRoutingTable } from '../../../../src/wire/parse-table.ts';
import { defaultProxySettings } from '../../../../src/wire/proxy-settings.ts';
import type { KeyRing } from '../../../../src/wire/routing-table.ts';
import { shopFile, tableFile } from '../../../support/table-files.ts';

const secretOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');

function ringOf(...bytes: number[]): KeyRing {
  const read = readKeys(bytes.map((byte) => `${secretOf(byte)}\n`).join(''));
  if ('problem' in read) throw new Error(read.problem);
  return read.keys;
}

const nowMs = Date.parse('2026-12-01T06:00:00Z');
const expand = (raw: object, { keys = ringOf(1), at = nowMs, files = {} } = {}) =>
  expandTable({ table: tableFile(raw), keys, files: new Map(Object.entries(files)) }, at);

const one = { address: '10.0.0.11:8080' };
const two = { address: '[fd00::12]:8081', name: 'two' };

describe('a table file', () => {
  test('of a few lines is a whole routing table', () => {
    const { table } = expand(
      shopFile([two, one], { routes: [{ hostnames: ['shop.example'], backends: [{ name: 'shop' }] }] }),
    );
    expect(table.listeners).toEqual([{ name: 'http-8080', protocol: 'HTTP', port: 8080 }]);
    expect(table.proxy).toEqual(defaultProxySettings);
    expect(table.routes).toEqual([
      {
        name: 'routes[0].matches[0]',
        hostnames: ['shop.example'],
        match: { path: { type: 'PathPrefix', value: '/' } },
        backendRefs: [{ backend: 'standalone/shop', weight: 1 }],
        persistence: {
          carrier: {
            type: 'Cookie',
            name: 'shop-session',
            path: '/',
            sameSite: 'Lax',
            secure: false,
            secureIfHttps: true,
            partitioned: false,
            lifetimeType: 'Session',
          },
          onEndpointLost: 'Reassign',
          newSessionOn: [],
          exclude: [],
        },
      },
    ]);
    expect(table.backends['standalone/shop']).toMatchObject({
      policy: 'LeastSessions',
      sessions: { limits: { idleTimeoutMs: 1_800_000, confirmTimeoutMs: 60_000 } },
      endpoints: [
        { uid: '10.0.0.11:8080', pod: '10.0.0.11:8080', address: '10.0.0.11', port: 8080, state: 'Accepting' },
        { uid: 'shop/two', pod: 'two', address: 'fd00::12', port: 8081, state: 'Accepting' },
      ],
    });
    expect(parseRoutingTable(JSON.parse(JSON.stringify(table)))).toHaveProperty('value');
  });

  test('puts the more specific route first, whatever the order of the file', () => {
    const { table } = expand(
      shopFile([one], {
        routes: [
          { backends: [{ name: 'shop' }] },
          { hostnames: ['a.example'], backends: [{ name: 'shop' }], matches: [{}, { path: { value: '/cart' } }] },
        ],
      }),
    );
    expect(table.routes.map(({ name }) => name)).toEqual([
      'routes[1].matches[1]',
      'routes[1].matches[0]',
      'routes[0].matches[0]',
    ]);
  });

  test('has the certificates of its files', () => {
    const listener = {
      port: 8443,
      protocol: 'HTTPS',
      hostname: 'a.example',
      certificates: [{ certificate: 'a.crt', key: 'a.key' }],
    };
    const { table } = expand(shopFile([one], { listeners: [listener] }), {
      files: { 'a.crt': 'CHAIN', 'a.key': 'KEY' },
    });
    expect(table.listeners).toEqual([
      { name: 'https-8443-a.example', protocol: 'HTTPS', port: 8443, hostname: 'a.example', certificates: ['a.crt'] },
    ]);
    expect(table.certificates).toEqual({ 'a.crt': { chain: 'CHAIN', key: 'KEY' } });
  });

  test('has retries with the defaults of Gateway API, or none at all', () => {
    const retries = [{ codes: [503], backoff: '1s' }, {}, { attempts: 0, codes: [503] }, undefined];
    const routes = retries.map((retry) => ({ backends: [{ name: 'shop' }], ...(retry && { retry }) }));
    expect(expand(shopFile([one], { routes })).table.routes.map(({ retry }) => retry)).toEqual([
      { codes: [503], attempts: 1, backoffMs: 1000 },
      { codes: [], attempts: 1, backoffMs: 25 },
      undefined,
      undefined,
    ]);
  });

  test('redirects a listener to https, and gives it no route', () => {
    const listeners = [{ port: 80, httpsRedirectPort: 443 }, { port: 81 }];
    const { table } = expand(shopFile([one], { listeners }));
    expect(table.routes).toMatchObject([
      { name: 'routes[0].matches[0]', listeners: ['http-81'] },
      {
        name: 'listeners[0]',
        listeners: ['http-80'],
        filters: [{ type: 'RequestRedirect', scheme: 'https', port: 443, statusCode: 301 }],
        backendRefs: [],
      },
    ]);
  });

  test('without sessions for a backend has none there', () => {
    const { table } = expand(shopFile([one], {}, { sessionPersistence: { type: 'None' } }));
    expect(table.routes[0]).not.toHaveProperty('persistence');
    expect(table.backends['standalone/shop']).not.toHaveProperty('sessions');
  });

  test('gives up a draining server when its time is over, and says when that is', () => {
    const raw = shopFile([one, { ...two, draining: true, drainUntil: '2026-12-01T08:00:00+01:00' }]);
    const endMs = Date.parse('2026-12-01T07:00:00Z');
    const before = expand(raw);
    const draining = before.table.backends['standalone/shop']?.endpoints[1];
    expect(draining).toMatchObject({ uid: 'shop/two', state: 'Draining' });
    expect(before.changesAtMs).toBe(endMs);
    const after = expand(raw, { at: endMs });
    expect(after.changesAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(after.table.backends['standalone/shop']).toMatchObject({
      endpoints: [{ uid: '10.0.0.11:8080' }],
      removedEndpoints: [{ uid: 'shop/two', id: draining?.id, atMs: endMs }],
    });
  });
});

describe('keys', () => {
  test('are others for each backend, and the same whatever the order of the lines', () => {
    const backends = { shop: { endpoints: [one] }, blog: { endpoints: [one] } };
    const { table } = expand(shopFile([], { backends }));
    const secrets = Object.values(table.backends).map(({ sessions }) => sessions?.keyRing.keys[0]?.secret);
    expect(new Set([...secrets, secretOf(1)]).size).toBe(3);
    expect(ringOf(1, 2).keys.toReversed()).toEqual(ringOf(2, 1).keys);
    expect(ringOf(1, 2).current).not.toBe(ringOf(2, 1).current);
  });

  test('hide the addresses of servers in tokens', () => {
    const { id } = endpointIds(ringOf(1), one.address);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect([endpointId(one.address), endpointIds(ringOf(2), one.address).id]).not.toContain(id);
  });

  test('may be rotated: a server keeps the id by the other key', () => {
    const [before, during, after] = [ringOf(1), ringOf(2, 1), ringOf(2)].map((keys) => endpointIds(keys, one.address));
    expect(during).toEqual({ id: after?.id, alias: before?.id });
  });

  test.each([
    ['', /has 0 keys: write one line with `openssl rand -base64 32`/],
    [[1, 2, 3].map((byte) => `${secretOf(byte)}\n`).join(''), /has 3 keys/],
    [`${secretOf(1)}\nshort\n`, /^key 2 is not base64 of 32 bytes/],
    [`${secretOf(1)}\n${secretOf(1)}\n`, /the same key twice/],
  ])('of a text such as %j are refused', (text, problem) => {
    expect(readKeys(text)).toEqual({ problem: expect.stringMatching(problem) });
  });
});
