/** A node that lost its power is silent; a slow app is silent too, for a while. The proxy must distinguish them. */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { canDropConnections, startMortalApp } from './unresponsive.ts';
import type { MortalApp } from './unresponsive.ts';
import { createHold, createRig, eventually } from './rig.ts';
import type { Proxy, ProxyOptions } from './rig.ts';
import type { ConnectFailure } from '../../../../src/dataplane/routing.ts';

const rig = createRig();
const apps: MortalApp[] = [];
afterEach(async () => {
  await rig.stop();
  apps.splice(0).forEach((app) => app.stop());
});

const onLinux = canDropConnections ? describe : describe.skip;
const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';
const post = 'POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\nbody';
const upgrade = get.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n';
const streaming = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n';
const empty = 'HTTP/1.1 204 No Content\r\n\r\n';

/** A thirtieth of the real times. */
const hasty: ProxyOptions = {
  pool: { connectTimeoutMs: 60, health: { sweepMs: 30, awaitedMs: 70, quietMs: 300, probes: 3 } },
};

async function mortalApp(answer: string): Promise<MortalApp> {
  const app = await startMortalApp((socket) => socket.on('data', () => socket.write(answer)));
  apps.push(app);
  return app;
}

/** The node fails after the app has received the request: there are no more responses. */
async function askAndKill(request: string, options: ProxyOptions = {}) {
  const app = await mortalApp('');
  const failures: ConnectFailure[] = [];
  const proxy = await rig.proxy(app.port, {
    ...hasty,
    connectFailed(failure) {
      failures.push(failure);
      return {
        kind: 'reply',
        reply: { status: 503, reason: 'UpstreamConnectFailed', body: 'No pod took the connection.' },
      };
    },
    ...options,
  });
  const client = await proxy.connect();
  client.send(request);
  await eventually(() => app.sockets.length === 1);
  await app.dropNewOnes();
  return { client, proxy, failures };
}

async function expectNothingHeld(proxy: Proxy): Promise<void> {
  await eventually(() => proxy.holds.open === 0 && proxy.server.counters.requestsOpen === 0);
  expect(proxy.holds.releasedTwice).toBe(0);
}

const podOnly = new Set(['pod-1']);

onLinux('a node that died without a word', () => {
  test('is reported to the session side as silent, for a request that may be sent twice', async () => {
    const { client, proxy, failures } = await askAndKill(get);
    expect(await client.response()).toMatchObject({ status: 503, body: 'No pod took the connection.\n' });
    // Three probes got no response: the session side need not try again.
    expect(failures).toEqual(['Silent']);
    await expectNothingHeld(proxy);
  });

  test('moves such a request to another pod as a whole', async () => {
    let received = '';
    const other = await rig.rawApp((socket) =>
      socket.on('data', (chunk) => {
        received += chunk.toString();
        socket.write(empty);
      }),
    );
    const proxies: Proxy[] = [];
    const { client, proxy } = await askAndKill(post.replace('POST', 'PUT'), {
      connectFailed: () => ({
        kind: 'forward',
        hold: createHold(proxies[0]?.holds ?? proxy.holds, {
          appPort: other.port,
          sessionFields: [],
          connectFailed: undefined,
        }),
      }),
    });
    proxies.push(proxy);
    expect((await client.response()).status).toBe(204);
    expect(received).toMatch(/^PUT \/ [^]*\r\n\r\nbody$/);
  });

  test('fails a request that must not be sent twice, and still notifies the session side', async () => {
    const { client, proxy, failures } = await askAndKill(post);
    expect(await client.response()).toMatchObject({
      status: 502,
      body: expect.stringMatching(/is unreachable\. It may or may not have processed the request/),
    });
    expect(failures).toEqual(['Silent']);
    await expectNothingHeld(proxy);
  });

  test('aborts an incomplete response visibly once the table has lost the node', async () => {
    const app = await mortalApp(streaming);
    const proxy = await rig.proxy(app.port, hasty);
    const client = await proxy.connect();
    client.send(get);
    await client.until('part\r\n');
    await app.dropNewOnes();
    proxy.server.retain(podOnly, podOnly);
    expect(await client.rest()).toEqual({ text: '', how: 'end' });
    expect(proxy.server.counters.responsesTruncated).toBe(1);
    await expectNothingHeld(proxy);
  });

  test('ends an idle WebSocket once the table has lost the node, so that its client reconnects', async () => {
    const app = await mortalApp(switched);
    const proxy = await rig.proxy(app.port, hasty);
    const client = await proxy.connect();
    client.send(upgrade);
    expect((await client.response()).status).toBe(101);
    await app.dropNewOnes();
    proxy.server.retain(podOnly, podOnly);
    expect((await client.rest()).how).toBe('reset');
    await eventually(() => proxy.holds.open === 0 && proxy.server.counters.upgradesOpen === 0);
  });

  test('closes idle connections to it as well, so that no later request uses them', async () => {
    const app = await mortalApp(empty);
    const proxy = await rig.proxy(app.port, { ...hasty, pool: { ...hasty.pool, idleTimeoutMs: 60_000 } });
    const clients = [await proxy.connect(), await proxy.connect()];
    clients.forEach((client) => client.send(get));
    await Promise.all(clients.map((client) => client.response()));
    app.sockets.forEach((socket) => socket.removeAllListeners('data'));
    await app.dropNewOnes();
    expect(proxy.server.upstreamCounts()).toEqual({ open: 2, idle: 2 });
    clients[0]?.send(get);
    expect((await clients[0]?.response())?.status).toBe(503);
    await eventually(() => proxy.server.upstreamCounts().open === 0);
  });

  test('is detected even when its pod has left the table', async () => {
    const app = await mortalApp(switched);
    const proxy = await rig.proxy(app.port, hasty);
    const client = await proxy.connect();
    client.send(upgrade);
    expect((await client.response()).status).toBe(101);
    proxy.server.retain(new Set());
    await app.dropNewOnes();
    expect((await client.rest()).how).toBe('reset');
  });
});

/** Long enough for a probe after every silence, and for three in a row. */
const severalProbes = () => new Promise((resolve) => setTimeout(resolve, 1000));

describe('a live app is never cut, however slow it is:', () => {
  test('one that accepts connections and responds late', async () => {
    const app = await mortalApp('');
    const proxy = await rig.proxy(app.port, hasty);
    const client = await proxy.connect();
    client.send(get);
    // The connection of the request, and closed probes.
    await eventually(() => app.sockets.length > 3);
    app.sockets[0]?.write(empty);
    expect((await client.response()).status).toBe(204);
  });

  test.each([
    ['a WebSocket', upgrade, switched],
    ['a stream', get, streaming],
    ['a request', get, ''],
  ])('one that closed its port and finishes what is open: %s', async (_, request, answer) => {
    const asked = Promise.withResolvers<Socket>();
    const app = await startMortalApp((socket) =>
      socket.on('data', () => {
        asked.resolve(socket);
        socket.write(answer);
      }),
    );
    apps.push(app);
    const proxy = await rig.proxy(app.port, hasty);
    const client = await proxy.connect();
    client.send(request);
    // Only then is the proxy connected: it gives up an attempt soon, which the app may have accepted.
    const socket = await asked.promise;
    await app.closePort();
    await severalProbes();
    socket.write(answer === '' ? empty : '3\r\nend\r\n');
    expect(await client.until(answer === '' ? '204' : 'end')).not.toContain('502');
  });

  test('it is not probed while it sends, nor without a waiting request', async () => {
    const app = await mortalApp(streaming);
    const proxy = await rig.proxy(app.port, hasty);
    const client = await proxy.connect();
    client.send(get);
    await client.until('part\r\n');
    const ticking = setInterval(() => app.sockets[0]?.write('1\r\n.\r\n'), 50);
    await severalProbes();
    clearInterval(ticking);
    expect(app.sockets).toHaveLength(1);
  });
});

onLinux('an app so busy that its kernel drops new connections', () => {
  test.each([
    ['a WebSocket', upgrade, switched],
    ['a stream', get, streaming],
  ])('keeps what needs no response while the table does not give it up: %s', async (_, request, answer) => {
    const app = await mortalApp(answer);
    const proxy = await rig.proxy(app.port, hasty);
    const [client, other] = [await proxy.connect(), await proxy.connect()];
    client.send(request);
    await client.until(answer.slice(-4));
    app.sockets[0]?.removeAllListeners('data');
    await app.dropNewOnes();
    await severalProbes();
    other.send(get);
    expect((await other.response()).status).toBe(503);
    app.sockets[0]?.write('3\r\nend\r\n');
    expect(await client.until('end')).toContain('end');
  });

  test('it counts as live while any of its connections receives bytes', async () => {
    const app = await mortalApp('');
    const proxy = await rig.proxy(app.port, hasty);
    const [waiting, busy] = [await proxy.connect(), await proxy.connect()];
    waiting.send(get);
    await eventually(() => app.sockets.length === 1);
    busy.send(get);
    await eventually(() => app.sockets.length === 2);
    await app.dropNewOnes();
    app.sockets[1]?.write(streaming);
    const ticking = setInterval(() => app.sockets[1]?.write('1\r\n.\r\n'), 50);
    await severalProbes();
    clearInterval(ticking);
    app.sockets[0]?.write(empty);
    expect((await waiting.response()).status).toBe(204);
  });
});
