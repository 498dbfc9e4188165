/** Exceptions inside of the proxy, injected through the router and the hold: each ends its own request or connection, and no other one. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RequestView, RouteDecision } from '../../../../src/dataplane/routing.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { breaking, brokenRelease, fault } from './injected-faults.ts';
import { createRig, eventually } from './rig.ts';
import type { Proxy, ProxyOptions } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const get = (path: string, ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: shop.test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

/** Changes the hold of requests for /bad. */
const breakingBad = breaking(({ path }) => path === '/bad');

/** A neighbour with an open stream, whose connection was accepted before the fault. */
async function startNeighbour(proxy: Proxy) {
  const neighbour = await proxy.connect();
  neighbour.send(get('/stream'));
  await neighbour.until('first\r\n');
  return neighbour;
}

/** Responds to every request; a stream goes on with `next`. */
async function startApp() {
  const streams: { write(text: string): unknown }[] = [];
  const { port, app } = await rig.httpApp((request, response) => {
    if (request.url === '/silent') return;
    if (request.url !== '/stream') {
      response.end('whole');
      return;
    }
    response.write('first');
    streams.push(response);
  });
  app.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  return { port, next: () => streams.forEach((stream) => stream.write('second')) };
}

async function startProxy(options: ProxyOptions) {
  const app = await startApp();
  const log = createMemoryLogger();
  const proxy = await rig.proxy(app.port, { log, ...options });
  const neighbour = await startNeighbour(proxy);
  return {
    proxy,
    log,
    /** The neighbour's stream and new clients go on; the fault is counted, and logged with its reason. */
    async expectIsolated(scope: 'Client' | 'Upstream', holds: number) {
      app.next();
      expect(await neighbour.until('second\r\n')).toContain('second');
      const other = await proxy.connect();
      other.send(get('/'));
      expect((await other.response()).status).toBe(200);
      await eventually(() => proxy.holds.open === 1);
      expect(proxy.holds).toMatchObject({ releasedTwice: 0, acquired: holds });
      expect(proxy.server.counters.requestsOpen).toBe(1);
      expect(proxy.server.counters.faults[scope]).toBe(1);
      expect(log.lines()).toEqual([
        {
          level: 'error',
          message: 'internal error: a request or connection was ended',
          fields: { scope, error: 'injected', stack: expect.stringContaining('injected-faults.ts'), unlogged: 0 },
        },
      ]);
    },
  };
}

describe('a fault before the response has begun ends the request with 500, and its connection', () => {
  const routeFault = (request: RequestView, forward: () => RouteDecision) =>
    request.path === '/bad' ? fault() : forward();

  test.each<[string, ProxyOptions, number]>([
    ['when it is routed', { route: routeFault }, 2],
    [
      'when it was routed by a later table',
      { route: async (request, forward) => (request.path === '/bad' ? fault() : forward()) },
      2,
    ],
    ['when the app responds', { route: breakingBad(() => ({ responseHead: fault })) }, 3],
  ])('%s', async (_, options, holds) => {
    const { proxy, expectIsolated } = await startProxy(options);
    const client = await proxy.connect();
    client.send(get('/bad') + get('/next'));
    const { text, how } = await client.rest();
    expect(text).toMatch(
      /^HTTP\/1.1 500 Internal Server Error\r\n[^]*\r\nConnection: close\r\n\r\nThe proxy failed [^]*\.\n$/,
    );
    expect(how).toBe('end');
    expect(proxy.server.counters.replies).toEqual({ InternalError: 1 });
    await expectIsolated('Client', holds);
  });

  test.each([
    ['the id that its client has given it', 'id-7', { requestId: 'id-7' }],
    ['no id that could be two lines or one without end', 'a b', { requestId: undefined }],
  ])('and the log line has %s', async (_, id, fields) => {
    const { proxy, log } = await startProxy({ route: routeFault });
    const client = await proxy.connect();
    client.send(get('/bad', `X-Request-ID: ${id}`));
    await client.rest();
    expect(log.lines()).toMatchObject([{ fields }]);
  });

  test('when its pod does not accept the connection', async () => {
    const { proxy, expectIsolated } = await startProxy({
      route: breakingBad((hold) => ({ endpoint: { ...hold.endpoint, uid: 'other', port: 1 }, connectFailed: fault })),
    });
    const client = await proxy.connect();
    client.send(get('/bad'));
    expect((await client.rest()).text).toMatch(/^HTTP\/1.1 500 /);
    await expectIsolated('Client', 3);
  });
});

describe('a fault that leaves no way to respond cuts the connection', () => {
  const breakingRelease = breakingBad(brokenRelease);

  test('when the session is released', async () => {
    const { proxy, expectIsolated } = await startProxy({ route: breakingRelease });
    const client = await proxy.connect();
    client.send(get('/bad'));
    await client.rest();
    await expectIsolated('Client', 3);
  });

  test('when the client of a tunnel disconnects', async () => {
    const { proxy, expectIsolated } = await startProxy({ route: breakingRelease });
    const client = await proxy.connect();
    client.send(get('/bad', 'Connection: upgrade', 'Upgrade: echo'));
    await client.until('\r\n\r\n');
    client.socket.destroy();
    await expectIsolated('Client', 3);
  });

  test('when a time limit has passed: the other limits still apply', async () => {
    const { proxy } = await startProxy({
      timeouts: { responseHeadMs: 50 },
      route(request, forward) {
        const decision = forward();
        if (decision.kind !== 'forward' || request.query !== 'bad') return decision;
        const { hold } = decision;
        const release = () => {
          hold.release();
          fault();
        };
        return { kind: 'forward', hold: { ...hold, release } };
      },
    });
    const bad = await proxy.connect();
    bad.send(get('/silent?bad'));
    const later = await proxy.connect();
    later.send(get('/silent'));
    await bad.rest();
    expect((await later.response()).status).toBe(504);
    expect(proxy.server.counters.faults).toEqual({ Client: 1, Upstream: 0, Accept: 0 });
  });
});

test('hundreds of faults are all counted, and few of them are logged', async () => {
  const { port } = await startApp();
  const log = createMemoryLogger();
  const proxy = await rig.proxy(port, { log, route: fault });
  for (let sent = 0; sent < 200; sent++) {
    const client = await proxy.connect();
    client.send(get('/'));
    expect((await client.rest()).text).toMatch(/^HTTP\/1.1 500 /);
  }
  expect(proxy.server.counters.faults.Client).toBe(200);
  expect(log.lines().length).toBeLessThan(100);
});

test('shutdown closes every connection although one of them has a fault', async () => {
  const { proxy } = await startProxy({
    route: breakingBad((hold) => ({
      release() {
        hold.release();
        fault();
      },
    })),
  });
  const client = await proxy.connect();
  client.send(get('/bad', 'Connection: upgrade', 'Upgrade: echo'));
  await client.until('\r\n\r\n');
  expect(await proxy.server.shutdown({ graceMs: 0 })).toEqual({ requests: 1, upgrades: 1 });
  expect(proxy.server.counters.connectionsOpen).toBe(0);
});
