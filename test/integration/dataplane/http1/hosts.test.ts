/** The spellings of a host that find its route, with real sockets. */
import { afterEach, expect, test } from '@jest/globals';
import { proxyTable } from '../../../support/proxy-table.ts';
import { createWorld } from '../../../support/standalone-proxy.ts';

const world = createWorld();
afterEach(() => world.stop());

async function start() {
  const app = await world.app();
  const table = proxyTable({ endpoints: [{ pod: 'a', port: app.port }] });
  const routes = table.routes.map((route) => ({ ...route, hostnames: ['shop.example.com', '*.wild.example.com'] }));
  return { app, proxy: await world.proxy({ ...table, routes }) };
}

test.each([
  { target: '/', host: 'shop.example.com', status: 200 },
  { target: '/', host: 'shop.example.com.', status: 200 },
  { target: '/', host: 'shop.example.com:8080', status: 200 },
  { target: '/', host: 'shop.example.com.:8080', status: 200 },
  { target: '/', host: 'SHOP.Example.COM.:8080', status: 200 },
  { target: '/', host: 'shop.example.com:', status: 200 },
  { target: '/', host: 'a.wild.example.com.', status: 200 },
  { target: 'http://Shop.Example.Com.:80/', host: 'other', status: 200 },
  { target: '/', host: 'shop.example.com..', status: 404 },
  { target: '/', host: 'shop.example.comx', status: 404 },
  { target: '/', host: '.', status: 400 },
  { target: '/', host: '.:80', status: 400 },
])('$target with Host: $host is answered with $status', async ({ target, host, status }) => {
  const { proxy } = await start();
  expect((await proxy.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).status).toBe(status);
});

test('the app gets the host as the client sent it', async () => {
  const { app, proxy } = await start();
  await proxy.send('GET / HTTP/1.1\r\nHost: Shop.example.com.:8080\r\n\r\n');
  expect(app.received()).toContain('\r\nHost: Shop.example.com.:8080\r\n');
});

test('a request may follow empty lines, in pieces of any size', async () => {
  const { proxy } = await start();
  const client = await proxy.connect();
  for (const piece of ['\r', '\nGET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n']) {
    client.send(piece);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  expect((await client.response()).status).toBe(200);
  client.send('\r\n\r\nGET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n');
  expect((await client.response()).status).toBe(200);
});

test('a connection that sent nothing but empty lines is idle: it is closed without a response', async () => {
  const app = await world.app();
  const table = proxyTable({ endpoints: [{ pod: 'a', port: app.port }] });
  const proxy = await world.proxy({ ...table, proxy: { timeouts: { requestHeadMs: 200 } } });
  const client = await proxy.connect();
  client.send('\r\n\r\n');
  expect(await client.rest()).toEqual({ text: '', how: 'end' });
});
