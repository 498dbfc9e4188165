/** Tokens between client and proxy only, with real sockets: two workloads on one host, one by cookie and one by header. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Carrier, RoutingTable } from '../../../../src/wire/routing-table.ts';
import { cookieCarrier, splitTable } from '../../../support/proxy-table.ts';
import { createWorld, type RawApp, type StandaloneProxy } from '../../../support/standalone-proxy.ts';

const world = createWorld();
afterEach(() => world.stop());

const carriers: Record<string, Carrier> = {
  cart: cookieCarrier({ name: 'cart-session' }),
  blog: cookieCarrier({ name: 'blog-session' }),
  rpc: { type: 'Header', name: 'X-Session' },
};

/** Routes /cart, /blog and /rpc to workloads of these names, all on one app. */
function tableFor(app: RawApp): RoutingTable {
  const entries = Object.entries(carriers);
  const table = splitTable(
    Object.fromEntries(
      entries.map(([name]) => [`shop/${name}`, { weight: 1, endpoints: [{ pod: name, port: app.port }] }]),
    ),
  );
  const routes = table.routes.flatMap((route) =>
    entries.map(([name, carrier]) => ({
      ...route,
      name: `shop/${name}#0`,
      match: { path: { type: 'PathPrefix' as const, value: `/${name}` } },
      backendRefs: [{ backend: `shop/${name}`, weight: 1 }],
      persistence: { ...route.persistence, carrier },
    })),
  );
  return { ...table, routes };
}

const get = (path: string, ...lines: string[]) =>
  `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

async function tokenOf({ send }: StandaloneProxy, name: string): Promise<string> {
  const { head } = await send(get(`/${name}`));
  return /h1\.[^;\r]+/.exec(head)?.[0] ?? 'none';
}

async function start(respond?: (request: string) => string) {
  const app = await world.app(respond);
  const proxy = await world.proxy(tableFor(app));
  const [cart, blog, rpc] = [await tokenOf(proxy, 'cart'), await tokenOf(proxy, 'blog'), await tokenOf(proxy, 'rpc')];
  return { app, proxy, cart, blog, rpc };
}

describe('the app never sees a token', () => {
  test.each(['/cart', '/blog', '/rpc'])('of any route in cookies and headers, on %s', async (path) => {
    const { app, proxy, cart, blog, rpc } = await start();
    const { status } = await proxy.send(
      get(path, `Cookie: a=1; cart-session=${cart}; blog-session="${blog}"; b=2`, `X_Session: ${rpc}`, 'X-App: 1'),
    );
    expect(status).toBe(200);
    expect(app.received()).toContain('\r\nCookie: a=1; b=2\r\nX-App: 1\r\n');
    expect(app.received()).not.toContain('h1.');
  });

  test.each([
    { path: '/rpc', name: 'X-Session' },
    { path: '/rpc', name: 'x_session' },
    { path: '/cart', name: 'X-Session' },
    { path: '/cart', name: 'Cookie' },
  ])('in a trailer $name of $path: the request is refused', async ({ path, name }) => {
    const { app, proxy, rpc } = await start();
    const { status, body } = await proxy.send(
      `POST ${path} HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${name}: ${rpc}\r\n\r\n`,
    );
    expect([status, body]).toEqual([400, expect.stringContaining('A trailer field may not')]);
    expect(app.received()).not.toContain('h1.');
  });

  test('other trailers reach the app', async () => {
    const { app, proxy } = await start();
    await proxy.send(
      'POST /rpc HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
    expect(app.received()).toContain('\r\nX-Sum: 1\r\n');
  });
});

describe('the client never gets a cookie or header of the app in place of a token', () => {
  const conflictsOf = async (proxy: StandaloneProxy, name: string) =>
    proxy.metrics(`holdfast_carrier_conflicts_total{namespace="shop",workload="${name}"}`);
  const setting =
    (...lines: string[]) =>
    () =>
      `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\nX-App: 1\r\nContent-Length: 0\r\n\r\n`;

  test('under the name of its own or of another route, and every such response is counted', async () => {
    const { proxy, cart } = await start(setting('Set-Cookie: a=1', 'Set-Cookie: cart-session=app; Path=/'));
    const first = await proxy.send(get('/cart', `Cookie: cart-session=${cart}`));
    expect(first.head).toBe('HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-App: 1\r\nContent-Length: 0\r\n\r\n');
    const second = await proxy.send(get('/blog'));
    expect(second.head).not.toContain('cart-session');
    expect(second.head).toContain('Set-Cookie: blog-session=h1.');
    expect(await conflictsOf(proxy, 'cart')).toEqual([expect.stringMatching(/ 2$/)]);
    expect(await conflictsOf(proxy, 'blog')).toEqual([expect.stringMatching(/ 2$/)]);
  });

  test('as a header', async () => {
    const { proxy, rpc } = await start(setting('x-session: app'));
    const { head } = await proxy.send(get('/rpc', `X-Session: ${rpc}`));
    expect(head).toBe('HTTP/1.1 200 OK\r\nX-App: 1\r\nContent-Length: 0\r\n\r\n');
  });

  test('although the app may end the session by expiring the cookie', async () => {
    const logout = setting('Set-Cookie: cart-session=; Max-Age=0; Path=/app');
    const { proxy, cart } = await start((request) => (request.includes('/logout') ? logout() : setting('A: 1')()));
    const { head } = await proxy.send(get('/cart/logout', `Cookie: cart-session=${cart}`));
    expect(head.match(/Set-Cookie.*/g)).toEqual([
      expect.stringMatching(/^Set-Cookie: cart-session=; Max-Age=0; Path=\/;/),
    ]);
    expect(await conflictsOf(proxy, 'cart')).toEqual([expect.stringMatching(/ 0$/)]);
  });
});

describe('a valid token is found', () => {
  const forged = `h1.${'A'.repeat(43)}.${'A'.repeat(22)}`;
  test.each([
    { sentence: 'behind fifty junk cookies of its name', junk: Array.from({ length: 50 }, (_, index) => `x${index}`) },
    { sentence: 'behind fifty quoted ones', junk: Array.from({ length: 50 }, (_, index) => `"x${index}"`) },
    { sentence: 'behind a hundred forged tokens', junk: Array.from({ length: 100 }, () => forged) },
    { sentence: 'behind empty ones', junk: Array.from({ length: 50 }, () => '') },
  ])('$sentence, in one or several Cookie lines', async ({ junk }) => {
    const { proxy, cart } = await start();
    const pairs = junk.map((value) => `cart-session=${value}`);
    for (const lines of [
      [`Cookie: ${[...pairs, `cart-session=${cart}`].join('; ')}`],
      [...pairs.slice(0, 60).map((pair) => `Cookie: ${pair}`), `Cookie: cart-session="${cart}"`],
    ]) {
      const { head } = await proxy.send(get('/cart', ...lines));
      expect(head).not.toContain('Set-Cookie');
    }
  });
});

test.each(['/cart', '/rpc'])(
  'a response that gives a token is private to its client, on %s; the next ones stay public',
  async (path) => {
    const { proxy, cart, rpc } = await start(
      () => 'HTTP/1.1 200 OK\r\nCache-Control: public, max-age=3600\r\nContent-Length: 0\r\n\r\n',
    );
    const first = await proxy.send(get(path));
    expect(first.head).toContain('h1.');
    expect(first.head.match(/^cache-control.*/gim)).toEqual(['Cache-Control: private, max-age=3600']);
    const next = await proxy.send(get(path, `Cookie: cart-session=${cart}`, `X-Session: ${rpc}`));
    expect(next.head).toBe('HTTP/1.1 200 OK\r\nCache-Control: public, max-age=3600\r\nContent-Length: 0\r\n\r\n');
  },
);
