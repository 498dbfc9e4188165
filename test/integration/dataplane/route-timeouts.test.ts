import { afterEach, describe, expect, test } from '@jest/globals';
import type { RouteTimeouts } from '../../../src/wire/route-filters.ts';
import type { RoutingTable } from '../../../src/wire/routing-table.ts';
import { plainTable } from '../../support/proxy-table.ts';
import { createWorld } from '../../support/standalone-proxy.ts';

const world = createWorld();
afterEach(() => world.stop());

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';

function tableOf(port: number, timeouts: RouteTimeouts): RoutingTable {
  const table = plainTable({ 'shop/app:80': [{ pod: 'a', port }] });
  return { ...table, routes: table.routes.map((route) => ({ ...route, timeouts })) };
}

const silent = () => '';

/** Longer than the app takes, also when it gets little CPU: what it has sent until then must have arrived. */
const timeoutMs = 1000;

describe.each(['requestMs', 'backendRequestMs'] as const)('a timeout of a route, %s,', (name) => {
  test('ends a request that gets no response with 504, and the next one is served', async () => {
    let answer = '';
    const app = await world.app(() => answer);
    const proxy = await world.proxy(tableOf(app.port, { [name]: timeoutMs }));
    const client = await proxy.connect();
    client.send(get);
    const { status, body } = await client.response();
    expect([status, body]).toEqual([504, expect.stringContaining('within 1 s: timeouts.')]);
    answer = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    client.send(get);
    expect((await client.response()).status).toBe(200);
  });

  test('cuts a response that is not complete, so that it does not look complete', async () => {
    const app = await world.app(() => 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n');
    const proxy = await world.proxy(tableOf(app.port, { [name]: timeoutMs }));
    const client = await proxy.connect();
    client.send(get);
    await client.until('hi\r\n');
    expect((await client.rest()).text).toBe('');
  });

  test('does not end a WebSocket', async () => {
    const app = await world.app((request) =>
      request.startsWith('GET')
        ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n'
        : '',
    );
    const proxy = await world.proxy(tableOf(app.port, { [name]: timeoutMs }));
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.until('\r\n\r\n');
    // Another request of the same route ends by its timeout, which began later.
    const other = await world.app(silent);
    await proxy.swap(tableOf(other.port, { [name]: timeoutMs }));
    expect((await proxy.send(get)).status).toBe(504);
    expect(client.socket.destroyed).toBe(false);
    client.send('still open\r\n\r\n');
    expect(client.socket.writable).toBe(true);
  });
});

test('the longest timeout that Gateway API allows is no short one', async () => {
  const app = await world.app();
  const proxy = await world.proxy(tableOf(app.port, { requestMs: 99_999 * 3_600_000 }));
  expect((await proxy.send(get)).status).toBe(200);
});
