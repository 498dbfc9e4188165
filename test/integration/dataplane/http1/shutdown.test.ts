import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { connectRaw } from '../../../support/raw-http.ts';
import { createRig, eventually } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';

/** An app whose responses wait for `answer`. */
async function waitingApp() {
  const waiting: (() => void)[] = [];
  const { port } = await rig.httpApp((_, response) => {
    waiting.push(() => response.end('done'));
  });
  return { port, waiting };
}

test('a shutdown closes idle connections at once, ends a request in flight with Connection: close, and refuses new connections', async () => {
  const { port, waiting } = await waitingApp();
  const proxy = await rig.proxy(port);
  const [idle, busy] = [await proxy.connect(), await proxy.connect()];
  busy.send(get);
  await eventually(() => waiting.length === 1);
  const report = proxy.server.shutdown({ graceMs: 10_000 });
  expect(await idle.rest()).toEqual({ text: '', how: 'end' });
  await expect(connectRaw(proxy.port)).rejects.toThrow('ECONNREFUSED');
  waiting[0]?.();
  expect((await busy.response()).head).toMatch(/^Connection: close\r$/m);
  busy.socket.end();
  expect(await report).toEqual({ requests: 0, upgrades: 0 });
  expect(proxy.holds).toMatchObject({ open: 0, acquired: 1, releasedTwice: 0 });
});

test('a connection in the middle of a head gets its response during a shutdown', async () => {
  const { port, waiting } = await waitingApp();
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(get.slice(0, 20));
  await eventually(() => proxy.server.counters.connectionsOpen === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const report = proxy.server.shutdown({ graceMs: 10_000 });
  client.send(get.slice(20));
  await eventually(() => waiting.length === 1);
  waiting[0]?.();
  expect((await client.response()).status).toBe(200);
  client.socket.end();
  expect(await report).toEqual({ requests: 0, upgrades: 0 });
});

test('open requests are cut and reported at the end of the grace period, and every hold is released', async () => {
  const { port, waiting } = await waitingApp();
  const upgraded = await rig.rawApp((socket) =>
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    ),
  );
  const slow = await rig.proxy(port);
  const tunnels = await rig.proxy(upgraded.port);
  const [request, stream] = [await slow.connect(), await tunnels.connect()];
  request.send(get);
  stream.send(get.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'));
  await stream.response();
  await eventually(() => waiting.length === 1);
  expect(await slow.server.shutdown({ graceMs: 50 })).toEqual({ requests: 1, upgrades: 0 });
  expect(await tunnels.server.shutdown({ graceMs: 50 })).toEqual({ requests: 0, upgrades: 1 });
  await eventually(() => slow.holds.open === 0 && tunnels.holds.open === 0);
  expect([slow.holds.releasedTwice, tunnels.holds.releasedTwice]).toEqual([0, 0]);
});

test('an open upgraded stream is closed by FIN on both sides at the end of the grace period, after all sent bytes have arrived', async () => {
  let appHeard = '';
  let appSawEnd = false;
  const { port, sockets } = await rig.rawApp((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      socket.on('data', (chunk) => {
        appHeard += chunk.toString();
      });
    });
    socket.on('end', () => {
      appSawEnd = true;
      socket.end();
    });
  });
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(get.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'));
  await client.response();
  const report = proxy.server.shutdown({ graceMs: 200 });
  client.send('up');
  await eventually(() => appHeard === 'up');
  sockets[0]?.write('down');
  expect(await client.rest()).toEqual({ text: 'down', how: 'end' });
  // A message in flight when the FIN arrived does not cause a reset.
  const closed = once(client.socket, 'close');
  client.send('late');
  await new Promise((resolve) => setTimeout(resolve, 20));
  client.socket.end('later');
  await closed;
  expect(client.socket.errored).toBeNull();
  expect(await report).toEqual({ requests: 0, upgrades: 1 });
  await eventually(() => appSawEnd);
  expect(proxy.holds).toMatchObject({ open: 0, releasedTwice: 0 });
});

describe('a shutdown with an hour for open streams', () => {
  const graceMs = 3_600_000;

  test('is over with the last stream, not with the first', async () => {
    const { port, sockets } = await rig.rawApp((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      ),
    );
    const proxy = await rig.proxy(port);
    const streams = [await proxy.connect(), await proxy.connect()];
    for (const stream of streams) {
      stream.send(get.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'));
      await stream.response();
    }
    let isOver = false;
    const report = proxy.server.shutdown({ graceMs }).finally(() => (isOver = true));
    streams[0]?.send('bye');
    streams[0]?.socket.end();
    sockets[0]?.end();
    await eventually(() => proxy.server.counters.upgradesOpen === 1);
    sockets[1]?.write('still open');
    expect(await streams[1]?.until('open')).toBe('still open');
    expect(isOver).toBe(false);
    sockets[1]?.end();
    streams[1]?.socket.end();
    expect(await report).toEqual({ requests: 0, upgrades: 0 });
  });

  test('is over although a client neither sends a request nor closes its idle connection', async () => {
    const proxy = await rig.proxy((await waitingApp()).port);
    const client = await proxy.connect();
    await eventually(() => proxy.server.counters.connectionsOpen === 1);
    expect(await proxy.server.shutdown({ graceMs })).toEqual({ requests: 0, upgrades: 0 });
    client.socket.destroy();
  });

  test('waits until a slow client has received all of its response', async () => {
    const size = 32 * 1024 * 1024;
    const { port } = await rig.httpApp((_, response) => response.end(Buffer.alloc(size)));
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.socket.pause();
    client.send(get);
    await eventually(() => proxy.server.counters.responsesByClass[2] === 1);
    const report = proxy.server.shutdown({ graceMs });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    client.socket.resume();
    const { text, how } = await client.rest();
    expect({ length: text.length - text.indexOf('\r\n\r\n') - 4, how }).toEqual({ length: size, how: 'end' });
    expect(await report).toEqual({ requests: 0, upgrades: 0 });
  }, 20_000);
});

describe('an announced shutdown', () => {
  test('still accepts connections, adds Connection: close to every response, and closes no connection without it', async () => {
    const { port } = await rig.httpApp((_, response) => response.end('ok'));
    const proxy = await rig.proxy(port);
    const [before, idle] = [await proxy.connect(), await proxy.connect()];
    before.send(get);
    expect((await before.response()).head).not.toMatch(/^Connection: close/m);
    proxy.server.announceShutdown();
    const after = await proxy.connect();
    for (const client of [before, after, idle]) {
      client.send(get);
      expect((await client.response()).head).toMatch(/^Connection: close\r$/m);
      expect(await client.rest()).toEqual({ text: '', how: 'end' });
    }
  });

  test('still serves the next request on a connection whose response began before the announcement', async () => {
    const { port, sockets } = await rig.rawApp((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf')),
    );
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(get);
    await client.until('half');
    proxy.server.announceShutdown();
    sockets[0]?.once('data', () => sockets[0]?.write('HTTP/1.1 204 No Content\r\n\r\n'));
    sockets[0]?.write('rest');
    await client.until('rest');
    client.send(get);
    expect(await client.response()).toMatchObject({
      status: 204,
      head: expect.stringMatching(/^Connection: close\r$/m),
    });
  });

  test('causes no failure for clients with keep-alive connections, and no connection closes during a request', async () => {
    const { port } = await rig.httpApp((_, response) => response.end('ok'));
    const [leaving, staying] = [await rig.proxy(port), await rig.proxy(port)];
    const state = { target: leaving, over: false, answered: 0, broken: 0 };
    const ask = async () => {
      let client = await state.target.connect();
      while (!state.over) {
        client.send(get);
        const { head } = await client.response();
        state.answered += 1;
        if (/^Connection: close\r$/m.test(head)) {
          expect((await client.rest()).how).toBe('end');
          client = await state.target.connect();
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const asking = Array.from({ length: 20 }, () => ask().catch(() => (state.broken += 1)));
    await eventually(() => state.answered > 100);
    leaving.server.announceShutdown();
    await new Promise((resolve) => setTimeout(resolve, 100));
    // Load balancers have noticed.
    state.target = staying;
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await leaving.server.shutdown({ graceMs: 10_000 })).toEqual({ requests: 0, upgrades: 0 });
    const before = state.answered;
    await eventually(() => state.answered > before + 100);
    state.over = true;
    await Promise.all(asking);
    expect(state.broken).toBe(0);
  });
});

test('an upgraded stream continues during the grace period, and its end ends the shutdown', async () => {
  const { port } = await rig.rawApp((socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      socket.pipe(socket);
    });
  });
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(get.replace('\r\n\r\n', '\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'));
  await client.response();
  const report = proxy.server.shutdown({ graceMs: 60_000 });
  client.send('still talking');
  await client.until('still talking');
  client.socket.end();
  expect(await report).toEqual({ requests: 0, upgrades: 0 });
});
