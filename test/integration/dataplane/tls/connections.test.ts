/** Connections to an HTTPS listener that do not go well, and those of other clients meanwhile. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ProxySettings } from '../../../../src/wire/proxy-settings.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { createAuthority, type Issued, type TestAuthority } from '../../../support/authority.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld, type RawApp } from '../../../support/standalone-proxy.ts';
import { shakeHands } from '../../../support/tls-handshake.ts';

const world = createWorld();
afterEach(() => world.stop());

let authority: TestAuthority;
let certificate: Issued;
beforeAll(async () => {
  authority = await createAuthority();
  certificate = await authority.issue({ hostnames: ['shop.example'] });
});

type Settings = { [Part in keyof ProxySettings]?: ProxySettings[Part] | Partial<ProxySettings[Part]> };

async function start(settings: Settings = {}, given?: RawApp) {
  const app = given ?? (await world.app());
  const table: RoutingTable = {
    ...proxyTable({ endpoints: [{ pod: 'a', port: app.port }] }),
    listeners: [{ name: 'https', protocol: 'HTTPS', port: 443, certificates: ['shop'] }],
    certificates: { shop: certificate },
  };
  const proxy = await world.proxy({ ...table, proxy: settings });
  const port = proxy.proxy.listeners.boundPort(443) ?? 0;
  const counted = async (metric: string) => (await proxy.metrics(metric)).filter((line) => !line.endsWith(' 0'));
  return { app, proxy, port, counted };
}

const trusted = () => ({ ca: authority.certPem, servername: 'shop.example' });
const get = 'GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n';

async function rawSocket(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket.on('error', () => undefined).resume();
}

describe('the PROXY protocol', () => {
  test.each([
    { sentence: 'in a packet of its own', joined: false },
    { sentence: 'in one packet with the ClientHello', joined: true },
  ])('comes before the handshake, $sentence', async ({ joined }) => {
    const { app, port } = await start({ proxyProtocol: 'Required', trustedProxies: ['127.0.0.0/8'] });
    const socket = await rawSocket(port);
    socket.pause();
    const header = 'PROXY TCP4 203.0.113.9 192.0.2.1 49152 443\r\n';
    if (joined) socket.cork();
    socket.write(header);
    const client = shakeHands(port, { ...trusted(), socket });
    if (joined) setImmediate(() => socket.uncork());
    expect(await (await client).send(get)).toMatch(/^HTTP\/1\.1 200 /);
    expect(app.received()).toContain('X-Forwarded-For: 203.0.113.9\r\n');
    expect(app.received()).toContain('X-Forwarded-Proto: https\r\n');
  });
});

describe('a handshake', () => {
  test('that does not end is cut at the time limit of the request head', async () => {
    const { port, counted } = await start({ timeouts: { requestHeadMs: 1000 } });
    const socket = await rawSocket(port);
    socket.write(Buffer.from('160301', 'hex'));
    await once(socket, 'close');
    expect(await counted('holdfast_tls_handshake_failures_total')).toEqual([
      'holdfast_tls_handshake_failures_total{reason="Timeout"} 1',
    ]);
  });

  test('leaves its time to the head: both together have one limit', async () => {
    const { port } = await start({ timeouts: { requestHeadMs: 1000 } });
    const client = await shakeHands(port, trusted());
    expect(await client.send('GET / HTTP/1.1\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('that its client gives up is counted', async () => {
    const { port, proxy, counted } = await start();
    const socket = await rawSocket(port);
    socket.end(Buffer.from('160301', 'hex'));
    await once(socket, 'close');
    expect(await counted('holdfast_tls_handshake_failures_total')).toEqual([
      'holdfast_tls_handshake_failures_total{reason="ClientClosed"} 1',
    ]);
    expect(await proxy.metrics('holdfast_http_connections_open')).toEqual(['holdfast_http_connections_open 0']);
  });

  test('of a client that does not trust the certificate is counted', async () => {
    const { port, counted } = await start();
    const check = promisify(execFile)('curl', ['--silent', '--show-error', `https://localhost:${port}/`]);
    await expect(check).rejects.toMatchObject({ stderr: expect.stringContaining('unable to get local issuer') });
    expect(await counted('holdfast_tls_handshake_failures_total')).toEqual([
      'holdfast_tls_handshake_failures_total{reason="Refused"} 1',
    ]);
  });

  test('is not a request of plain HTTP: its client is told to use https', async () => {
    const { proxy, port, counted } = await start();
    const other = await shakeHands(port, trusted());
    const { status, body } = await proxy.send(get);
    expect({ status, body }).toEqual({ status: 400, body: expect.stringContaining('https://') });
    expect(await counted('holdfast_tls_handshake_failures_total')).toEqual([
      'holdfast_tls_handshake_failures_total{reason="NotTLS"} 1',
    ]);
    expect(await other.send(get)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('may arrive byte by byte', async () => {
    const { port } = await start();
    const transport = await rawSocket(port);
    const slow = new Duplex({
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        for (const byte of chunk) transport.write(Buffer.from([byte]));
        done();
      },
    });
    transport.on('data', (chunk) => slow.push(chunk)).on('end', () => slow.push(null));
    const client = await shakeHands(port, { ...trusted(), socket: slow });
    expect(await client.send(get)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('of many clients at once end for each of them', async () => {
    const { port } = await start();
    const clients = await Promise.all(Array.from({ length: 40 }, () => shakeHands(port, trusted())));
    const responses = await Promise.all(clients.map((client) => client.send(get)));
    expect(responses.every((response) => response.startsWith('HTTP/1.1 200 '))).toBe(true);
  });

  test('counts among the connections of its address', async () => {
    const { port, counted } = await start({ limits: { connectionsPerAddress: 1 }, trustedProxies: [] });
    const first = await rawSocket(port);
    await expect(shakeHands(port, trusted())).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await counted('holdfast_http_limit_refusals_total')).toEqual([
      'holdfast_http_limit_refusals_total{limit="connectionsPerAddress"} 1',
    ]);
    first.destroy();
  });
});

describe('a connection', () => {
  test('with a record that was changed on its way ends, and no other one', async () => {
    const { port, app } = await start();
    const other = await shakeHands(port, trusted());
    const transport = await rawSocket(port);
    transport.pause();
    const client = await shakeHands(port, { ...trusted(), socket: transport });
    client.socket.on('error', () => undefined);
    transport.write(Buffer.concat([Buffer.from('1703030020', 'hex'), Buffer.alloc(32)]));
    await once(transport, 'close');
    expect(app.received()).toBe('');
    expect(await other.send(get)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('whose response is incomplete is reset: no client takes it for a whole one', async () => {
    const app = await world.app(() => 'HTTP/1.1 200 OK\r\n\r\npart');
    const { port } = await start({}, app);
    const client = await shakeHands(port, trusted());
    // Only the end of its connection ends the response to a client of HTTP/1.0.
    client.socket.write(get.replace('HTTP/1.1', 'HTTP/1.0'));
    await once(client.socket, 'data');
    app.cut();
    await expect(once(client.socket, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('transfers bodies in both directions', async () => {
    const bytes = 300_000;
    const app = await world.app(() => `HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'r'.repeat(bytes)}`);
    const { port } = await start({}, app);
    const client = await shakeHands(port, trusted());
    const response = await client.send(
      `POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: ${bytes}\r\nConnection: close\r\n\r\n${'b'.repeat(bytes)}`,
    );
    expect(response.length).toBeGreaterThan(bytes);
    expect(app.received().endsWith('b'.repeat(bytes))).toBe(true);
  });

  test('is idle at a shutdown, and gets FIN after close_notify', async () => {
    const { port, proxy } = await start();
    const client = await shakeHands(port, trusted());
    client.socket.resume();
    const ended = once(client.socket, 'end');
    await proxy.proxy.stop();
    await expect(ended).resolves.toEqual([]);
  });
});
