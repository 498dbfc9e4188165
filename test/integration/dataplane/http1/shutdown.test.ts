import { afterEach, expect, test } from '@jest/globals';
import { connectRaw } from '../../../support/raw-http.ts';
import { createRig, eventually } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';

/** An app whose answers wait for `answer`. */
async function waitingApp() {
  const waiting: (() => void)[] = [];
  const { port } = await rig.httpApp((_, response) => {
    waiting.push(() => response.end('done'));
  });
  return { port, waiting };
}

test('idle connections close at once, a request in flight is answered with Connection: close, new connections are refused', async () => {
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
  expect(proxy.holds).toMatchObject({ open: 0, taken: 1, releasedTwice: 0 });
});

test('a connection in the middle of a head gets its answer', async () => {
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

test('what is still open when the grace is over is cut and reported, and every session let go', async () => {
  const { port, waiting } = await waitingApp();
  const upgraded = await rig.rawApp((socket) =>
    socket.once('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')),
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

test('an upgraded stream goes on during the grace, and its end ends the shutdown', async () => {
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
