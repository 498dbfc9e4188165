import net from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConnectFailure } from '../../../../src/dataplane/routing.ts';
import { closedPort, createHold, createRig, eventually } from './rig.ts';
import type { Proxy } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: shop.test\r\n\r\n`;
const post = (length: number) => `POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${length}\r\n\r\n`;

/** The invariant that keeps the session counts correct. */
async function expectNothingHeld(proxy: Proxy, holds = 1): Promise<void> {
  await eventually(() => proxy.holds.acquired === holds && proxy.holds.open === 0);
  expect(proxy.holds.releasedTwice).toBe(0);
  await eventually(() => proxy.server.counters.requestsOpen === 0);
}

/** Blocks the whole process, like a process without CPU. */
const standStill = (forMs: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);

describe('an incomplete response never looks complete to the client', () => {
  const old = 'GET / HTTP/1.0\r\nHost: shop.test\r\n\r\n';

  test.each([
    ['a length', get(), 'Content-Length: 100\r\n\r\npart', { text: '', how: 'end' }],
    // Without the last chunk.
    ['chunks', get(), 'Transfer-Encoding: chunked\r\n\r\n6\r\npart', { text: '\r\n', how: 'end' }],
    ["the end of the app's connection", get(), '\r\npart', { text: '\r\n', how: 'end' }],
    ['the end of both connections', old, '\r\npart', { text: '', how: 'reset' }],
  ])('framed by %s: the client sees its connection break', async (_, request, rest, seen) => {
    const { port, sockets } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${rest}`)),
    );
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(request);
    await client.until('part');
    sockets[0]?.resetAndDestroy();
    expect(await client.rest()).toEqual(seen);
    await expectNothingHeld(proxy);
    expect(proxy.server.counters.responsesTruncated).toBe(1);
  });

  test("Node's fetch reports an error, not a short body", async () => {
    const { port } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n')),
    );
    const proxy = await rig.proxy(port);
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
    await expect(response.text()).rejects.toThrow('terminated');
    await expectNothingHeld(proxy);
  });

  test('malformed chunks abort the connection', async () => {
    const { port, sockets } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n')),
    );
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    await client.until('part\r\n');
    sockets[0]?.write('zz\r\n');
    expect((await client.rest()).text).toBe('');
    await expectNothingHeld(proxy);
  });
});

test('a body that ends with the connection is complete after a FIN of the app', async () => {
  const { port } = await rig.rawApp((socket) =>
    socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it')),
  );
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(get() + get());
  // Its end is not that of the client's connection.
  for (const responses of [1, 2]) {
    expect((await client.response()).body).toBe('9\r\nall of it\r\n0\r\n\r\n');
    await expectNothingHeld(proxy, responses);
  }
});

describe('an app that gives no response', () => {
  test.each([
    ['closes', (socket: net.Socket) => socket.end()],
    ['resets', (socket: net.Socket) => socket.resetAndDestroy()],
    ['closes in the middle of the head', (socket: net.Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ['sends something other than HTTP', (socket: net.Socket) => socket.write('SSH-2.0-OpenSSH\r\n')],
    [
      'frames its response in two ways',
      (socket: net.Socket) =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ],
    [
      'frames its response in an unknown way',
      (socket: net.Socket) => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'),
    ],
    [
      'sends two lengths',
      (socket: net.Socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n'),
    ],
    [
      'frames an interim response in two ways',
      (socket: net.Socket) =>
        socket.write('HTTP/1.1 103 Early Hints\r\nContent-Length: 5, 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'),
    ],
  ])('that %s: 502, and the client may go on', async (_, misbehave) => {
    const { port } = await rig.rawApp((socket) => socket.on('data', () => misbehave(socket)));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).status).toBe(502);
    client.send(get());
    expect((await client.response()).status).toBe(502);
    await expectNothingHeld(proxy, 2);
    expect(proxy.server.counters.replies).toEqual({ UpstreamProtocolError: 2 });
  });

  test('in time: 504', async () => {
    const { port } = await rig.rawApp(() => undefined);
    const proxy = await rig.proxy(port, { timeouts: { responseHeadMs: 60 } });
    const client = await proxy.connect();
    client.send(get());
    expect(await client.response()).toMatchObject({ status: 504, body: 'The app did not respond in time.\n' });
    await expectNothingHeld(proxy);
    await eventually(() => proxy.server.upstreamCounts().open === 0);
  });
});

test('a second response of an app reaches no client', async () => {
  const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const { port, sockets } = await rig.rawApp((socket) =>
    socket.on('data', () => socket.write(answer('asked') + answer('unasked'))),
  );
  const proxy = await rig.proxy(port);
  const [client, another] = [await proxy.connect(), await proxy.connect()];
  for (const each of [client, another, client]) {
    each.send(get());
    expect((await each.response()).body).toBe('asked');
  }
  expect(sockets).toHaveLength(3);
  await eventually(() => proxy.server.upstreamCounts().open === 0);
  await expectNothingHeld(proxy, 3);
});

describe('an idle connection that the app closed just as it was used again', () => {
  /** Responds to the first request of each connection and closes at the second. */
  const closingApp = () =>
    rig.rawApp((socket) => {
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (requests === 1) {
          socket.write('HTTP/1.1 204 No Content\r\n\r\n');
        } else {
          socket.destroy();
        }
      });
    });

  test.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('retries %s once on a fresh connection', async (method) => {
    const { port, sockets } = await closingApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    for (let turn = 0; turn < 2; turn++) {
      client.send(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody`);
      expect((await client.response()).status).toBe(204);
    }
    expect({ connections: sockets.length, retries: proxy.server.counters.upstreamRetries }).toEqual({
      connections: 2,
      retries: 1,
    });
    await expectNothingHeld(proxy, 2);
  });

  test('does not retry POST, which the app may have processed', async () => {
    const { port, sockets } = await closingApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).status).toBe(204);
    client.send(`${post(4)}body`);
    expect((await client.response()).status).toBe(502);
    expect(sockets).toHaveLength(1);
    await expectNothingHeld(proxy, 2);
  });

  test('does not retry a request whose body was incomplete', async () => {
    const { port, sockets } = await closingApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).status).toBe(204);
    client.send('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\npart');
    expect((await client.response()).status).toBe(502);
    expect(sockets).toHaveLength(1);
    await expectNothingHeld(proxy, 2);
  });

  test('is not followed by a third attempt when the fresh connection closes as well', async () => {
    let connections = 0;
    const { port } = await rig.rawApp((socket) => {
      connections += 1;
      const first = connections === 1;
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (first && requests === 1) {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        } else {
          socket.destroy();
        }
      });
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).status).toBe(200);
    client.send(get());
    expect((await client.response()).status).toBe(502);
    expect(connections).toBe(2);
    await expectNothingHeld(proxy, 2);
  });
});

describe('an endpoint that refuses connections', () => {
  test('lets the session side reply', async () => {
    const proxy = await rig.proxy(await closedPort());
    const client = await proxy.connect();
    client.send(get());
    expect(await client.response()).toMatchObject({
      status: 503,
      body: 'No pod took the connection.\n',
      head: expect.stringMatching(/^Retry-After: 1\r$/m),
    });
    await expectNothingHeld(proxy);
    expect(proxy.server.counters).toMatchObject({ upstreamConnectFailures: 1, replies: { UpstreamConnectFailed: 1 } });
  });

  test('lets the session side retry, and the request arrives with its whole body', async () => {
    const port = await closedPort();
    const failures: ConnectFailure[] = [];
    let received = '';
    const app = net.createServer((socket) =>
      socket.on('data', (chunk) => {
        received += chunk.toString();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }),
    );
    const proxy = await rig.proxy(port, {
      connectFailed(failure) {
        failures.push(failure);
        if (failures.length === 2) app.listen(port, '127.0.0.1');
        return { kind: 'retry', afterMs: 10 };
      },
    });
    const client = await proxy.connect();
    client.send(`${post(4)}body`);
    expect((await client.response()).body).toBe('ok');
    expect(received).toMatch(/\r\n\r\nbody$/);
    expect(failures.slice(0, 2)).toEqual(['Refused', 'Refused']);
    await expectNothingHeld(proxy);
    app.close();
  });

  test('is not assumed when the proxy was blocked while the connection was established', async () => {
    const { port } = await rig.httpApp((_, response) => response.end('ok'));
    const connectTimeoutMs = 20;
    const proxy = await rig.proxy(port, {
      pool: { connectTimeoutMs },
      route(_, forward) {
        // After the connection was requested, before the proxy checks whether it was established.
        setImmediate(() => standStill(3 * connectTimeoutMs));
        return forward();
      },
    });
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).body).toBe('ok');
    expect(proxy.server.counters.upstreamConnectFailures).toBe(0);
  });

  test('lets the session side choose another endpoint', async () => {
    const { port } = await rig.httpApp((_, response) => response.end('elsewhere'));
    const dead = await closedPort();
    const proxy: Proxy = await rig.proxy(dead, {
      connectFailed: () => ({
        kind: 'forward',
        hold: createHold(proxy.holds, { appPort: port, sessionFields: [], connectFailed: undefined }),
      }),
    });
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).status).toBe(200);
    // A real hold that returns another one has released itself (routing.ts); the rig's has not.
    await eventually(() => proxy.server.counters.requestsOpen === 0);
    expect(proxy.holds).toMatchObject({ open: 1, acquired: 2, releasedTwice: 0 });
  });

  test('is not retried for a client that left between two attempts', async () => {
    let attempts = 0;
    const proxy = await rig.proxy(await closedPort(), {
      connectFailed() {
        attempts += 1;
        return { kind: 'retry', afterMs: 1000 };
      },
    });
    const client = await proxy.connect();
    client.send(get());
    await eventually(() => attempts === 1);
    client.socket.resetAndDestroy();
    await expectNothingHeld(proxy);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect({ attempts, failures: proxy.server.counters.upstreamConnectFailures }).toEqual({ attempts: 1, failures: 1 });
  });
});

describe('a client that leaves', () => {
  test('while the app processes the request: the app is notified, the hold is released', async () => {
    const { port, sockets } = await rig.rawApp(() => undefined);
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    await eventually(() => sockets.length === 1);
    client.socket.resetAndDestroy();
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    await expectNothingHeld(proxy);
    expect(proxy.server.counters.clientsGone).toBe(1);
  });

  test('in the middle of its upload', async () => {
    const { port, sockets } = await rig.rawApp((socket) => socket.resume());
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(`${post(1000)}part`);
    await eventually(() => sockets.length === 1);
    client.socket.end();
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    await expectNothingHeld(proxy);
  });

  test('in the middle of a download', async () => {
    const { port } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\npart')),
    );
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get());
    await client.until('part');
    client.socket.resetAndDestroy();
    await eventually(() => proxy.server.upstreamCounts().open === 0);
    await expectNothingHeld(proxy);
  });

  test('by FIN during a silent stream counts as gone after a time limit', async () => {
    const { port } = await rig.rawApp((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')),
    );
    const proxy = await rig.proxy(port, { timeouts: { halfClosedMs: 60 } });
    const client = await proxy.connect();
    client.send(get());
    await client.until('data: 1\n\n');
    client.socket.end();
    await expectNothingHeld(proxy);
    await eventually(() => proxy.server.upstreamCounts().open === 0 && proxy.server.counters.connectionsOpen === 0);
  });
});

test('many silent clients do not keep others from being served, and are closed after their time limit', async () => {
  const { port } = await rig.httpApp((_, response) => response.end('ok'));
  const proxy = await rig.proxy(port, { timeouts: { headMs: 1000 } });
  const silent = await Promise.all(Array.from({ length: 200 }, () => proxy.connect()));
  const client = await proxy.connect();
  client.send(get());
  expect((await client.response()).status).toBe(200);
  client.socket.destroy();
  expect(await Promise.all(silent.map((each) => each.rest()))).toEqual(silent.map(() => ({ text: '', how: 'end' })));
});

describe('a client that is silent', () => {
  test('from the start: its connection is closed', async () => {
    const proxy = await rig.proxy(1, { timeouts: { headMs: 60 } });
    expect(await (await proxy.connect()).rest()).toEqual({ text: '', how: 'end' });
  });

  test('in the middle of its head, even with a trickle of bytes: 408', async () => {
    const proxy = await rig.proxy(1, { timeouts: { headMs: 100 } });
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\n');
    const trickle = setInterval(() => client.send('X-A: b\r\n'), 20);
    expect(await client.rest()).toMatchObject({ text: expect.stringMatching(/^HTTP\/1.1 408 /), how: 'end' });
    clearInterval(trickle);
  });

  test('in the middle of its body: 408, and the hold is released', async () => {
    const { port } = await rig.rawApp((socket) => socket.resume());
    const proxy = await rig.proxy(port, { timeouts: { bodyMs: 60 } });
    const client = await proxy.connect();
    client.send(`${post(10)}part`);
    expect(await client.rest()).toMatchObject({ text: expect.stringMatching(/^HTTP\/1.1 408 /), how: 'end' });
    await expectNothingHeld(proxy);
  });

  test('between two requests: its connection is closed', async () => {
    const { port } = await rig.httpApp((_, response) => response.end('ok'));
    const proxy = await rig.proxy(port, { timeouts: { idleMs: 60 } });
    const client = await proxy.connect();
    client.send(get());
    expect((await client.response()).status).toBe(200);
    expect(await client.rest()).toEqual({ text: '', how: 'end' });
  });

  test('and does not read a large response: it is cut, and the hold is released', async () => {
    const { port } = await rig.httpApp((_, response) => response.end(Buffer.alloc(64 * 1024 * 1024)));
    const proxy = await rig.proxy(port, { timeouts: { stallMs: 200 } });
    const client = await proxy.connect();
    client.socket.pause();
    client.send(get());
    await expectNothingHeld(proxy);
    await eventually(() => proxy.server.counters.connectionsOpen === 0);
  });
});
