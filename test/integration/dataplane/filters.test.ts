import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RouteFilter } from '../../../src/wire/route-filters.ts';
import type { BackendRef, Route, RoutingTable } from '../../../src/wire/routing-table.ts';
import { closedPort } from './http1/rig.ts';
import { plainTable, proxyTable } from '../../support/proxy-table.ts';
import { eventually } from '../../support/eventually.ts';
import { createWorld } from '../../support/standalone-proxy.ts';

const world = createWorld();
const counters: (() => void)[] = [];
afterEach(() => {
  for (const stop of counters.splice(0)) stop();
  return world.stop();
});

const field = (name: string, value: string) => ({ name, value });

/** A plain route with filters to apps by their ports, and its sibling `/plain` without. */
function tableOf(filters: RouteFilter[], ports: Record<string, number>, refs?: BackendRef[]): RoutingTable {
  const table = plainTable(Object.fromEntries(Object.entries(ports).map(([key, port]) => [key, [{ pod: key, port }]])));
  const [route] = table.routes;
  if (route === undefined) throw new Error('the table has no route');
  const backendRefs = refs ?? route.backendRefs;
  const plain: Route = { ...route, name: 'shop/plain#0', match: { path: { type: 'PathPrefix', value: '/plain' } } };
  return { ...table, routes: [plain, { ...route, backendRefs, filters }] };
}

const get = (path: string, ...lines: string[]) =>
  [`GET ${path} HTTP/1.1`, 'Host: shop.test', ...lines, '', ''].join('\r\n');

const linesOf = (message: string) => message.split('\r\n').slice(0, -2);

const forwarded = ['X-Forwarded-For: 127.0.0.1', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: shop.test'];

describe('RequestHeaderModifier', () => {
  const modifier: RouteFilter = {
    type: 'RequestHeaderModifier',
    set: [field('X-Tenant', 'shop')],
    add: [field('X-Tag', 'edge')],
    remove: ['X-Debug'],
  };

  test('changes what the app gets, and not what other routes send', async () => {
    const app = await world.app();
    const proxy = await world.proxy(tableOf([modifier], { 'shop/app:80': app.port }));
    const sent = ['X-Tag: client', 'x-tenant: forged', 'x_tenant: forged', 'X-Debug: 1', 'Accept: */*'];
    await proxy.send(get('/a?b', ...sent));
    expect(linesOf(app.received())).toEqual([
      'GET /a?b HTTP/1.1',
      'Host: shop.test',
      'X-Tag: client',
      'Accept: */*',
      ...forwarded,
      'X-Tenant: shop',
      'X-Tag: edge',
    ]);
    await proxy.send(get('/plain', ...sent));
    expect(linesOf(app.received())).toEqual(['GET /plain HTTP/1.1', 'Host: shop.test', ...sent, ...forwarded]);
  });

  test('refuses a trailer by whose name the route sets or removes a header: some apps read both alike', async () => {
    const app = await world.app();
    const proxy = await world.proxy(tableOf([modifier], { 'shop/app:80': app.port }));
    const head = ['POST / HTTP/1.1', 'Host: shop.test', 'Transfer-Encoding: chunked', '', ''].join('\r\n');
    expect((await proxy.send(`${head}2\r\nhi\r\n0\r\nX-Tenant: forged\r\n\r\n`)).status).toBe(400);
    expect((await proxy.send(`${head}2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n`)).status).toBe(200);
  });

  test('replaces what the proxy says about the client, where the route sets it', async () => {
    const app = await world.app();
    const set = [field('X-Forwarded-Proto', 'https')];
    const proxy = await world.proxy(tableOf([{ type: 'RequestHeaderModifier', set }], { 'shop/app:80': app.port }));
    await proxy.send(get('/'));
    expect(app.received().match(/^X-Forwarded-Proto: .*$/gm)).toEqual(['X-Forwarded-Proto: https']);
  });

  test('of a backend applies to its share of the requests, after that of the route', async () => {
    const [stable, canary] = [await world.app(), await world.app()];
    const own: RouteFilter = { type: 'RequestHeaderModifier', set: [field('X-Tenant', 'canary')] };
    const table = (weight: number) =>
      tableOf([modifier], { 'shop/stable:80': stable.port, 'shop/canary:80': canary.port }, [
        { backend: 'shop/stable:80', weight: 1 - weight },
        { backend: 'shop/canary:80', weight, filters: [own] },
      ]);
    const proxy = await world.proxy(table(0));
    await proxy.send(get('/'));
    await proxy.swap(table(1));
    await proxy.send(get('/'));
    expect(stable.received()).toContain('\r\nX-Tenant: shop\r\nX-Tag: edge\r\n');
    expect(canary.received()).toContain('\r\nX-Tenant: canary\r\nX-Tag: edge\r\n');
  });
});

describe('RequestRedirect', () => {
  const redirect: RouteFilter = { type: 'RequestRedirect', scheme: 'https', statusCode: 301 };

  test('is answered by the proxy, and the connection carries the next request', async () => {
    const app = await world.app();
    const proxy = await world.proxy(tableOf([redirect], { 'shop/app:80': app.port }));
    const client = await proxy.connect();
    client.send(get('/a?b'));
    const { status, head } = await client.response();
    expect([status, /^Location: (.*)\r$/m.exec(head)?.[1]]).toEqual([301, 'https://shop.test/a?b']);
    expect(app.received()).toBe('');
    client.send(get('/plain'));
    expect((await client.response()).status).toBe(200);
  });

  test('needs no backend', async () => {
    const proxy = await world.proxy(tableOf([redirect], {}, []));
    expect((await proxy.send(get('/'))).status).toBe(301);
  });
});

describe('ResponseHeaderModifier', () => {
  const modifier: RouteFilter = {
    type: 'ResponseHeaderModifier',
    set: [field('X-Frame-Options', 'DENY'), field('Set-Cookie', 'cart-session=forged')],
    add: [field('Vary', 'Origin'), field('Set-Cookie', 'theme=dark')],
    remove: ['Server'],
  };
  const respond =
    (...lines: string[]) =>
    () =>
      ['HTTP/1.1 200 OK', ...lines, 'Content-Length: 0', '', ''].join('\r\n');

  test('changes what the client gets', async () => {
    const app = await world.app(respond('server: a', 'x-frame-options: SAMEORIGIN', 'Vary: Accept'));
    const proxy = await world.proxy(
      tableOf([{ ...modifier, set: modifier.set?.slice(0, 1) ?? [] }], { 'shop/app:80': app.port }),
    );
    const { head } = await proxy.send(get('/'));
    expect(linesOf(head)).toEqual([
      'HTTP/1.1 200 OK',
      'Vary: Accept',
      'Content-Length: 0',
      'X-Frame-Options: DENY',
      'Vary: Origin',
      'Set-Cookie: theme=dark',
    ]);
  });

  test('cannot set the token of a session, which is added after it', async () => {
    const app = await world.app(respond());
    const table = proxyTable({ endpoints: [{ pod: 'a', port: app.port }] });
    const routes = table.routes.map((route) => ({ ...route, filters: [modifier] }));
    const { head } = await (await world.proxy({ ...table, routes })).send(get('/'));
    expect(head.match(/^Set-Cookie: .*$/gm)).toEqual([
      'Set-Cookie: theme=dark',
      expect.stringMatching(/^Set-Cookie: cart-session=h1\./),
    ]);
  });

  test('cannot make a response with a token storable by shared caches', async () => {
    const app = await world.app(respond('Cache-Control: no-store'));
    const set = [field('Cache-Control', 'public, max-age=60'), field('CDN-Cache-Control', 'max-age=60')];
    const table = proxyTable({ endpoints: [{ pod: 'a', port: app.port }] });
    const routes = table.routes.map((route) => ({ ...route, filters: [{ type: 'ResponseHeaderModifier', set }] }));
    const proxy = await world.proxy({ ...table, routes });
    const { head } = await proxy.send(get('/'));
    expect(head.match(/^.*Cache-Control: .*$/gm)).toEqual(['Cache-Control: private, max-age=60']);
    const [, cookie = ''] = /^Set-Cookie: ([^;]*)/m.exec(head) ?? [];
    const { head: next } = await proxy.send(get('/', `Cookie: ${cookie}`));
    expect(next.match(/^.*Cache-Control: .*$/gm)).toEqual(set.map(({ name, value }) => `${name}: ${value}`));
  });
});

test('a session keeps the filters of its backend', async () => {
  const app = await world.app();
  const table = proxyTable({ endpoints: [{ pod: 'a', port: app.port }] });
  const own: RouteFilter = { type: 'RequestHeaderModifier', set: [field('X-Backend', 'cart')] };
  const routes = (weight: number) =>
    table.routes.map((route) => ({ ...route, backendRefs: [{ backend: 'shop/cart', weight, filters: [own] }] }));
  const proxy = await world.proxy({ ...table, routes: routes(1) });
  const { head } = await proxy.send(get('/'));
  expect(app.received()).toContain('\r\nX-Backend: cart\r\n');
  const [, cookie = ''] = /^Set-Cookie: ([^;]*)/m.exec(head) ?? [];
  await proxy.swap({ ...table, routes: routes(0) });
  await proxy.send(get('/again', `Cookie: ${cookie}`));
  expect(app.received()).toMatch(/^GET \/again [^]*\r\nX-Backend: cart\r\n/);
});

describe('URLRewrite', () => {
  const rewrite: RouteFilter = {
    type: 'URLRewrite',
    hostname: 'internal.test',
    path: { type: 'ReplacePrefixMatch', prefix: '/api', value: '/' },
  };

  test('changes host and path, keeps the query, and states the host that the client used', async () => {
    const app = await world.app();
    const proxy = await world.proxy(tableOf([rewrite], { 'shop/app:80': app.port }));
    await proxy.send(get('/api/a%2Fb?c=/api', 'Accept: */*'));
    expect(linesOf(app.received())).toEqual([
      'GET /a%2Fb?c=/api HTTP/1.1',
      'Host: internal.test',
      'Accept: */*',
      ...forwarded,
    ]);
  });

  test('leaves OPTIONS * as it is', async () => {
    const app = await world.app();
    const full: RouteFilter = { type: 'URLRewrite', path: { type: 'ReplaceFullPath', value: '/one' } };
    const proxy = await world.proxy(tableOf([full], { 'shop/app:80': app.port }));
    await proxy.send('OPTIONS * HTTP/1.1\r\nHost: shop.test\r\n\r\n');
    expect(app.received()).toMatch(/^OPTIONS \* HTTP/);
  });
});

describe('CORS', () => {
  const cors: RouteFilter = {
    type: 'CORS',
    allowOrigins: ['https://*.foo.com'],
    allowCredentials: true,
    allowMethods: ['*'],
    allowHeaders: ['X-A', 'X-B'],
    exposeHeaders: ['*', 'X-C'],
    maxAgeS: 60,
  };
  const preflight = (origin: string, ...asked: string[]) =>
    [
      'OPTIONS / HTTP/1.1',
      'Host: shop.test',
      `Origin: ${origin}`,
      'Access-Control-Request-Method: PUT',
      ...asked,
      '',
      '',
    ].join('\r\n');
  const policyOf = (head: string) => linesOf(head).filter((line) => /^(access-control-|vary)/i.test(line));
  const vary = 'Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers';
  const own = () => 'HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\nVary: Accept\r\nContent-Length: 0\r\n\r\n';

  test('answers preflights, and the connection carries the next request', async () => {
    const app = await world.app();
    const proxy = await world.proxy(tableOf([cors], { 'shop/app:80': app.port }));
    const client = await proxy.connect();
    client.send(preflight('https://www.foo.com', 'Access-Control-Request-Headers: x-a'));
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
    expect(head).not.toMatch(/content-length/i);
    expect(policyOf(head)).toEqual([
      'Access-Control-Allow-Origin: https://www.foo.com',
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Expose-Headers: X-C',
      'Access-Control-Allow-Methods: PUT',
      'Access-Control-Allow-Headers: X-A, X-B',
      'Access-Control-Max-Age: 60',
      vary,
    ]);
    client.send(preflight('https://evil.test'));
    expect(policyOf(await client.until('\r\n\r\n'))).toEqual([vary]);
    expect(app.received()).toBe('');
  });

  test.each([{ allowHeaders: ['X-A', 'X-B'] }, { allowHeaders: ['*'] }])(
    'says nothing about headers ($allowHeaders) to a preflight that asks for none',
    async ({ allowHeaders }) => {
      const proxy = await world.proxy(tableOf([{ ...cors, allowHeaders, allowCredentials: false }], {}, []));
      const client = await proxy.connect();
      client.send(preflight('https://www.foo.com'));
      const head = await client.until('\r\n\r\n');
      expect(head).toContain('Access-Control-Allow-Methods: *');
      expect(head).not.toMatch(/allow-headers/i);
    },
  );

  test('says who may read a response, in place of the app', async () => {
    const app = await world.app(own);
    const proxy = await world.proxy(tableOf([cors], { 'shop/app:80': app.port }));
    const allowed = await proxy.send(get('/', 'Origin: https://www.foo.com'));
    expect(policyOf(allowed.head)).toEqual([
      'Vary: Accept',
      'Access-Control-Allow-Origin: https://www.foo.com',
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Expose-Headers: X-C',
      'Vary: Origin',
    ]);
    for (const lines of [['Origin: https://evil.test'], []]) {
      expect(policyOf((await proxy.send(get('/', ...lines))).head)).toEqual(['Vary: Accept', 'Vary: Origin']);
    }
  });

  test('for every origin without credentials needs no Vary', async () => {
    const app = await world.app();
    const open: RouteFilter = { ...cors, allowOrigins: ['*'], allowCredentials: false };
    const proxy = await world.proxy(tableOf([open], { 'shop/app:80': app.port }));
    expect(policyOf((await proxy.send(get('/', 'Origin: https://a.test'))).head)).toEqual([
      'Access-Control-Allow-Origin: *',
      'Access-Control-Expose-Headers: *, X-C',
    ]);
  });

  test('covers a redirect, and a preflight is not redirected', async () => {
    const redirect: RouteFilter = { type: 'RequestRedirect', scheme: 'https', statusCode: 302 };
    const proxy = await world.proxy(tableOf([redirect, cors], {}, []));
    const { status, head } = await proxy.send(get('/', 'Origin: https://www.foo.com'));
    expect([status, policyOf(head)[0]]).toEqual([302, 'Access-Control-Allow-Origin: https://www.foo.com']);
    const client = await proxy.connect();
    client.send(preflight('https://www.foo.com'));
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 204 /);
  });
});

describe('RequestMirror', () => {
  const mirrorTo = (backend: string, numerator = 1): RouteFilter => ({
    type: 'RequestMirror',
    backend,
    numerator,
    denominator: 1,
  });
  const post = 'POST /a HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 5\r\n\r\n';
  const refs = [{ backend: 'shop/app:80', weight: 1 }];

  test('copies head and body to each mirror, with the filters of the route and without those of the backend', async () => {
    const [app, one, two, none] = [await world.app(), await world.app(), await world.app(), await world.app()];
    const ports = {
      'shop/app:80': app.port,
      'shop/one:80': one.port,
      'shop/two:80': two.port,
      'shop/none:80': none.port,
    };
    const set = (value: string): RouteFilter => ({ type: 'RequestHeaderModifier', set: [field('X-For', value)] });
    const filters = [mirrorTo('shop/one:80'), mirrorTo('shop/two:80'), mirrorTo('shop/none:80', 0), set('all')];
    const proxy = await world.proxy(tableOf(filters, ports, [{ ...refs[0], weight: 1, filters: [set('app')] }]));
    const client = await proxy.connect();
    client.send(post);
    await eventually(() => client.socket.bytesWritten, Boolean);
    client.send('hello');
    expect((await client.response()).status).toBe(200);
    expect(app.received()).toMatch(/X-For: app\r\n\r\nhello$/);
    for (const mirror of [one, two]) {
      const copy = await eventually(() => mirror.received(), Boolean);
      expect(copy).toMatch(/^POST \/a HTTP\/1.1\r\n[^]*X-For: all\r\nConnection: close\r\n\r\nhello$/);
    }
    expect(none.received()).toBe('');
    expect(await proxy.metrics('holdfast_http_mirrors_total')).toContain(
      'holdfast_http_mirrors_total{result="Sent"} 2',
    );
  });

  test('that is slow, or gone, or answers something else changes nothing for the client', async () => {
    const app = await world.app();
    const silent = await world.app(() => '');
    const broken = await world.app(() => 'not HTTP');
    const ports = { 'shop/app:80': app.port, 'shop/silent:80': silent.port, 'shop/broken:80': broken.port };
    const gone = { pod: 'gone', port: await closedPort() };
    const filters = ['shop/silent:80', 'shop/broken:80', 'shop/gone:80', 'shop/unknown:80'].map((key) => mirrorTo(key));
    const table = tableOf(filters, ports, refs);
    const backends = { ...table.backends, ...plainTable({ 'shop/gone:80': [gone] }).backends };
    const proxy = await world.proxy({ ...table, backends });
    for (let request = 0; request < 3; request += 1) expect((await proxy.send(get('/'))).status).toBe(200);
  });

  /** Counts what it reads, and responds when it has read the body. `reads`: whether it takes anything from its connection. */
  async function startCounter(bodyBytes: number, reads: boolean) {
    const seen = { bytes: 0, closed: 0 };
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined).on('close', () => (seen.closed += 1));
      if (!reads) return;
      socket.on('data', ({ length }) => {
        seen.bytes += length;
        if (seen.bytes >= bodyBytes) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    counters.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const readAll = () => sockets.forEach((socket) => socket.on('data', ({ length }) => (seen.bytes += length)));
    return { seen, readAll, port: (server.address() as net.AddressInfo).port };
  }

  test('that reads nothing of a large body is cut, with what it had not taken, while the app gets the whole body', async () => {
    const bodyBytes = 64 * 1024 * 1024;
    const app = await startCounter(bodyBytes, true);
    const stuck = await startCounter(bodyBytes, false);
    const ports = { 'shop/app:80': app.port, 'shop/stuck:80': stuck.port };
    const proxy = await world.proxy(tableOf([mirrorTo('shop/stuck:80')], ports, refs));
    const client = await proxy.connect();
    client.send(`POST /a HTTP/1.1\r\nHost: shop.test\r\nContent-Length: ${bodyBytes}\r\n\r\n`);
    client.socket.write(Buffer.alloc(bodyBytes, 'x'));
    expect((await client.response()).status).toBe(200);
    expect(app.seen.bytes).toBeGreaterThan(bodyBytes);
    expect(await proxy.metrics('holdfast_http_mirrors_total{result="Cut"}')).toEqual([
      'holdfast_http_mirrors_total{result="Cut"} 1',
    ]);
    // What the kernels of both sides had buffered, and nothing that the proxy had kept.
    stuck.readAll();
    await eventually(() => stuck.seen.closed, Boolean);
    expect(stuck.seen.bytes).toBeLessThan(bodyBytes / 4);
  });

  test('that takes the body and never responds holds back no response', async () => {
    const app = await world.app();
    const silent = await world.app(() => '');
    const ports = { 'shop/app:80': app.port, 'shop/silent:80': silent.port };
    const proxy = await world.proxy(tableOf([mirrorTo('shop/silent:80')], ports, refs));
    const client = await proxy.connect();
    for (let request = 0; request < 3; request += 1) {
      client.send(`${post}hello`);
      expect((await client.response()).status).toBe(200);
    }
    expect(await eventually(() => silent.received(), Boolean)).toMatch(/hello$/);
    expect(await proxy.metrics('holdfast_http_mirrors_total{result="Sent"}')).toEqual([
      'holdfast_http_mirrors_total{result="Sent"} 3',
    ]);
  });
});
