import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket } from 'ws';
import { createControl } from '../../../examples/shop/control.ts';
import { createShop } from '../../../examples/shop/shop.ts';
import type { Shop } from '../../../examples/shop/shop.ts';
import { endsWithin } from '../../support/running-time.ts';

let shop: Shop;
let base: string;

beforeEach(async () => {
  shop = createShop('shop-1');
  shop.server.listen(0, '127.0.0.1');
  await once(shop.server, 'listening');
  base = `127.0.0.1:${(shop.server.address() as AddressInfo).port}`;
});
afterEach(() => shop.close());

async function call(method: string, path: string, { cookie, body }: { cookie?: string; body?: string } = {}) {
  const response = await fetch(`http://${base}${path}`, {
    method,
    headers: cookie ? { cookie } : {},
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
}

async function login(): Promise<{ cookie: string; secret: unknown }> {
  const { headers, json } = await call('POST', '/login');
  return { cookie: headers.get('set-cookie')?.split(';', 1)[0] ?? '', secret: json['secret'] };
}

describe('the page', () => {
  test('names its pod and shows the cart as text', async () => {
    const { cookie } = await login();
    await call('POST', '/cart/items', { cookie, body: '{"item":"<script>"}' });
    const { text, headers } = await call('GET', '/', { cookie });
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(text).toContain('<code>shop-1</code>');
    expect(text).toContain('<li>&lt;script></li>');
  });

  test('loads only files of the shop, and its policy allows no others', async () => {
    const { text, headers } = await call('GET', '/');
    const files = [...text.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files).toEqual(['/shop.css', '/shop.js']);
    for (const file of files) expect((await call('GET', file)).status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*connect-src 'self';/);
  });
});

describe('a customer', () => {
  test('gets a secret at login, and every response has it', async () => {
    const { cookie, secret } = await login();
    expect(secret).toMatch(/^[0-9a-f]{16}$/);
    expect((await call('POST', '/cart/items', { cookie, body: '{"item":"tea"}' })).json).toEqual({
      pod: 'shop-1',
      secret,
      items: ['tea'],
    });
    expect((await call('GET', '/cart', { cookie: `other=1; ${cookie}` })).json).toEqual({
      pod: 'shop-1',
      secret,
      items: ['tea'],
    });
  });

  test('has a cart of its own', async () => {
    const [one, two] = [await login(), await login()];
    await call('POST', '/cart/items', { cookie: one.cookie, body: '{"item":"tea"}' });
    expect((await call('GET', '/cart', { cookie: two.cookie })).json).toEqual({
      pod: 'shop-1',
      secret: two.secret,
      items: [],
    });
  });

  test('ends its session by logging out, and the proxy is notified', async () => {
    const { cookie } = await login();
    const { status, headers } = await call('POST', '/logout', { cookie });
    expect([status, headers.get('holdfast-session'), headers.get('set-cookie')]).toEqual([
      200,
      'end',
      'shop=; Path=/; Max-Age=0',
    ]);
    expect((await call('GET', '/cart', { cookie })).status).toBe(401);
    expect(shop.count().sessions).toBe(0);
  });

  test.each([
    ['without a session', undefined],
    ['with the session of another pod', 'shop=0123456789abcdef0123456789abcdef'],
  ])('%s is not known', async (_, cookie) => {
    for (const [method, path] of [
      ['GET', '/cart'],
      ['POST', '/cart/items'],
      ['POST', '/logout'],
    ] as const) {
      const { status, json } = await call(method, path, cookie === undefined ? {} : { cookie });
      expect({ path, status, json }).toEqual({
        path,
        status: 401,
        json: { pod: 'shop-1', error: 'this pod has no such session' },
      });
    }
  });

  test.each([
    ['text', 'tea'],
    ['an object without an item', '{}'],
    ['null', 'null'],
    ['five kilobytes', JSON.stringify({ item: 'x'.repeat(5000) })],
  ])('cannot put %s into the cart', async (_, body) => {
    const { cookie } = await login();
    const outcome = await call('POST', '/cart/items', { cookie, body }).catch(() => ({ status: 400 }));
    expect(outcome.status).toBe(400);
    expect((await call('GET', '/cart', { cookie })).json['items']).toEqual([]);
  });
});

test('health checks pass until they are made to fail, and other pages are not found', async () => {
  const codes = () =>
    Promise.all(['/healthz', '/livez', '/nothing'].map(async (path) => (await call('GET', path)).status));
  expect(await codes()).toEqual([200, 200, 404]);
  shop.health.ready = false;
  expect(await codes()).toEqual([503, 200, 404]);
  shop.health.live = false;
  expect(await codes()).toEqual([503, 500, 404]);
});

describe('a stream of events', () => {
  test('comes from the pod, with the secret and in order, and ends after a complete event when the shop closes', async () => {
    const { cookie, secret } = await login();
    const response = await fetch(`http://${base}/events`, { headers: { cookie } });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString();
      if (text.includes('id: 2')) void shop.close();
    }
    expect(text).toBe(
      [1, 2].map((number) => `id: ${number}\ndata: ${JSON.stringify({ pod: 'shop-1', secret, number })}\n\n`).join(''),
    );
    expect(shop.count().eventStreams).toBe(0);
  });

  test('is rejected without a session', async () => {
    expect((await call('GET', '/events')).status).toBe(401);
  });
});

describe('the switches of the shop', () => {
  async function withControl(
    use: (
      flip: (method: string, path: string) => Promise<{ status: number; text: string }>,
      logged: object[],
    ) => Promise<void>,
  ): Promise<void> {
    const logged: object[] = [];
    const control = createControl(shop, (event, fields) => logged.push({ event, ...fields }));
    control.listen(0, '127.0.0.1');
    await once(control, 'listening');
    const { port } = control.address() as AddressInfo;
    await use(async (method, path) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      return { status: response.status, text: await response.text() };
    }, logged);
    control.close();
  }

  test('make probes fail, return the number of sessions, and log the hook', async () => {
    await login();
    await withControl(async (flip, logged) => {
      expect((await flip('GET', '/sessions')).text).toBe('1\n');
      await flip('POST', '/not-ready');
      await flip('POST', '/not-live');
      await flip('GET', '/prestop');
      expect((await flip('GET', '/not-live')).status).toBe(404);
      expect(logged).toEqual([
        { event: 'Switched', to: 'not-ready', ready: false, live: true },
        { event: 'Switched', to: 'not-live', ready: false, live: false },
        { event: 'PreStop', to: 'prestop', sessions: 1, webSockets: 0, eventStreams: 0 },
      ]);
    });
    expect((await call('GET', '/livez')).status).toBe(500);
  });

  test('burn a share of a core until they are switched off', async () => {
    await withControl(async (flip) => {
      expect(JSON.parse((await flip('POST', '/burn?share=0.5')).text)).toEqual({ share: 0.5 });
      const before = process.cpuUsage();
      while (process.cpuUsage(before).user < 100_000) await new Promise((resolve) => setTimeout(resolve, 10));
      expect(JSON.parse((await flip('POST', '/burn?share=0')).text)).toEqual({ share: 0 });
    });
  });
});

describe('a WebSocket', () => {
  async function open(cookie: string): Promise<WebSocket> {
    const socket = new WebSocket(`ws://${base}/ws`, { headers: { cookie } });
    await once(socket, 'open');
    return socket;
  }
  const nextMessage = async (socket: WebSocket): Promise<unknown> => {
    const [data] = (await once(socket, 'message')) as [Buffer];
    return JSON.parse(data.toString());
  };

  test('responds to every message with the pod and the secret', async () => {
    const { cookie, secret } = await login();
    const socket = await open(cookie);
    for (const text of ['short', 'x'.repeat(200), 'ü'.repeat(30_000)]) {
      socket.send(JSON.stringify({ text }));
      expect(await nextMessage(socket)).toEqual({ pod: 'shop-1', secret, message: { text } });
    }
    socket.ping('are you there');
    const [payload] = (await once(socket, 'pong')) as [Buffer];
    expect(payload.toString()).toBe('are you there');
    socket.terminate();
  });

  test('is closed by the app after a bye message', async () => {
    const { cookie } = await login();
    const socket = await open(cookie);
    socket.send('{"type":"bye"}');
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(1000);
  });

  test('is rejected without a session', async () => {
    const socket = new WebSocket(`ws://${base}/ws`, { headers: { cookie: 'shop=unknown' } });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('401');
  });

  test.each<[string, (socket: WebSocket) => void, number]>([
    ['binary messages', (socket) => socket.send(Buffer.from('x')), 1003],
    ['messages in fragments', (socket) => socket.send('part', { fin: false }), 1003],
    ['messages beyond 64 KiB', (socket) => socket.send('x'.repeat(70_000)), 1009],
  ])('does not take %s, and says so', async (_, send, expected) => {
    const { cookie } = await login();
    const socket = await open(cookie);
    send(socket);
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).toBe(expected);
  });

  test('is closed when the shop closes, within a second even if clients do not respond', async () => {
    const { cookie } = await login();
    const [polite, deaf] = [await open(cookie), await open(cookie)];
    deaf.pause();
    const closed = once(polite, 'close') as Promise<[number]>;
    expect(await endsWithin(1000, shop.close())).toBe(true);
    const [code] = await closed;
    expect(code).toBe(1001);
    deaf.terminate();
  });
});
