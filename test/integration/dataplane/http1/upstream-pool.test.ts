import { afterEach, describe, expect, test } from '@jest/globals';
import { canDropConnections, fillQueue, listenUnresponsive } from './unresponsive.ts';
import { createRig, endpointAt, eventually } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';

/** Responds to every request on a connection with the same head, and `ok`. */
const answeringApp = (...lines: string[]) =>
  rig.rawApp((socket) => {
    socket.on('end', () => socket.end());
    socket.on('data', () =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\nok`),
    );
  });

async function ask(proxy: Awaited<ReturnType<typeof rig.proxy>>): Promise<void> {
  const client = await proxy.connect();
  client.send(get);
  expect((await client.response()).body).toBe('ok');
}

describe('idle connections to an app', () => {
  test('are reused by other clients', async () => {
    const { port, sockets } = await answeringApp();
    const proxy = await rig.proxy(port);
    await ask(proxy);
    await ask(proxy);
    expect(sockets).toHaveLength(1);
  });

  test.each([
    ['the app sends Connection: close', 'Connection: close'],
    ['the app keeps it open for no longer than a second', 'Keep-Alive: timeout=1'],
  ])('are not kept where %s', async (_, line) => {
    const { port } = await answeringApp(line);
    const proxy = await rig.proxy(port);
    await ask(proxy);
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 0, idle: 0 });
  });

  test('are not kept for an app with HTTP/1.0', async () => {
    const { port } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.write('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')),
    );
    const proxy = await rig.proxy(port);
    await ask(proxy);
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 0, idle: 0 });
  });

  test('are closed before the app closes them: after the idle timeout, or a second before the timeout in Keep-Alive', async () => {
    const { port } = await answeringApp();
    const proxy = await rig.proxy(port, { pool: { idleTimeoutMs: 50 }, timeouts: { lingerMs: 40 } });
    await ask(proxy);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 1, idle: 1 });
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 0, idle: 0 });
  });

  test.each([
    {
      sentence: 'are used by a request that may be sent twice, whatever their age',
      method: 'GET',
      freshForMs: -1,
      connections: 1,
    },
    {
      sentence: 'are used by a request that must not be sent twice if they are fresh',
      method: 'POST',
      freshForMs: 1000,
      connections: 1,
    },
    {
      sentence: 'are not used by such a request if they are older, because the app may be closing them',
      method: 'POST',
      freshForMs: -1,
      connections: 2,
    },
  ])('$sentence', async ({ method, freshForMs, connections }) => {
    const { port, sockets } = await answeringApp();
    const proxy = await rig.proxy(port, { pool: { freshForMs } });
    for (let turn = 0; turn < 2; turn += 1) {
      const client = await proxy.connect();
      client.send(`${method} / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 0\r\n\r\n`);
      expect((await client.response()).body).toBe('ok');
    }
    expect(sockets).toHaveLength(connections);
  });

  test('are dropped at once when the app closes them', async () => {
    const { port, sockets } = await answeringApp();
    const proxy = await rig.proxy(port);
    await ask(proxy);
    sockets[0]?.end();
    await eventually(() => proxy.server.upstreamCounts().idle === 0);
    await ask(proxy);
    expect(proxy.server.counters.upstreamRetries).toBe(0);
  });

  test('are dropped when the app sends unsolicited bytes', async () => {
    const { port, sockets } = await answeringApp();
    const proxy = await rig.proxy(port);
    await ask(proxy);
    sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 0, idle: 0 });
  });

  test('are limited in number per endpoint', async () => {
    const waiting: (() => void)[] = [];
    const { port } = await rig.httpApp((_, response) => void waiting.push(() => response.end('ok')));
    const proxy = await rig.proxy(port, { pool: { maxIdlePerEndpoint: 2 } });
    const clients = await Promise.all([1, 2, 3, 4].map(() => proxy.connect()));
    clients.forEach((client) => client.send(get));
    await eventually(() => waiting.length === 4);
    waiting.forEach((answer) => answer());
    await Promise.all(clients.map((client) => client.response()));
    await eventually(() => proxy.server.upstreamCounts().open === 2);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 2, idle: 2 });
  });

  test('to pods that left the table are closed; others and open requests are not', async () => {
    const waiting: (() => void)[] = [];
    const { port } = await rig.httpApp((_, response) => void waiting.push(() => response.end('ok')));
    const proxy = await rig.proxy(port);
    const [idle, busy] = [await proxy.connect(), await proxy.connect()];
    for (const client of [idle, busy]) client.send(get);
    await eventually(() => waiting.length === 2);
    waiting[0]?.();
    await Promise.race([idle.response(), busy.response()]);
    expect(proxy.server.upstreamCounts()).toEqual({ open: 2, idle: 1 });
    proxy.server.retain(new Set(['pod-1']));
    expect(proxy.server.upstreamCounts()).toEqual({ open: 2, idle: 1 });
    proxy.server.retain(new Set(['another-pod']));
    expect(proxy.server.upstreamCounts().idle).toBe(0);
    await eventually(() => proxy.server.upstreamCounts().open === 1);
    expect(proxy.holds.open).toBe(1);
  });

  test('never carry a request to another pod that got the same address, nor to the old address of the same pod', async () => {
    const [first, second] = [await answeringApp(), await answeringApp()];
    let endpoint = endpointAt(first.port, 'pod-1');
    const proxy = await rig.proxy(first.port, {
      route: (_, forward) => {
        const decision = forward();
        return decision.kind === 'forward' ? { kind: 'forward', hold: { ...decision.hold, endpoint } } : decision;
      },
    });
    await ask(proxy);
    endpoint = endpointAt(first.port, 'pod-2');
    await ask(proxy);
    expect(first.sockets).toHaveLength(2);
    endpoint = endpointAt(second.port, 'pod-2');
    await ask(proxy);
    expect([first.sockets.length, second.sockets.length]).toEqual([2, 1]);
  });
});

(canDropConnections ? test : test.skip)(
  'a connection that is not established in time is a connect failure',
  async () => {
    const listener = await listenUnresponsive();
    const emptyQueue = await fillQueue(listener.port);
    const proxy = await rig.proxy(listener.port, { pool: { connectTimeoutMs: 100 } });
    const client = await proxy.connect();
    client.send(get);
    expect((await client.response()).status).toBe(503);
    expect(proxy.server.counters.upstreamConnectFailures).toBe(1);
    await eventually(() => proxy.holds.open === 0 && proxy.server.upstreamCounts().open === 0);
    emptyQueue();
    await listener.stop();
  },
);
