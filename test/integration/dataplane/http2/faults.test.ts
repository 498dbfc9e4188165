/**
 * Exceptions inside of the proxy, injected through the router and the hold: each ends its own stream, and no other one of the client's connection or of the
 * connection to the app, which clients share.
 */
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RequestView, RouteDecision } from '../../../../src/dataplane/routing.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { breaking, brokenRelease, fault } from '../http1/injected-faults.ts';
import { createRig, type ProxyOptions } from '../http1/rig.ts';
import { connectHttp2, startHttp2App } from './client.ts';

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

/** Changes the hold of requests whose query is `bad`. */
const breakingBad = breaking(({ query }) => query === 'bad');

const breakingRelease = breakingBad(brokenRelease);

type Protocol = 'HTTP1' | 'HTTP2';
type Reply = { write(text: string): unknown; end(text?: string): unknown; reset(): void };
type App = { port: number; next(): void; connections(): number };

/** /stream goes on with `next`, /silent has no response, /broken is reset, everything else is answered. */
async function startApp(protocol: Protocol): Promise<App> {
  const streams: Reply[] = [];
  const answer = (path: string | undefined, reply: Reply) => {
    if (path?.startsWith('/broken')) reply.reset();
    else if (path === '/stream') {
      reply.write('first');
      streams.push(reply);
    } else if (!path?.startsWith('/silent')) reply.end('whole');
  };
  const next = () => streams.forEach((stream) => stream.write('second'));
  if (protocol === 'HTTP2') {
    const app = await startHttp2App((stream, headers) => {
      if (!headers[':path']?.startsWith('/broken')) stream.respond({ ':status': 200 });
      answer(headers[':path'], {
        write: (text) => stream.write(text),
        end: (text) => stream.end(text),
        reset: () => stream.close(2),
      });
    });
    cleanups.push(() => app.close());
    return { port: app.port, next, connections: () => app.sessions.length };
  }
  const { port, app } = await rig.httpApp((request, response) =>
    answer(request.url, {
      write: (text) => response.write(text),
      end: (text) => response.end(text),
      reset: () => response.destroy(),
    }),
  );
  app.on('upgrade', (_request, socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  return { port, next, connections: () => 1 };
}

/** A stream of this connection that goes on: resolves once it has begun. */
async function openStream(session: ClientHttp2Session): Promise<ClientHttp2Stream> {
  const stream = session.request({ ':path': '/stream', ':authority': 'shop.test' });
  stream.setEncoding('latin1').on('error', () => undefined);
  expect(await once(stream, 'data')).toEqual(['first']);
  return stream;
}

async function start(protocol: Protocol, options: ProxyOptions) {
  const app = await startApp(protocol);
  const log = createMemoryLogger();
  const proxy = await rig.proxy(app.port, { log, protocol, ...options });
  const client = await connectHttp2(proxy.port);
  const other = await connectHttp2(proxy.port);
  cleanups.push(
    () => client.close(),
    () => other.close(),
  );
  const streams = await Promise.all([openStream(client.session), openStream(other.session)]);
  return {
    proxy,
    client,
    /** Both streams go on, on the connections that they have, which take new requests; the fault is counted once, and nothing is held. */
    async expectIsolated() {
      const seconds = streams.map((stream) => once(stream, 'data'));
      app.next();
      expect(await Promise.all(seconds)).toEqual([['second'], ['second']]);
      expect((await client.ask({})).status).toBe(200);
      expect([client.session.closed, app.connections()]).toEqual([false, 1]);
      await eventually(
        () => proxy.holds.open,
        (holds) => holds === streams.length,
      );
      expect(proxy.holds.releasedTwice).toBe(0);
      expect(proxy.server.counters.requestsOpen).toBe(streams.length);
      expect(proxy.server.counters.faults).toEqual({ Client: 1, Upstream: 0, Accept: 0 });
      expect(log.messages()).toEqual(['internal error: a request or connection was ended']);
    },
  };
}

const protocols: { protocol: Protocol }[] = [{ protocol: 'HTTP1' }, { protocol: 'HTTP2' }];

describe.each(protocols)('with an app that speaks $protocol, a fault', ({ protocol }) => {
  const routeFault = (request: RequestView, forward: () => RouteDecision) =>
    request.query === 'bad' ? fault() : forward();

  test.each<[string, ProxyOptions]>([
    ['when it is routed', { route: routeFault }],
    ['when it was routed by a later table', { route: async (request, forward) => routeFault(request, forward) }],
    ['when the app responds', { route: breakingBad(() => ({ responseHead: fault })) }],
    [
      'when its pod does not accept the connection',
      {
        route: breakingBad((hold) => ({ endpoint: { ...hold.endpoint, uid: 'other', port: 1 }, connectFailed: fault })),
      },
    ],
  ])('%s ends the request with 500', async (_, options) => {
    const { client, proxy, expectIsolated } = await start(protocol, options);
    expect(await client.ask({ ':path': '/?bad' })).toMatchObject({ status: 500 });
    expect(proxy.server.counters.replies).toEqual({ InternalError: 1 });
    await expectIsolated();
  });

  test.each([
    ['when the session is released after the response', '/?bad'],
    ['when it is released because the app has broken the response', '/broken?bad'],
  ])('%s ends its stream', async (_, path) => {
    const { client, expectIsolated } = await start(protocol, { route: breakingRelease });
    await expect(client.ask({ ':path': path })).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    await expectIsolated();
  });

  test('when the client resets the stream ends nothing else', async () => {
    const { client, proxy, expectIsolated } = await start(protocol, { route: breakingRelease });
    const request = client.session.request({ ':path': '/silent?bad', ':authority': 'shop.test' });
    request.on('error', () => undefined);
    await eventually(
      () => proxy.holds.open,
      (holds) => holds === 3,
    );
    request.close(8);
    await expectIsolated();
  });

  test('when a time limit has passed ends its stream', async () => {
    const { client, expectIsolated } = await start(protocol, {
      timeouts: { responseHeadMs: 50, bodyMs: 50 },
      route: breakingRelease,
    });
    const request = client.session.request({ ':path': '/silent?bad', ':authority': 'shop.test', ':method': 'POST' });
    await expect(once(request, 'close')).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
    await expectIsolated();
  });
});

describe('a fault of a WebSocket', () => {
  test('when its client resets it ends nothing else', async () => {
    const { client, proxy, expectIsolated } = await start('HTTP1', { route: breakingRelease });
    const socket = client.session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'http',
      ':path': '/?bad',
      ':authority': 'shop.test',
    });
    socket.on('error', () => undefined);
    expect((await once(socket, 'response'))[0]).toMatchObject({ ':status': 200 });
    expect(proxy.server.counters.upgradesOpen).toBe(1);
    socket.close(8);
    await expectIsolated();
    expect(proxy.server.counters.upgradesOpen).toBe(0);
  });
});
