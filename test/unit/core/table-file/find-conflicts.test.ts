import { expect, test } from '@jest/globals';
import { findConflicts } from '../../../../src/core/table-file/find-conflicts.ts';
import { shopFile, tableFile } from '../../../support/table-files.ts';

const one = { address: '10.0.0.11:8080' };
const two = { address: '10.0.0.12:8080' };
const tls = { certificates: [{ certificate: 'a.crt', key: 'a.key' }] };

const conflictsOf = (raw: object): string[] =>
  findConflicts(tableFile(raw)).map(({ path, message }) => `${path.join('.')}: ${message}`);

const named = (name: string) => ({ endpoints: [one], sessionPersistence: { cookie: { name } } });

test('a file whose parts fit together has none', () => {
  const raw = shopFile([one, two], {
    listeners: [{ port: 80 }, { port: 443, protocol: 'HTTPS', ...tls }, { port: 80, hostname: 'a.example' }],
    routes: [
      { hostnames: ['a.example'], backends: [{ name: 'blue', weight: 9 }, { name: 'green' }], listeners: ['http-80'] },
      { hostnames: ['b.example'], backends: [{ name: 'blue' }] },
    ],
    backends: { blue: named('s'), green: named('s') },
  });
  expect(conflictsOf(raw)).toEqual([]);
});

test.each<[string, object, RegExp]>([
  [
    'two protocols on a port',
    shopFile([one], { listeners: [{ port: 80 }, { port: 80, protocol: 'HTTPS', ...tls }] }),
    /^listeners\.1\.port: port 80 is HTTP and HTTPS: use two ports$/,
  ],
  [
    'one port twice',
    shopFile([one], { listeners: [{ port: 80 }, { port: 80, name: 'b' }] }),
    /^listeners\.1\.port: two listeners have port 80/,
  ],
  [
    'two listeners of a name',
    shopFile([one], {
      listeners: [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' },
      ],
    }),
    /^listeners\.1\.name: two listeners have the name a/,
  ],
  [
    'a listener that does not exist',
    shopFile([one], { routes: [{ listeners: ['https'], backends: [{ name: 'shop' }] }] }),
    /^routes\.0\.listeners\.0: "https" is no listener of this file: use one of http-8080$/,
  ],
  [
    'a backend that does not exist',
    shopFile([one], { routes: [{ backends: [{ name: 'shp' }] }] }),
    /^routes\.0\.backends\.0\.name: "shp" is no backend of this file: use one of shop$/,
  ],
  [
    'a backend of a name of Object',
    shopFile([one], { routes: [{ backends: [{ name: 'constructor' }] }] }),
    /"constructor" is no backend/,
  ],
  [
    'a backend that is listed twice',
    shopFile([one], { routes: [{ backends: [{ name: 'shop' }, { name: 'shop' }] }] }),
    /^routes\.0\.backends\.1\.name: shop is listed twice/,
  ],
  [
    'backends of a route whose cookies differ',
    shopFile([one], {
      routes: [{ backends: [{ name: 'a' }, { name: 'b' }] }],
      backends: { a: named('a'), b: named('b') },
    }),
    /^routes\.0\.backends\.1\.name: a session of a route may be on any of its backends, and a and b keep it differently/,
  ],
  [
    'two backends on a host with one cookie',
    shopFile([one], {
      routes: [{ backends: [{ name: 'a' }] }, { hostnames: ['a.example'], backends: [{ name: 'b' }] }],
      backends: { a: named('s'), b: named('s') },
    }),
    /^routes\.1\.backends\.0\.name: routes\[0\] has the same cookie for other backends on the same host/,
  ],
  [
    'an expression that backtracks',
    shopFile([one], {
      routes: [{ backends: [{ name: 'shop' }], matches: [{ path: { type: 'RegularExpression', value: '/(?!a).*' } }] }],
    }),
    /^routes\.0\.matches\.0\.path\.value: "\/\(\?!a\)\.\*" is not a supported regular expression/,
  ],
  [
    'an expression among requests that start no session',
    shopFile([one], {}, { sessionPersistence: { exclude: [{ path: { type: 'RegularExpression', value: '(' } }] } }),
    /^backends\.shop\.sessionPersistence\.exclude\.0\.path\.value: "\(" is not/,
  ],
  [
    'a trusted proxy that is no CIDR',
    shopFile([one], { clientAddress: { trustedProxies: ['300.0.0.0/8'] } }),
    /^clientAddress\.trustedProxies\.0: "300\.0\.0\.0\/8" is not a valid CIDR/,
  ],
  [
    'a backend with a name that is no name',
    shopFile([one], { backends: { shop: { endpoints: [] }, 'A b': { endpoints: [] } } }),
    /^backends\.A b: must be a name of lower-case letters/,
  ],
  [
    'a cookie of no session',
    shopFile([one], {}, { sessionPersistence: { type: 'None', exclude: [] } }),
    /^backends\.shop\.sessionPersistence\.exclude: has no effect with type None/,
  ],
  [
    'an address that is listed twice',
    shopFile([one, two, one]),
    /^backends\.shop\.endpoints\.2\.address: is listed twice in backend shop/,
  ],
  [
    'a name that is listed twice',
    shopFile([
      { ...one, name: 'a' },
      { ...two, name: 'a' },
    ]),
    /^backends\.shop\.endpoints\.1\.name: is listed twice/,
  ],
  [
    'an address that is none',
    shopFile([{ address: '10.0.0.256:80' }]),
    /^backends\.shop\.endpoints\.0\.address: "10\.0\.0\.256:80" is not an IP address and a port/,
  ],
  [
    'a port that is none',
    shopFile([{ address: '[fd00::1]:0' }]),
    /^backends\.shop\.endpoints\.0\.address: "\[fd00::1\]:0" is not an IP address and a port/,
  ],
  [
    'a date that does not exist',
    shopFile([{ ...one, draining: true, drainUntil: '2026-13-01T00:00:00Z' }]),
    /^backends\.shop\.endpoints\.0\.drainUntil: "2026-13-01T00:00:00Z" is not a date/,
  ],
])('%s is a conflict', (_, raw, problem) => {
  expect(conflictsOf(raw)).toEqual([expect.stringMatching(problem)]);
});
