/** WebSockets over HTTP/2 (RFC 8441) with an app that speaks HTTP/1.1. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { eventually } from '../../../support/eventually.ts';
import { openStream, webSocketOn, type Opened } from '../../../support/web-socket-stream.ts';
import { connectHttp2, type Http2Client } from './client.ts';
import { createPods, type Pod, type PodWorld } from './pods.ts';

let world: PodWorld;
let client: Http2Client;
afterEach(async () => {
  client.close();
  await world.stop();
});

async function start() {
  world = await createPods('a', 'b');
  const proxy = await world.proxy({ name: 'plain', protocol: 'HTTP', port: 80 });
  client = await connectHttp2(proxy.port);
  await once(client.session, 'remoteSettings');
  return proxy;
}

const open = (headers: Record<string, string> = {}): Promise<Opened> => openStream(client.session, headers);

const cookieOf = (headers: IncomingHttpHeaders): string => headers['set-cookie']?.[0]?.split(';')[0] ?? '';
const podNamed = (name: string): Pod | undefined => world.pods.find((pod) => pod.name === name);

async function answerOf(webSocket: WebSocket, message: string | Buffer): Promise<Buffer> {
  webSocket.send(message);
  return ((await once(webSocket, 'message')) as [Buffer])[0];
}

describe('a WebSocket', () => {
  test('is announced, begins as one of HTTP/1.1 does at the app, and begins a session', async () => {
    await start();
    expect(client.session.remoteSettings.enableConnectProtocol).toBe(true);
    const opened = await open();
    expect(opened.headers).toMatchObject({ ':status': 200 });
    expect(opened.headers).not.toHaveProperty('sec-websocket-accept');
    const webSocket = webSocketOn(opened);
    const [name] = (await answerOf(webSocket, 'hello')).toString().split(':');
    const { body } = await client.ask({ cookie: cookieOf(opened.headers) });
    expect(body.toString()).toBe(name);
  });

  test('of a session leads to its pod, with messages in both directions beside other requests', async () => {
    await start();
    const first = await client.ask({});
    const cookie = cookieOf(first.headers);
    const name = first.body.toString();
    for (let count = 0; count < 8; count += 1) {
      const webSocket = webSocketOn(await open({ cookie }));
      expect((await answerOf(webSocket, `message ${count}`)).toString()).toBe(`${name}: message ${count}`);
    }
    const webSocket = webSocketOn(await open({ cookie }));
    const large = Buffer.alloc(3_000_000, 'holdfast');
    const [answer, { body }] = await Promise.all([answerOf(webSocket, large), client.ask({ cookie })]);
    expect([answer.equals(large), body.toString()]).toEqual([true, name]);
    expect(podNamed(name)?.webSockets.size).toBe(9);
  });

  test('that the client closes is closed at the app', async () => {
    await start();
    const webSocket = webSocketOn(await open());
    await answerOf(webSocket, 'hello');
    const [server] = world.pods.flatMap(({ webSockets }) => [...webSockets]);
    const closed = Promise.all([server, webSocket].map((end) => once(end ?? webSocket, 'close')));
    webSocket.close(4001, 'enough');
    expect((await closed).map((event) => event.map(String))).toEqual([
      ['4001', 'enough'],
      ['4001', 'enough'],
    ]);
  });

  test('that the app closes is closed at the client', async () => {
    const proxy = await start();
    const opened = await open();
    const webSocket = webSocketOn(opened);
    await answerOf(webSocket, 'hello');
    for (const server of world.pods.flatMap(({ webSockets }) => [...webSockets])) server.close(4002, 'drained');
    expect((await once(webSocket, 'close')).map(String)).toEqual(['4002', 'drained']);
    await eventually(
      () => proxy.metrics('holdfast_http_upgrades_open 0'),
      ({ length }) => length === 1,
    );
    expect(client.session.destroyed).toBe(false);
  });

  test('that the client resets is gone at the app', async () => {
    const proxy = await start();
    const { stream } = await open();
    stream.close(8);
    const [socket] = world.pods.flatMap(({ sockets }) => sockets);
    await eventually(() => socket?.destroyed, Boolean);
    expect(await proxy.metrics('holdfast_http_upgrades_open')).toEqual(['holdfast_http_upgrades_open 0']);
  });

  test('whose pod breaks it is reset at the client', async () => {
    await start();
    const { stream } = await open();
    const closed = once(stream, 'close');
    for (const socket of world.pods.flatMap(({ sockets }) => sockets)) socket.resetAndDestroy();
    await expect(closed).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    expect((await client.ask({})).status).toBe(200);
  });

  test('that the app refuses gets its answer, and ends', async () => {
    const proxy = await start();
    const { stream, headers } = await open({ ':path': '/none' });
    expect(headers[':status']).toBe(403);
    stream.resume();
    await once(stream, 'close');
    expect(await proxy.metrics('holdfast_http_requests_open')).toEqual(['holdfast_http_requests_open 0']);
    expect((await client.ask({})).status).toBe(200);
  });
});
