/** HTTPS listeners with real clients: what certificate they get, which versions and protocols, and what the app learns. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Certificate, Listener, RoutingTable } from '../../../../src/wire/routing-table.ts';
import { createAuthority, type TestAuthority } from '../../../support/authority.ts';
import { eventually } from '../../../support/eventually.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';
import { shakeHands } from '../../../support/tls-handshake.ts';

const world = createWorld();
afterEach(() => world.stop());

let authority: TestAuthority;
const shop: Record<string, Certificate> = {};
beforeAll(async () => {
  authority = await createAuthority();
  const intermediate = await authority.intermediate('shops');
  shop['ec'] = await authority.issue({ hostnames: ['shop.example'] });
  shop['rsa'] = await intermediate.issue({ hostnames: ['shop.example'], algorithm: 'RSA' });
  shop['next'] = await authority.issue({ hostnames: ['shop.example'] });
  shop['wild'] = await authority.issue({ hostnames: ['*.example'] });
  shop['admin'] = await authority.issue({ hostnames: ['admin.example'] });
});

const https = (name: string, hostname: string | undefined, certificates: string[]): Listener => ({
  name,
  protocol: 'HTTPS',
  port: 443,
  certificates,
  ...(hostname !== undefined && { hostname }),
});

async function start(listeners: Listener[], more: Partial<RoutingTable> = {}) {
  const app = await world.app();
  const table: RoutingTable = {
    ...proxyTable({ endpoints: [{ pod: 'a', port: app.port }], cookie: { secureIfHttps: true } }),
    listeners,
    certificates: shop,
    ...more,
  };
  const proxy = await world.proxy(table);
  const port = (await eventually(() => proxy.proxy.listeners.boundPort(443), Boolean)) ?? 0;
  const connect = (options: Parameters<typeof shakeHands>[1]) =>
    shakeHands(port, { ca: authority.certPem, ...options });
  return { app, table, proxy, port, connect };
}

const get = (host = 'shop.example', ...lines: string[]) =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const last = 'Connection: close';

const failures = async (proxy: Awaited<ReturnType<typeof start>>['proxy']) =>
  (await proxy.metrics('holdfast_tls_handshake_failures_total')).filter((line) => !line.endsWith(' 0'));

const openssl = async (...args: string[]) => {
  const run = promisify(execFile)('openssl', args, { timeout: 20_000 });
  run.child.stdin?.end();
  return run.then(
    ({ stdout, stderr }) => stdout + stderr,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
};

describe('an HTTPS listener', () => {
  test.each([['TLSv1.2'], ['TLSv1.3']] as const)('serves %s', async (version) => {
    const { app, connect } = await start([https('https', undefined, ['ec'])]);
    const client = await connect({ servername: 'shop.example', minVersion: version, maxVersion: version });
    expect(client.socket.getProtocol()).toBe(version);
    expect(client.socket.alpnProtocol).toBe('http/1.1');
    const response = await client.send(get('shop.example', last));
    expect(response).toMatch(/^HTTP\/1\.1 200 /);
    expect(response).toMatch(/Set-Cookie: cart-session=.*; Secure/);
    expect(app.received()).toContain('X-Forwarded-Proto: https\r\n');
  });

  test('serves beside a plain one, which it does not change', async () => {
    const { app, proxy, connect } = await start([
      { name: 'http', protocol: 'HTTP', port: 80 },
      https('https', undefined, ['ec']),
    ]);
    const plain = await proxy.send(get());
    expect(plain.status).toBe(200);
    expect(plain.head).not.toContain('Secure');
    expect(app.received()).toContain('X-Forwarded-Proto: http\r\n');
    const client = await connect({ servername: 'shop.example' });
    await client.send(get('shop.example', last));
    expect(app.received()).toContain('X-Forwarded-Proto: https\r\n');
  });

  test('serves curl by HTTP/2', async () => {
    const { port } = await start([https('https', 'shop.example', ['rsa'])]);
    const resolve = `shop.example:${port}:127.0.0.1`;
    const options = ['--silent', '--show-error', '--insecure', '--include', '--resolve', resolve];
    const { stdout } = await promisify(execFile)('curl', [...options, `https://shop.example:${port}/`]);
    expect(stdout).toMatch(/^HTTP\/2 200 /);
  });

  test.each([
    ['TLS 1.1', ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'], /alert protocol version|no protocols available/],
    ['a cipher without forward secrecy', ['-tls1_2', '-cipher', 'AES128-SHA'], /alert handshake failure/],
    ['another protocol alone', ['-alpn', 'acme-tls/1'], /alert no application protocol/],
  ])('refuses %s', async (_sentence, options, alert) => {
    const { port, proxy } = await start([https('https', undefined, ['ec', 'rsa'])]);
    const said = await openssl('s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'shop.example', ...options);
    expect(said).toMatch(alert);
    expect(await failures(proxy)).toEqual(['holdfast_tls_handshake_failures_total{reason="Refused"} 1']);
  });

  test('lets a client resume its session', async () => {
    const { connect } = await start([https('https', 'shop.example', ['ec'])]);
    const first = await connect({ servername: 'shop.example' });
    const session = new Promise<Buffer>((resolve) => first.socket.once('session', resolve));
    await first.send(get('shop.example', last));
    const second = await connect({ servername: 'shop.example', session: await session });
    expect(second.socket.isSessionReused()).toBe(true);
    expect(await second.send(get('shop.example', last))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('the certificate', () => {
  test('is that of the listener of the server name', async () => {
    const { connect } = await start([
      https('shop', 'shop.example', ['ec']),
      https('others', '*.example', ['wild']),
      https('all', undefined, ['admin']),
    ]);
    const subject = async (servername: string) =>
      (await connect({ servername, rejectUnauthorized: false })).certificate.subject.CN;
    expect(await subject('shop.example')).toBe('shop.example');
    expect(await subject('SHOP.example')).toBe('shop.example');
    expect(await subject('a.b.example')).toBe('*.example');
    expect(await subject('elsewhere.test')).toBe('admin.example');
    expect(await subject('')).toBe('admin.example');
  });

  test('is the one that the client can verify, of RSA and ECDSA', async () => {
    const { connect } = await start([https('https', undefined, ['rsa', 'ec'])]);
    const byCipher = async (ciphers: string) => {
      const client = await connect({ servername: 'shop.example', ciphers, maxVersion: 'TLSv1.2' });
      const { certificate } = client;
      return { key: certificate.asn1Curve ?? `RSA ${certificate.bits}`, issuer: certificate.issuer.CN };
    };
    // With its own intermediate certificate: the client knows the root only.
    expect(await byCipher('ECDHE-RSA-AES128-GCM-SHA256')).toEqual({ key: 'RSA 2048', issuer: 'shops' });
    expect(await byCipher('ECDHE-ECDSA-AES128-GCM-SHA256')).toEqual({ key: 'prime256v1', issuer: 'test-ca' });
  });

  test('is the one with the name, of several of a listener', async () => {
    const { connect } = await start([https('https', undefined, ['ec', 'admin', 'rsa'])]);
    const subject = async (servername: string) => (await connect({ servername })).certificate.subject.CN;
    expect(await subject('admin.example')).toBe('admin.example');
    expect(await subject('shop.example')).toBe('shop.example');
  });

  test.each([
    { algorithm: 'EC', sentence: 'of one type of key' },
    { algorithm: 'RSA', sentence: 'of two types' },
  ] as const)('is the one with the name itself before one with a wildcard, $sentence', async ({ algorithm }) => {
    const wild = await authority.issue({ hostnames: ['*.shop.example'] });
    const name = await authority.issue({ hostnames: ['a.shop.example'], algorithm });
    const { connect } = await start([https('https', undefined, ['wild', 'name'])], { certificates: { wild, name } });
    const subject = async (servername: string) => (await connect({ servername })).certificate.subject.CN;
    expect(await subject('a.shop.example')).toBe('a.shop.example');
    expect(await subject('b.shop.example')).toBe('*.shop.example');
  });

  test('is replaced for later handshakes, and open connections continue', async () => {
    const { table, proxy, connect } = await start([https('https', 'shop.example', ['ec'])]);
    const before = await connect({ servername: 'shop.example' });
    await proxy.swap({ ...table, certificates: { ec: shop['next'] } });
    const after = await connect({ servername: 'shop.example' });
    expect(after.certificate.serialNumber).not.toBe(before.certificate.serialNumber);
    expect(await before.send(get('shop.example', last))).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('that cannot be used leaves the others of the listener, and other listeners', async () => {
    const broken = { chain: shop['ec']?.chain ?? '', key: shop['next']?.key ?? '' };
    const { connect, proxy } = await start(
      [https('shop', 'shop.example', ['broken', 'rsa']), https('admin', 'admin.example', ['broken'])],
      { certificates: { ...shop, broken } },
    );
    expect((await connect({ servername: 'shop.example' })).certificate.bits).toBe(2048);
    await expect(connect({ servername: 'admin.example' })).rejects.toMatchObject({
      code: 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE',
    });
    expect(await failures(proxy)).toEqual(['holdfast_tls_handshake_failures_total{reason="NoCertificate"} 1']);
  });

  test('is not sent to a client whose name no listener has', async () => {
    const { connect, proxy } = await start([https('shop', 'shop.example', ['ec'])]);
    for (const servername of ['elsewhere.test', '']) {
      await expect(connect({ servername })).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME' });
    }
    expect(await failures(proxy)).toEqual(['holdfast_tls_handshake_failures_total{reason="UnknownName"} 2']);
  });

  test('has a key that no debug page shows', async () => {
    const { proxy } = await start([https('https', undefined, ['ec'])]);
    const page = await (await fetch(`http://127.0.0.1:${proxy.proxy.adminPort}/debug/table`)).text();
    expect(page).toContain('BEGIN CERTIFICATE');
    expect(page).not.toContain('PRIVATE');
  });
});

describe('a plain connection to a port that becomes one of HTTPS', () => {
  const http: Listener = { name: 'http', protocol: 'HTTP', port: 443 };

  test('gets no further answer in the clear', async () => {
    const { proxy, table } = await start([http]);
    const client = await proxy.connect();
    client.send(get());
    expect(await client.response()).toMatchObject({ status: 200 });
    await proxy.swap({ ...table, listeners: [https('https', undefined, ['ec'])] });
    client.send(get());
    const refused = await client.response();
    expect(refused).toMatchObject({ status: 400, body: expect.stringContaining('This port serves HTTPS') });
    expect(refused.head).toContain('Connection: close');
    expect(refused.head).not.toContain('Set-Cookie');
  });

  test('finishes the request in flight', async () => {
    const { app, proxy, table } = await start([http]);
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\na');
    await eventually(
      () => proxy.metrics('holdfast_http_requests_total 1'),
      ({ length }) => length === 1,
    );
    await proxy.swap({ ...table, listeners: [https('https', undefined, ['ec'])] });
    client.send('b');
    expect(await client.response()).toMatchObject({ status: 200 });
    expect(app.received()).toMatch(/ab$/);
  });
});

describe('a request on a connection of another host', () => {
  const listeners = () => [
    https('shop', 'shop.example', ['wild']),
    https('others', '*.example', ['wild']),
    https('test', '*.test', ['wild']),
  ];
  const statusOf = (response: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(response)?.[1]);

  test.each([
    { servername: 'a.example', host: 'b.example', status: 200, sentence: 'of the same listener' },
    { servername: 'a.example', host: 'shop.example', status: 421, sentence: 'that a more specific listener has' },
    { servername: 'shop.example', host: 'a.example', status: 421, sentence: 'that another listener has' },
    { servername: 'a.example', host: 'elsewhere.invalid', status: 404, sentence: 'that no listener has' },
  ])('$sentence gets $status', async ({ servername, host, status }) => {
    const { connect } = await start(listeners());
    const client = await connect({ servername, rejectUnauthorized: false });
    expect(statusOf(await client.send(get(host, last)))).toBe(status);
  });

  test('is judged by the newest listeners', async () => {
    const { connect, proxy, table } = await start([https('others', '*.example', ['wild'])]);
    const client = await connect({ servername: 'shop.example', rejectUnauthorized: false });
    await proxy.swap({ ...table, listeners: listeners() });
    expect(statusOf(await client.send(get('shop.example', last)))).toBe(421);
  });
});
