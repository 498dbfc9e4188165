import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RouteRetry } from '../../../src/wire/route-filters.ts';
import type { RoutingTable } from '../../../src/wire/routing-table.ts';
import { defaultProxySettings } from '../../../src/wire/proxy-settings.ts';
import { eventually } from '../../support/eventually.ts';
import { cookieName, plainTable, proxyTable } from '../../support/proxy-table.ts';
import { createWorld, type StandaloneProxy } from '../../support/standalone-proxy.ts';

const world = createWorld();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  await world.stop();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const standard: RouteRetry = { codes: [503], attempts: 2, backoffMs: 1 };

const withRetry = (table: RoutingTable, retry: Partial<RouteRetry> = {}, more: object = {}): RoutingTable => ({
  ...table,
  routes: table.routes.map((route) => ({ ...route, retry: { ...standard, ...retry }, ...more })),
});
const plain = (...ports: number[]) =>
  plainTable({ 'shop/app:80': ports.map((port, index) => ({ pod: `app-${index}`, port })) });

const get = 'GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n';
const post = (body: string) => `POST / HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const answer = (status: number, body: string) =>
  `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** An app that responds in this order, and with 200 after that. */
async function scripted(...answers: string[]) {
  const requests: string[] = [];
  const app = await world.app((request) => {
    requests.push(request);
    return answers.shift() ?? answer(200, 'ok');
  });
  return { ...app, requests };
}

/** An app that resets the first connections on which a request arrives. */
async function breaking(times: number) {
  const requests: string[] = [];
  const app = await world.app((request) => {
    requests.push(request);
    if (requests.length > times) return answer(200, 'ok');
    app.cut();
    return '';
  });
  return { ...app, requests };
}

const metric = (proxy: StandaloneProxy, line: string) =>
  eventually(
    () => proxy.metrics(line),
    (lines) => lines.length === 1,
  );

describe('a request on a route with retries', () => {
  test.each([
    ['without a body', get],
    ['with a body, whatever its method', post('two coins')],
  ])('%s is sent again after a response with one of the codes, which its client does not see', async (_, request) => {
    const app = await scripted(answer(200, 'first'), answer(503, 'busy'), answer(503, 'busy'));
    const proxy = await world.proxy(withRetry(plain(app.port)));
    // On a connection that is open, a request is sent before anything of it is kept.
    await proxy.send(get);
    expect(await proxy.send(request)).toMatchObject({ status: 200, body: 'ok' });
    app.requests.shift();
    expect(app.requests).toHaveLength(3);
    expect(new Set(app.requests).size).toBe(1);
    expect(app.requests[0]).toContain(request.slice(request.indexOf('\r\n\r\n')));
    expect(await proxy.metrics('holdfast_http_retries_total{')).toEqual([
      'holdfast_http_retries_total{result="Sent"} 2',
      'holdfast_http_retries_total{result="Exhausted"} 0',
      'holdfast_http_retries_total{result="OverBudget"} 0',
    ]);
  });

  test('gets the response of the last attempt, when none has succeeded', async () => {
    const app = await scripted(answer(503, 'a'), answer(503, 'b'), answer(503, 'c'));
    const proxy = await world.proxy(withRetry(plain(app.port)));
    expect(await proxy.send(get)).toMatchObject({ status: 503, body: 'c' });
    expect(await proxy.metrics('holdfast_http_retries_total{result="Exhausted"}')).toEqual([
      'holdfast_http_retries_total{result="Exhausted"} 1',
    ]);
  });

  test('gets a response with another code at once', async () => {
    const app = await scripted(answer(500, 'broken'));
    const proxy = await world.proxy(withRetry(plain(app.port)));
    expect(await proxy.send(get)).toMatchObject({ status: 500, body: 'broken' });
    expect(app.requests).toHaveLength(1);
  });

  test('keeps a body that arrives in pieces, and does not keep a large one', async () => {
    const app = await scripted(answer(503, 'busy'), answer(200, 'ok'), answer(503, 'busy'));
    const proxy = await world.proxy(withRetry(plain(app.port)));
    const client = await proxy.connect();
    const body = 'x'.repeat(60_000);
    client.send(post(body).slice(0, 50_000));
    await metric(proxy, 'holdfast_http_requests_open 1');
    client.send(post(body).slice(50_000));
    expect((await client.response()).status).toBe(200);
    expect(app.requests.map((request) => request.endsWith(`\r\n\r\n${body}`))).toEqual([true, true]);
    client.send(post('x'.repeat(70_000)));
    expect((await client.response()).status).toBe(503);
  });

  test('is sent again after its connection broke only if it is idempotent', async () => {
    const app = await breaking(1);
    const proxy = await world.proxy(withRetry(plain(app.port)));
    expect((await proxy.send(get)).status).toBe(200);
    const other = await breaking(1);
    await proxy.swap(withRetry(plain(other.port)));
    expect((await proxy.send(post('two coins'))).status).toBe(502);
    expect(other.requests).toHaveLength(1);
  });

  test('is not sent again after its client has received an interim response', async () => {
    const app = await scripted(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer(503, 'busy')}`);
    const proxy = await world.proxy(withRetry(plain(app.port)));
    const client = await proxy.connect();
    client.send(get);
    await client.until('</a>\r\n\r\n');
    expect((await client.response()).status).toBe(503);
  });

  test('is not sent again when its client has left', async () => {
    const app = await scripted(answer(503, 'busy'));
    const proxy = await world.proxy(withRetry(plain(app.port), { backoffMs: 60_000 }));
    const client = await proxy.connect();
    client.send(get);
    await metric(proxy, 'holdfast_http_retries_total{result="Sent"} 1');
    client.socket.resetAndDestroy();
    await metric(proxy, 'holdfast_http_requests_open 0');
    expect(app.requests).toHaveLength(1);
  });

  test('has the number of its retries in the access log', async () => {
    const app = await scripted(answer(503, 'busy'));
    let text = '';
    const table = withRetry(plain(app.port));
    const proxy = await world.proxy(
      { ...table, proxy: { ...defaultProxySettings, accessLog: { numerator: 1, denominator: 1 } } },
      {
        writeAccessLog(bytes, done) {
          text += bytes.toString();
          setImmediate(done, null, bytes.length);
        },
      },
    );
    await proxy.send(get);
    await proxy.send(get);
    const lines = await eventually(
      () => text.split('\n').slice(0, -1),
      ({ length }) => length === 2,
    );
    expect(lines.map((line) => (JSON.parse(line) as { retries?: number }).retries)).toEqual([1, undefined]);
  });
});

describe('the timeouts of a route with retries', () => {
  test('of an attempt: the next one begins', async () => {
    const app = await scripted('');
    const proxy = await world.proxy(withRetry(plain(app.port), {}, { timeouts: { backendRequestMs: 1000 } }));
    expect((await proxy.send(get)).status).toBe(200);
    expect(app.requests).toHaveLength(2);
  });

  test('of the request: it ends while it waits for its next attempt', async () => {
    const app = await scripted(answer(503, 'busy'));
    const timeouts = { requestMs: 1000, backendRequestMs: 500 };
    const proxy = await world.proxy(withRetry(plain(app.port), { backoffMs: 60_000 }, { timeouts }));
    expect(await proxy.send(get)).toMatchObject({ status: 504, body: expect.stringContaining('timeouts.request ') });
    expect(app.requests).toHaveLength(1);
  });
});

describe('the endpoint of the next attempt', () => {
  test('is another one on a route without sessions', async () => {
    const app = await scripted(answer(503, 'busy'));
    const other = await scripted(answer(503, 'busy'));
    const proxy = await world.proxy(withRetry(plain(app.port, other.port)));
    expect((await proxy.send(get)).status).toBe(200);
    expect(app.requests.length + other.requests.length).toBe(3);
    expect(Math.abs(app.requests.length - other.requests.length)).toBe(1);
  });

  test('is another one for a request that starts a session, which then stays there', async () => {
    const failing = await world.app(() => answer(503, 'busy'));
    const working = await scripted();
    const endpoints = [
      { pod: 'a', port: failing.port },
      { pod: 'b', port: working.port },
    ];
    const proxy = await world.proxy(withRetry(proxyTable({ endpoints, policy: 'RoundRobin' })));
    const heads = await Promise.all([1, 2].map(() => proxy.send(get)));
    expect(heads.map(({ status }) => status)).toEqual([200, 200]);
    expect(await proxy.metrics('holdfast_sessions_started_total')).toEqual([
      'holdfast_sessions_started_total{namespace="shop",workload="cart"} 2',
    ]);
  });

  test('is the same one for a request of an existing session', async () => {
    const apps = [await scripted(), await scripted()];
    const endpoints = apps.map(({ port }, index) => ({ pod: `app-${index}`, port }));
    const proxy = await world.proxy(withRetry(proxyTable({ endpoints })));
    const { head } = await proxy.send(get);
    const cookie = new RegExp(`${cookieName}=[^;]*`).exec(head)?.[0] ?? '';
    const own = apps.findIndex(({ requests }) => requests.length === 1);
    const busy = answer(503, 'busy');
    const held = await scripted(busy, busy, busy);
    const moved = endpoints.map((one, index) => (index === own ? { ...one, port: held.port } : one));
    await proxy.swap(withRetry(proxyTable({ endpoints: moved })));
    const request = get.replace('\r\n\r\n', `\r\nCookie: ${cookie}\r\n\r\n`);
    expect(await proxy.send(request)).toMatchObject({ status: 503, body: 'busy' });
    expect(held.requests).toHaveLength(3);
    expect(apps[1 - own]?.requests).toEqual([]);
  });
});

test('a connection whose response was not passed on carries the next attempt', async () => {
  let connections = 0;
  let requests = 0;
  const app = http.createServer((_, response) => {
    requests += 1;
    response.writeHead(requests < 3 ? 503 : 200).end('body');
  });
  app.on('connection', () => (connections += 1));
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  cleanups.push(
    () => app.closeAllConnections(),
    () => app.close(),
  );
  const { port } = app.address() as AddressInfo;
  const proxy = await world.proxy(withRetry(plain(port), { backoffMs: 50 }));
  expect((await proxy.send(get)).status).toBe(200);
  expect([requests, connections]).toEqual([3, 1]);
});

test('a response without end holds up neither the next attempt nor a connection', async () => {
  const endless = 'HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n';
  const app = await scripted(endless);
  const proxy = await world.proxy(withRetry(plain(app.port)));
  expect(await proxy.send(get)).toMatchObject({ status: 200, body: 'ok' });
  expect(await proxy.metrics('holdfast_upstream_connections{')).toEqual([
    'holdfast_upstream_connections{state="busy"} 0',
    'holdfast_upstream_connections{state="idle"} 1',
  ]);
});

test('a request of a client that speaks HTTP/2 is sent again, with its body', async () => {
  const app = await scripted(answer(503, 'busy'));
  const proxy = await world.proxy(withRetry(plain(app.port)));
  const session = http2.connect(`http://127.0.0.1:${proxy.proxy.listeners.boundPort(80) ?? 0}`);
  cleanups.push(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':authority': 'shop.test' });
  stream.write('two ');
  await metric(proxy, 'holdfast_http_requests_open 1');
  stream.end('coins');
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(headers[':status']).toBe(200);
  expect(app.requests).toHaveLength(2);
  expect(new Set(app.requests.map((request) => request.split('\r\n\r\n')[1]?.replace(/\r\n|[0-9]/g, ''))).size).toBe(1);
});

test('a request to an app that speaks HTTP/2 is sent again', async () => {
  const paths: (string | undefined)[] = [];
  const app = http2.createServer((request, response) => {
    paths.push(request.headers[':path']);
    response.writeHead(paths.length < 3 ? 503 : 200).end('body');
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  cleanups.push(() => app.close());
  const { port } = app.address() as AddressInfo;
  const proxy = await world.proxy(withRetry(plain(port), {}, { protocol: 'HTTP2' }));
  expect(await proxy.send(post('two coins'))).toMatchObject({ status: 200 });
  expect(paths).toEqual(['/', '/', '/']);
});
