import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { createRig, eventually, settled } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const upgrade = (...lines: string[]) =>
  `GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

/** An app that switches protocols and echoes bytes until the client ends; then it ends as well. */
const echoApp = () =>
  rig.rawApp((socket) => {
    socket.once('data', () => {
      socket.write(switched);
      socket.pipe(socket);
    });
  });

test('an Upgrade of HTTP/1.0 is ignored: the app gets an ordinary request', async () => {
  let appSaw = '';
  const { port } = await rig.rawApp((socket) =>
    socket.on('data', (chunk) => {
      appSaw += chunk.toString('latin1');
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain');
    }),
  );
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send('GET /ws HTTP/1.0\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  expect((await client.rest()).text).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*plain$/);
  expect(appSaw).not.toMatch(/upgrade/i);
});

test('an app that switches only after requests of other clients have arrived', async () => {
  const asked: Socket[] = [];
  const { port } = await rig.rawApp((socket) =>
    socket.on('data', (chunk) => {
      if (chunk.includes('GET /ws')) asked.push(socket);
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain');
    }),
  );
  const proxy = await rig.proxy(port);
  const [upgraded, other] = [await proxy.connect(), await proxy.connect()];
  const plain = async () => {
    other.send('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n');
    expect((await other.response()).status).toBe(200);
  };
  await plain();
  // On the connection that is open by now, where it is sent at once.
  upgraded.send(upgrade());
  await eventually(() => asked.length === 1);
  await plain();
  asked[0]?.write(switched);
  expect((await upgraded.response()).status).toBe(101);
});

describe('WebSocket', () => {
  test('messages of every size are forwarded in both directions, and the session is held until the connection ends', async () => {
    const { port, app } = await rig.httpApp(() => undefined);
    const sockets = new WebSocketServer({ server: app });
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    const proxy = await rig.proxy(port, { sessionFields: [{ name: 'Set-Cookie', value: 'shop-session=h1.x' }] });
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`);
    const opened = once(socket, 'open');
    const [response] = await once(socket, 'upgrade');
    expect(response.headers['set-cookie']).toEqual(['shop-session=h1.x']);
    await opened;
    for (const size of [1, 1000, 70_000, 1_000_000]) {
      const sent = Buffer.alloc(size, `${size}`);
      socket.send(sent);
      const [echoed] = await once(socket, 'message');
      expect(sent.equals(echoed)).toBe(true);
    }
    expect(proxy.holds.open).toBe(1);
    expect(proxy.server.counters).toMatchObject({ upgradesOpen: 1, requestsOpen: 0 });
    socket.close();
    await once(socket, 'close');
    await eventually(() => proxy.holds.open === 0);
    expect(proxy.holds.releasedTwice).toBe(0);
    expect(proxy.server.counters).toMatchObject({ upgrades: 1, upgradesOpen: 0, responsesTruncated: 0 });
    sockets.close();
  });
});

describe('an upgrade', () => {
  test('keeps bytes that follow the request until the 101, without loss', async () => {
    let firstRead = '';
    const { port } = await rig.rawApp((socket) => {
      socket.once('data', (chunk) => {
        firstRead = chunk.toString();
        socket.write(`${switched}hello `);
        socket.pipe(socket);
      });
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(`${upgrade()}early`);
    expect((await client.response()).status).toBe(101);
    await client.until('hello early');
    expect(firstRead).not.toContain('early');
    expect(firstRead).toMatch(/\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n$/);
  });

  test('completes for a client that ends before the 101', async () => {
    const { port } = await echoApp();
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(`${upgrade()}early`);
    client.socket.end();
    expect((await client.response()).status).toBe(101);
    expect(await client.rest()).toEqual({ text: 'early', how: 'end' });
    await eventually(() => proxy.holds.open === 0);
  });

  test('forwards a FIN of the client as a half-close: later bytes of the app arrive', async () => {
    const { port } = await rig.rawApp((socket) => {
      socket.once('data', () => socket.write(switched));
      socket.on('end', () => {
        socket.write('last words');
        socket.end();
      });
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(upgrade());
    expect((await client.response()).status).toBe(101);
    client.socket.end();
    expect(await client.rest()).toEqual({ text: 'last words', how: 'end' });
    await eventually(() => proxy.holds.open === 0 && proxy.server.upstreamCounts().open === 0);
  });

  test('forwards a FIN of the app as a half-close: later bytes of the client arrive, and the session is held until then', async () => {
    let received = '';
    const { port } = await rig.rawApp((socket) => {
      socket.once('data', () => {
        socket.on('data', (chunk) => {
          received += chunk.toString();
        });
        socket.end(switched);
      });
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(upgrade());
    expect((await client.response()).status).toBe(101);
    expect(await client.rest()).toEqual({ text: '', how: 'end' });
    client.send('still here');
    await eventually(() => received === 'still here');
    expect(proxy.holds.open).toBe(1);
    client.socket.end();
    await eventually(() => proxy.holds.open === 0 && proxy.server.counters.connectionsOpen === 0);
    expect(proxy.holds.releasedTwice).toBe(0);
  });

  test('waits for a limited time after a FIN: a silent other side is cut, and the hold is released', async () => {
    const { port } = await rig.rawApp((socket) => socket.once('data', () => socket.write(switched)));
    const proxy = await rig.proxy(port, { timeouts: { halfClosedMs: 60 } });
    const client = await proxy.connect();
    client.send(upgrade());
    expect((await client.response()).status).toBe(101);
    client.socket.end();
    await eventually(() => proxy.holds.open === 0 && proxy.server.counters.connectionsOpen === 0);
    await eventually(() => proxy.server.upstreamCounts().open === 0);
  });

  test.each(['client', 'app'] as const)(
    'a reset by the %s breaks the other side, too, and lets go of the session',
    async (who) => {
      const { port, sockets } = await echoApp();
      const proxy = await rig.proxy(port);
      const client = await proxy.connect();
      client.send(upgrade());
      expect((await client.response()).status).toBe(101);
      if (who === 'client') {
        const [appSocket] = sockets;
        const appClosed =
          appSocket === undefined ? Promise.reject(new Error('no connection')) : once(appSocket, 'close');
        client.socket.resetAndDestroy();
        await appClosed;
      } else {
        sockets[0]?.resetAndDestroy();
        expect((await client.rest()).how).toBe('reset');
      }
      await eventually(() => proxy.holds.open === 0 && proxy.server.counters.connectionsOpen === 0);
      expect(proxy.holds.releasedTwice).toBe(0);
      await eventually(() => proxy.server.upstreamCounts().open === 0);
    },
  );

  test('that the app rejects gets a normal response, and the next request on the connection is served', async () => {
    const { port } = await rig.httpApp((request, response) => {
      response.statusCode = request.url === '/ws' ? 426 : 200;
      if (response.statusCode === 426) {
        response.setHeader('Connection', 'Upgrade');
        response.setHeader('Upgrade', 'other');
      }
      response.setHeader('Content-Length', 2);
      response.end('ok');
    });
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(`${upgrade()}GET /next HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(await client.response()).toMatchObject({ status: 426, head: expect.stringMatching(/^Upgrade: other\r$/m) });
    expect(await client.response()).toMatchObject({ status: 200, body: 'ok' });
    expect(proxy.routed.map(({ method }) => method)).toEqual(['GET', 'GET']);
  });

  test('that the client did not request is an error of the app: 502, without a byte of it', async () => {
    const { port } = await rig.rawApp((socket) => socket.once('data', () => socket.write(`${switched}smuggled`)));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await client.response()).status).toBe(502);
    await eventually(() => proxy.holds.open === 0 && proxy.server.upstreamCounts().open === 0);
  });
});

test('pauses a fast sender in both directions: nothing accumulates in the proxy', async () => {
  const { port, sockets } = await rig.rawApp((socket) => {
    socket.once('data', () => {
      socket.pause();
      socket.write(switched);
    });
  });
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(upgrade());
  expect((await client.response()).status).toBe(101);
  const total = 64 * 1024 * 1024;
  const piece = Buffer.alloc(64 * 1024);
  let sent = 0;
  const sendOn = () => {
    sent += piece.length;
    client.socket.write(piece, () => sent < total && sendOn());
  };
  sendOn();
  const [appSocket] = sockets;
  let received = 0;
  appSocket?.on('data', (chunk) => {
    received += chunk.length;
  });
  // The app reads nothing: the client is paused once the kernel's buffers are full.
  expect(await settled(() => sent)).toBeLessThan(total / 2);
  appSocket?.resume();
  await eventually(() => received === total);
});
