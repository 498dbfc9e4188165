/** WebSockets to an app that speaks HTTP/2 (RFC 8441), from clients of both versions. */
import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Setting } from '../../../../src/dataplane/h2/frames.ts';
import { createRig, eventually, type Proxy } from '../http1/rig.ts';
import { connectHttp2, startHttp2App } from './client.ts';
import { settings } from './frame-client.ts';

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

/** Echoes the bytes of WebSockets, and refuses those for /none. Answers other requests with their method. */
async function start(
  announced = { enableConnectProtocol: true },
): Promise<{ proxy: Proxy; streams: ServerHttp2Stream[]; seen: object[] }> {
  const streams: ServerHttp2Stream[] = [];
  const seen: object[] = [];
  const app = await startHttp2App((stream, headers) => {
    seen.push(headers);
    if (headers[':path'] === '/none') {
      stream.respond({ ':status': 403, 'content-length': 2 });
      stream.end('no');
    } else if (headers[':method'] === 'CONNECT') {
      streams.push(stream);
      stream.respond({ ':status': 200, 'sec-websocket-protocol': 'chat' });
      stream.pipe(stream);
    } else {
      stream.respond({ ':status': 426, 'content-length': 3 });
      stream.end(headers[':method']);
    }
  }, announced);
  cleanups.push(() => app.close());
  return { proxy: await rig.proxy(app.port, { protocol: 'HTTP2' }), streams, seen };
}

const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

async function open(proxy: Proxy) {
  const client = await proxy.connect();
  client.send(upgrade('/ws'));
  const head = await client.until('\r\n\r\n');
  return { client, head };
}

const expectNoneOpen = (proxy: Proxy) =>
  eventually(() => proxy.holds.open === 0 && proxy.server.counters.upgradesOpen === 0);

describe('a WebSocket of a client of HTTP/1.1', () => {
  test('is an extended CONNECT at the app, and accepted as an app of HTTP/1.1 does', async () => {
    const { proxy, seen } = await start();
    const { client, head } = await open(proxy);
    expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    // The example of RFC 6455 §1.3.
    expect(head).toContain('Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n');
    expect(head).toMatch(/^sec-websocket-protocol: chat\r$/imu);
    expect(head.match(/^upgrade: websocket\r$/gimu)).toHaveLength(1);
    expect(seen).toMatchObject([
      { ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/ws', ':authority': 'shop.test', ':scheme': 'http' },
    ]);
    client.send('hello');
    expect(await client.until('hello')).toContain('hello');
    expect(proxy.server.counters).toMatchObject({ upgrades: 1, upgradesOpen: 1 });
  });

  test('that the client ends is ended at the app, with what it has sent before', async () => {
    const { proxy, streams } = await start();
    const { client } = await open(proxy);
    client.send('last');
    client.socket.end();
    expect((await client.rest()).text).toBe('last');
    await eventually(() => streams[0]?.closed === true);
    await expectNoneOpen(proxy);
  });

  test('that the app resets is reset at the client, and no other one', async () => {
    const { proxy, streams } = await start();
    const [{ client }, other] = [await open(proxy), await open(proxy)];
    streams[0]?.destroy(new Error('broken'));
    expect((await client.rest()).how).toBe('reset');
    other.client.send('still');
    expect(await other.client.until('still')).toContain('still');
    other.client.socket.destroy();
    await expectNoneOpen(proxy);
  });

  test('that the app ends with trailers is ended', async () => {
    const { proxy, streams } = await start();
    const { client } = await open(proxy);
    const [stream] = streams;
    stream?.unpipe(stream);
    stream?.on('wantTrailers', () => stream.sendTrailers({ 'x-odd': '1' }));
    client.socket.end();
    stream?.end();
    expect((await client.rest()).text).toBe('');
    await expectNoneOpen(proxy);
  });

  test('that the app refuses gets its answer', async () => {
    const { proxy } = await start();
    const client = await proxy.connect();
    client.send(upgrade('/none'));
    expect(await client.response()).toMatchObject({ status: 403, body: 'no' });
    await expectNoneOpen(proxy);
  });

  test('is a request without an upgrade at an app that accepts none', async () => {
    const { proxy, seen } = await start({ enableConnectProtocol: false });
    const client = await proxy.connect();
    client.send(upgrade('/ws'));
    expect(await client.response()).toMatchObject({ status: 426, body: 'GET' });
    expect(seen).toMatchObject([{ ':method': 'GET' }]);
  });

  test('whose client leaves before the app has announced its settings does not reach the app', async () => {
    let received = '';
    const { port, sockets } = await rig.rawApp((socket) =>
      socket.on('data', (bytes: Buffer) => (received += bytes.toString('latin1'))),
    );
    const proxy = await rig.proxy(port, { protocol: 'HTTP2' });
    const client = await proxy.connect();
    client.send(upgrade('/ws'));
    await eventually(() => received !== '');
    client.socket.resetAndDestroy();
    await expectNoneOpen(proxy);
    sockets[0]?.write(settings([Setting.EnableConnectProtocol, 1]));
    await eventually(() => received.endsWith('\0\0\0\x04\x01\0\0\0\0'));
    expect(received).not.toContain('/ws');
    expect(proxy.holds.releasedTwice).toBe(0);
  });
});

test('a WebSocket of a client of HTTP/2 is one at an app that speaks HTTP/2', async () => {
  const { proxy } = await start();
  const { session, close } = await connectHttp2(proxy.port);
  cleanups.push(close);
  await once(session, 'remoteSettings');
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': '/ws',
    ':authority': 'shop.test',
  });
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ ':status': 200, 'sec-websocket-protocol': 'chat' });
  expect(headers).not.toHaveProperty('sec-websocket-accept');
  stream.write('hello');
  expect(String(await once(stream, 'data'))).toBe('hello');
  stream.end();
  await once(stream.resume(), 'close');
  await expectNoneOpen(proxy);
});
