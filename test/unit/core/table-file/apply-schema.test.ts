import { describe, expect, test } from '@jest/globals';
import type { Schema } from '../../../../src/api/schema.ts';
import { tableFileSchema } from '../../../../src/api/table-file.ts';
import { applySchema } from '../../../../src/core/table-file/apply-schema.ts';
import { ruleHolds } from '../../../../src/core/table-file/rules.ts';
import { shopFile, tableFile } from '../../../support/table-files.ts';

const one = { address: '10.0.0.11:8080' };

function problemsOf(raw: unknown): string[] {
  const read = applySchema(tableFileSchema, raw);
  return 'problems' in read ? read.problems.map(({ path, message }) => `${path.join('.')}: ${message}`) : [];
}

describe('the schema of table files', () => {
  test('fills in its defaults, also in objects that are not there', () => {
    const { listeners, routes, backends, keyFile, timeouts } = tableFile(shopFile([one]));
    expect(listeners).toEqual([{ port: 8080, protocol: 'HTTP' }]);
    expect(routes[0]).toEqual({
      matches: [{ path: { type: 'PathPrefix', value: '/' } }],
      backends: [{ name: 'shop', weight: 1 }],
    });
    expect(backends['shop']).toMatchObject({
      endpoints: [{ ...one, draining: false }],
      sessionPersistence: { type: 'Cookie', idleTimeout: '30m', onEndpointLost: 'Reassign' },
      loadBalancing: { policy: 'LeastSessions' },
    });
    expect({ keyFile, connect: timeouts.connect }).toEqual({ keyFile: 'session.keys', connect: '1300ms' });
  });

  test('names every problem at once', () => {
    const raw = shopFile([{ adress: '10.0.0.11:8080' }, { address: 'localhost:8080' }], { limit: {} });
    expect(problemsOf(raw)).toEqual([
      expect.stringMatching(/^backends\.shop\.endpoints\.0: address is missing \(IP address and port.*\): add it$/),
      'backends.shop.endpoints.0.adress: is not a field: remove it, or use one of address, name, draining, drainUntil',
      expect.stringMatching(
        /^backends\.shop\.endpoints\.1\.address: "localhost:8080" must be an IP address and a port/,
      ),
      expect.stringMatching(/^limit: is not a field: remove it, or use one of \$schema, listeners, routes, backends/),
    ]);
  });

  test.each<[string, unknown, string]>([
    ['no object', 'text', ': "text" must be an object, with fields such as $schema, listeners, routes'],
    ['nothing', null, ': it is empty and must be an object, with fields such as $schema, listeners, routes'],
    [
      'a list that is an object',
      shopFile([one], { listeners: {} }),
      'listeners: an object is here: it must be a list: begin each entry with "- "',
    ],
    ['an empty list', shopFile([one], { listeners: [] }), 'listeners: has 0 entries: it needs at least 1'],
    [
      'a text for a number',
      shopFile([one], { listeners: [{ port: '80' }] }),
      'listeners.0.port: "80" must be a whole number from 1 to 65535',
    ],
    [
      'a number that is too large',
      shopFile([one], { listeners: [{ port: 65_536 }] }),
      'listeners.0.port: 65536 must be a whole number from 1 to 65535',
    ],
    ['a number for a text', shopFile([one], { keyFile: 1 }), 'keyFile: 1 must be a text: put it in quotes'],
    [
      'a word that is not known',
      shopFile([one], { listeners: [{ port: 1, protocol: 'http' }] }),
      'listeners.0.protocol: "http" must be one of HTTP, HTTPS',
    ],
    [
      'a text for a boolean',
      shopFile([{ ...one, draining: 'yes' }]),
      'backends.shop.endpoints.0.draining: "yes" must be true or false',
    ],
    [
      'an invalid duration',
      shopFile([one], { drainTimeout: '1 day' }),
      'drainTimeout: "1 day" must be whole numbers with the units h, m, s or ms, such as 90s or 1h30m: write 2 days as 48h, and one and a half hours as 1h30m',
    ],
    [
      'a duration that is too long',
      shopFile([one], { drainTimeout: '169h' }),
      'drainTimeout: drainTimeout must be from 1s to 7 days (168h)',
    ],
    [
      'HTTPS without certificates',
      shopFile([one], { listeners: [{ port: 443, protocol: 'HTTPS' }] }),
      'listeners.0.certificates: certificates must be set if and only if protocol is HTTPS',
    ],
    [
      'an end without a drain',
      shopFile([{ ...one, drainUntil: '2026-12-01T06:00:00Z' }]),
      'backends.shop.endpoints.0.drainUntil: drainUntil requires draining: true',
    ],
  ])('says what is wrong with %s', (_, raw, problem) => {
    expect(problemsOf(raw)).toEqual([problem]);
  });
});

/** Everything that has rules, below a schema. */
function listRules(schema: Schema): NonNullable<Schema['x-kubernetes-validations']>[number][] {
  const own = [...(schema['x-kubernetes-validations'] ?? [])];
  if (schema.type === 'array') return [...own, ...listRules(schema.items)];
  if (schema.type !== 'object') return own;
  const below = [
    ...Object.values(schema.properties),
    ...(schema.additionalProperties ? [schema.additionalProperties] : []),
  ];
  return [...own, ...below.flatMap(listRules)];
}

describe('the rules of the schema', () => {
  const rules = listRules(tableFileSchema);

  test('are all known', () => {
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.flatMap((rule) => (typeof ruleHolds(rule, {}) === 'boolean' ? [] : rule.message))).toEqual([]);
  });

  test('a rule that is not known is a fault', () => {
    expect(() => ruleHolds({ rule: 'self.a == self.b', message: 'a must be b' }, {})).toThrow('a must be b');
  });

  const persistence = (sessionPersistence: object) => shopFile([one], {}, { sessionPersistence });
  test.each<[object, string]>([
    [{ cookie: { sameSite: 'None', secure: 'Never' } }, 'sameSite None requires'],
    [{ cookie: { partitioned: true, secure: 'Never' } }, 'a partitioned cookie must be Secure'],
    [{ cookie: { name: '__Secure-shop' } }, 'starts with __Secure-'],
    [{ cookie: { name: '__Host-shop', secure: 'Always', path: '/a' } }, 'starts with __Host-'],
    [{ type: 'Application', application: {} }, 'set either cookieName or headerName'],
    [{ type: 'Application', application: { headerName: 'Host' } }, 'headerName is a header reserved by HTTP'],
    [{ type: 'Header', header: { name: 'Cookie' } }, 'name is a header reserved by HTTP'],
    [{ exclude: [{}] }, 'matches every request'],
    [{ exclude: [{ path: { value: 'healthz' } }] }, 'value must be an absolute path'],
    [{ type: 'Header' }, 'type Header requires header.name'],
    [{ type: 'Header', header: { name: 'X-Session' }, cookie: {} }, 'cookie requires type Cookie: remove it'],
    [{ type: 'Application' }, 'type Application requires application'],
    [{ application: { cookieName: 'SID' } }, 'application requires type Application'],
    [{ type: 'Application', application: { cookieName: 'SID' }, cookie: {} }, 'with type Application the app sets'],
    [
      { type: 'Application', application: { cookieName: 'SID' }, header: { name: 'X-S' } },
      'header requires type Header: with',
    ],
    [{ type: 'Application', application: { cookieName: 'SID' }, onEndpointLost: 'Reject' }, 'onEndpointLost Reject'],
    [{ header: { name: 'X-Session' } }, 'header requires type Header: remove it'],
    [{ cookie: { lifetimeType: 'Permanent' } }, 'lifetimeType Permanent requires absoluteTimeout'],
    [{ idleTimeout: '500ms' }, 'idleTimeout must be at least 1s'],
    [{ confirmTimeout: '31m' }, 'confirmTimeout must not be longer than idleTimeout'],
    [{ absoluteTimeout: '1m' }, 'absoluteTimeout must not be shorter than idleTimeout'],
  ])('refuse %j', (fields, message) => {
    expect(problemsOf(persistence(fields)).join()).toContain(message);
  });

  test.each<[object, string]>([
    [{ clientAddress: { proxyProtocol: 'Required' } }, 'add the addresses of the load balancer to trustedProxies'],
    [{ accessLog: { samplingFraction: { numerator: 101 } } }, 'numerator must not exceed denominator'],
    [{ timeouts: { connect: '2m' } }, 'connect must be from 100ms to 1m'],
  ])('refuse %j of the proxy', (fields, message) => {
    expect(problemsOf(shopFile([one], fields)).join()).toContain(message);
  });
});
