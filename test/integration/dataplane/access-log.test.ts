import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLineWriter } from '../../../src/dataplane/access-log/line-writer.ts';
import type { RoutingTable } from '../../../src/wire/routing-table.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { defaultProxySettings } from '../../../src/wire/proxy-settings.ts';
import { closedPort } from './http1/rig.ts';
import { eventually } from '../../support/eventually.ts';
import { plainTable, proxyTable } from '../../support/proxy-table.ts';
import { createWorld } from '../../support/standalone-proxy.ts';

const world = createWorld();
let text = '';
beforeEach(() => {
  text = '';
});
afterEach(() => world.stop());

const write = (bytes: Buffer, done: (error: null, count: number) => void) => {
  text += bytes.toString();
  setImmediate(done, null, bytes.length);
};
const lines = (count: number) =>
  eventually(
    () => text.split('\n').slice(0, -1),
    (found) => found.length >= count,
  ).then((found) => found.map((line) => JSON.parse(line) as Record<string, unknown>));

const logged = (table: RoutingTable, accessLog = { numerator: 1, denominator: 1 }): RoutingTable => ({
  ...table,
  proxy: { ...defaultProxySettings, accessLog },
});
const plain = (port: number) => plainTable({ 'shop/app:80': [{ pod: 'app-1', port }] });
const get = (path: string, ...fields: string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: shop.test', ...fields, '', ''].join('\r\n');

const body = 'HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok';

describe('the access log', () => {
  test('has a line for a request, with names of the table and without anything that may be a secret', async () => {
    const app = await world.app(() => body);
    const table = logged(plain(app.port));
    const proxy = await world.proxy(table, { writeAccessLog: write });
    const secrets = ['Cookie: a=secret', 'Authorization: Bearer secret', 'X-Request-Id: id-7'];
    await proxy.send(get('/orders/7?token=secret', ...secrets));
    const [line] = await lines(1);
    expect(line).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      component: 'access',
      gateway: `${table.gateway.namespace}/${table.gateway.name}`,
      listener: table.listeners[0]?.name,
      route: table.routes[0]?.name,
      backend: 'shop/app:80',
      pod: 'app-1',
      session: 'None',
      method: 'GET',
      path: '/orders/7',
      status: 201,
      bytes: 'ok'.length,
      durationMs: expect.any(Number),
      requestId: 'id-7',
    });
    expect(text).not.toContain('secret');
    expect(await proxy.metrics('holdfast_http_access_log_lines_total')).toEqual([
      'holdfast_http_access_log_lines_total{result="Written"} 1',
      'holdfast_http_access_log_lines_total{result="Dropped"} 0',
    ]);
  });

  test('says whether a session was started, held or neither, and never shows its token', async () => {
    const app = await world.app();
    const proxy = await world.proxy(logged(proxyTable({ endpoints: [{ pod: 'app-1', port: app.port }] })), {
      writeAccessLog: write,
    });
    const first = await proxy.send(get('/'));
    const cookie = /^set-cookie: ([^;]+)/im.exec(first.head)?.[1] ?? '';
    expect(cookie).not.toBe('');
    await proxy.send(get('/', `Cookie: ${cookie}`));
    expect((await lines(2)).map(({ session }) => session)).toEqual(['New', 'Held']);
    expect(text).not.toContain(cookie.split('=')[1]);
  });

  test('has a line for what the proxy responds itself, with its reason', async () => {
    const proxy = await world.proxy(logged(plain(await closedPort())), { writeAccessLog: write });
    await proxy.send(get('/down'));
    const [line] = await lines(1);
    expect(line).toMatchObject({ status: 503, reason: 'UpstreamConnectFailed', path: '/down', session: 'None' });
    expect(line?.['bytes']).toBeGreaterThan(0);
  });

  test('has a line for a request whose client has gone, without a status', async () => {
    const app = await world.app(() => '');
    const proxy = await world.proxy(logged(plain(app.port)), { writeAccessLog: write });
    const client = await proxy.connect();
    client.send(get('/slow'));
    await eventually(() => app.received(), Boolean);
    client.socket.resetAndDestroy();
    const [line] = await lines(1);
    expect(line).toMatchObject({ reason: 'ClientGone', path: '/slow', pod: 'app-1', bytes: 0 });
    expect(line).not.toHaveProperty('status');
  });

  test('has a line for a WebSocket when it is over', async () => {
    const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const app = await world.app(() => switching);
    const proxy = await world.proxy(logged(plain(app.port)), { writeAccessLog: write });
    const client = await proxy.connect();
    client.send(get('/ws', 'Connection: upgrade', 'Upgrade: websocket'));
    await eventually(
      () => proxy.metrics('holdfast_http_upgrades_open 1'),
      ({ length }) => length === 1,
    );
    expect(text).toBe('');
    client.socket.destroy();
    expect(await lines(1)).toMatchObject([{ status: 101, path: '/ws' }]);
  });

  test('cuts the path that a client writes, and has no id that is too long', async () => {
    const app = await world.app();
    const proxy = await world.proxy(logged(plain(app.port)), { writeAccessLog: write });
    await proxy.send(get(`/${'p'.repeat(5000)}`, `X-Request-Id: ${'i'.repeat(5000)}`));
    const [line] = await lines(1);
    expect([String(line?.['path']).length, line?.['requestId']]).toEqual([1024, undefined]);
  });

  test('is switched on and off by the settings of a table, for the connections that are open', async () => {
    const app = await world.app();
    const off = plain(app.port);
    const proxy = await world.proxy(off, { writeAccessLog: write });
    const client = await proxy.connect();
    const ask = async (path: string) => {
      client.send(get(path));
      await client.response();
    };
    await ask('/before');
    await proxy.swap(logged(off));
    await ask('/logged');
    await lines(1);
    await proxy.swap(logged(off, { numerator: 0, denominator: 1 }));
    await ask('/after');
    await proxy.proxy.stop();
    expect(text.match(/"path":"[^"]+"/g)).toEqual(['"path":"/logged"']);
  });

  test('contains the share of requests that the settings state', async () => {
    const app = await world.app();
    const proxy = await world.proxy(logged(plain(app.port), { numerator: 1, denominator: 2 }), {
      writeAccessLog: write,
    });
    const client = await proxy.connect();
    for (let sent = 0; sent < 200; sent += 1) {
      client.send(get('/'));
      await client.response();
    }
    await proxy.proxy.stop();
    const count = text.split('\n').length - 1;
    // Binomial: outside of these bounds once in 10^15.
    expect(count).toBeGreaterThan(40);
    expect(count).toBeLessThan(160);
  });
});

test('lines that stdout does not take are dropped and counted, and requests do not wait', () => {
  const writes: { bytes: Buffer; done: (error: null, count: number) => void }[] = [];
  const writer = createLineWriter((bytes, done) => void writes.push({ bytes, done }), systemClock);
  const line = 'x'.repeat(1023);
  for (let sent = 0; sent < 2000; sent += 1) writer.write(line);
  expect(writes).toHaveLength(1);
  expect(writer.counts).toEqual({ Written: 0, Dropped: 2000 - 1024 });
  let received = 0;
  for (let next = writes.shift(); next !== undefined; next = writes.shift()) {
    expect(next.bytes.length).toBeLessThanOrEqual(4096);
    // A part only: the rest follows.
    const count = Math.min(next.bytes.length, 3000);
    received += count;
    next.done(null, count);
  }
  expect(received).toBe(1024 * 1024);
  expect(writer.counts).toEqual({ Written: 1024, Dropped: 976 });
  writer.write(line);
  expect(writes).toHaveLength(1);
});
