/** Sessions in a cookie of the app, over real sockets: two pods that hand out JSESSIONID as a servlet container does. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import type { NamedCarrier } from '../../../../src/wire/routing-table.ts';
import { eventually } from '../../../support/eventually.ts';
import { cookieOf, startOwned, tokenPattern } from './app-owned-rig.ts';

const carrier: NamedCarrier = { type: 'ApplicationCookie', name: 'JSESSIONID' };
const cart = 'namespace="shop",workload="cart"';

const setCookies: Record<string, (id: string) => string[]> = {
  '/login': (id) => ['theme=dark', `JSESSIONID=${id}; Path=/; HttpOnly`],
  '/quoted': (id) => [`JSESSIONID="${id}"; Path=/`],
  '/long': (id) => [`JSESSIONID=${id}${'x'.repeat(4015 - id.length)}; Path=/`],
  '/logout': () => ['JSESSIONID=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:10 GMT'],
  '/expire': () => ['JSESSIONID=gone; Path=/; Expires=Thu, 01-Jan-1970 00:00:10 GMT'],
  '/empty': () => ['JSESSIONID=""; Path=/'],
};

/** Sets cookies by path, with a new id each time. Responds with its pod and the cookies that it saw. */
const servlet = (pod: string): RequestListener => {
  let ids = 0;
  return (request, response) => {
    const path = request.url ?? '/';
    ids += 1;
    response.setHeader('set-cookie', setCookies[path]?.(`${pod}-${ids}`) ?? []);
    if (path === '/end') response.setHeader('holdfast-session', 'end');
    response.end(`${pod}: ${request.headers.cookie ?? 'no cookie'}`);
  };
};

const start = (settings: Parameters<typeof startOwned>[2] = {}) => startOwned(carrier, servlet, settings);

/** A session and its pod. */
async function begin(owned: Awaited<ReturnType<typeof start>>, path = '/login') {
  const response = await owned.call(path);
  return { pod: response.body.slice(0, 1), cookie: cookieOf(response), response };
}

describe('a session in a cookie of the app', () => {
  test('begins with the id that the app hands out, and stays on its pod; the app sees its own id only', async () => {
    const owned = await start();
    const { pod, cookie, response } = await begin(owned);
    expect(response.headers['set-cookie']).toEqual([
      'theme=dark',
      expect.stringMatching(new RegExp(`^JSESSIONID=${pod}-1~${tokenPattern}; Path=/; HttpOnly$`)),
    ]);
    for (let visits = 0; visits < 6; visits += 1) {
      const { body, headers } = await owned.call('/', { cookie: `a=1; ${cookie}; b=2` });
      expect(body).toBe(`${pod}: a=1; JSESSIONID=${pod}-1; b=2`);
      expect(headers['set-cookie']).toBeUndefined();
    }
    expect(owned.sessions()).toEqual(pod === 'a' ? [1, 0] : [0, 1]);
  });

  test('of visitors who get no id is none: they are balanced, get no cookie and are not counted', async () => {
    const { call: visit, sessions } = await start();
    const pods = new Set<string>();
    for (let visits = 0; visits < 40; visits += 1) {
      const { body, headers } = await visit('/', { cookie: 'theme=dark' });
      expect(headers['set-cookie']).toBeUndefined();
      pods.add(body.slice(0, 1));
    }
    expect(pods).toEqual(new Set(['a', 'b']));
    expect(sessions()).toEqual([0, 0]);
  });

  test('is found again by an app that begins one for every unknown id, whatever else the client sends', async () => {
    const owned = await startOwned(carrier, () => {
      const visits = new Map<string, number>();
      return (request, response) => {
        const [, known = ''] = /JSESSIONID=([^;]*)/.exec(request.headers.cookie ?? '') ?? [];
        const id = visits.has(known) ? known : String(Math.random());
        visits.set(id, (visits.get(id) ?? 0) + 1);
        if (id !== known) response.setHeader('set-cookie', `JSESSIONID=${id}; Path=/; HttpOnly`);
        response.end(`visit ${visits.get(id)}`);
      };
    });
    const first = await owned.call('/', { cookie: 'JSESSIONID=unknown' });
    const cookie = `a=1; ${cookieOf(first)}`;
    const next = [await owned.call('/', { cookie }), await owned.call('/', { cookie })];
    expect([first, ...next].map(({ body }) => body)).toEqual(['visit 1', 'visit 2', 'visit 3']);
  });

  test('goes on under a new id, on the same pod, when the app changes the id', async () => {
    const owned = await start();
    const { pod, cookie } = await begin(owned);
    const rotated = await owned.call('/login', { cookie });
    const next = cookieOf(rotated);
    expect(next).toMatch(new RegExp(`^JSESSIONID=${pod}-2~${tokenPattern}$`));
    for (let visits = 0; visits < 4; visits += 1) {
      expect((await owned.call('/', { cookie: next })).body).toBe(`${pod}: JSESSIONID=${pod}-2`);
    }
    expect(owned.sessions().toSorted((one, other) => one - other)).toEqual([0, 1]);
    expect(await owned.metrics()).toContain(`holdfast_sessions_started_total{${cart}} 1`);
  });

  test.each(['/logout', '/expire', '/empty', '/end'])('ends when the app says so: %s', async (path) => {
    const owned = await start();
    const { pod, cookie } = await begin(owned);
    const response = await owned.call(path, { cookie });
    expect(response.body.slice(0, 1)).toBe(pod);
    // As the app wrote it: only the app knows the attributes of its cookie.
    expect(response.headers['set-cookie']).toEqual(setCookies[path]?.(''));
    expect(owned.sessions()).toEqual([0, 0]);
    expect(await owned.metrics()).toContain(`holdfast_sessions_ended_total{${cart},reason="Application"} 1`);
  });

  test('gets its token within the quotes of a quoted value, and the app sees its quotes', async () => {
    const owned = await start();
    const { pod, cookie } = await begin(owned, '/quoted');
    expect(cookie).toMatch(new RegExp(`^JSESSIONID="${pod}-1~${tokenPattern}"$`));
    expect((await owned.call('/', { cookie })).body).toBe(`${pod}: JSESSIONID="${pod}-1"`);
  });

  test('is not pinned if the id is too long for a token: the id is forwarded as it is, and that is counted, and logged once a minute', async () => {
    const owned = await start();
    const { response, cookie } = await begin(owned, '/long');
    expect(response.headers['set-cookie']).toEqual([`${cookie}; Path=/`]);
    expect(cookie).toHaveLength('JSESSIONID='.length + 4015);
    expect(owned.sessions()).toEqual([0, 0]);
    await owned.call('/long');
    expect(await owned.metrics()).toContain(`holdfast_unpinned_ids_total{${cart}} 2`);
    expect(owned.log.lines().filter(({ message }) => message.startsWith('session id'))).toEqual([
      {
        level: 'warn',
        message: 'session id of the app not pinned: with a token it would exceed 4096 bytes',
        fields: { workload: 'shop/cart' },
      },
    ]);
  });

  test('that gets an id which is too long for a token ends, because the client can no longer name it', async () => {
    const owned = await start();
    const { cookie } = await begin(owned);
    await owned.call('/long', { cookie });
    expect(owned.sessions()).toEqual([0, 0]);
  });

  test.each([
    ['without a token, as from before the proxy', () => 'JSESSIONID=old'],
    ['with a token that was cut', (cookie: string) => cookie.slice(0, -1)],
  ])('that a client names %s is balanced, and pinned once the app sets the id again', async (_, change) => {
    const owned = await start({ policy: 'RoundRobin' });
    const { cookie } = await begin(owned);
    const sent = change(cookie);
    const pods = new Set<string>();
    for (let visits = 0; visits < 4; visits += 1) pods.add((await owned.call('/', { cookie: sent })).body.slice(0, 1));
    expect(pods.size).toBe(2);
    const again = await owned.call('/login', { cookie: sent });
    expect(again.body).toBe(`${again.body.slice(0, 1)}: ${sent}`);
    expect(cookieOf(again)).toMatch(new RegExp(`~${tokenPattern}$`));
  });

  test('whose token was forged is balanced, and the app sees the id without it', async () => {
    const owned = await start();
    const { pod, cookie } = await begin(owned);
    const forged = cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    const { body } = await owned.call('/', { cookie: forged });
    expect(body.slice(3)).toBe(`JSESSIONID=${pod}-1`);
    expect((await owned.metrics()).find((line) => line.includes('reason="BadMac"'))).toMatch(/ 1$/);
  });

  test('of one browser for two paths keeps both: the app sees two ids without tokens', async () => {
    const owned = await start();
    const [one, other] = [await begin(owned), await begin(owned)];
    const { body } = await owned.call('/', { cookie: `${one.cookie}; ${other.cookie}` });
    expect(body).toMatch(/^[ab]: JSESSIONID=[ab]-\d; JSESSIONID=[ab]-\d$/);
    expect(body.slice(0, 1)).toBe(one.pod);
  });

  test('whose pod is gone is lost and counted once, and another pod receives the request with the id that it does not know', async () => {
    const owned = await start();
    const { pod, cookie } = await begin(owned);
    await owned.swap({ endpoints: owned.endpoints.filter((each) => each.pod !== pod), removedEndpoints: [pod] });
    for (let visits = 0; visits < 3; visits += 1) {
      const { body, headers } = await owned.call('/', { cookie });
      expect(body).toBe(`${pod === 'a' ? 'b' : 'a'}: JSESSIONID=${pod}-1`);
      expect(headers['set-cookie']).toBeUndefined();
    }
    expect(await owned.metrics()).toContain(`holdfast_sessions_lost_total{${cart},reason="EndpointRemoved"} 1`);
    expect(cookieOf(await owned.call('/login', { cookie }))).toMatch(new RegExp(`~${tokenPattern}$`));
  });

  test('keeps a draining pod until it ends; visitors go elsewhere and keep no pod', async () => {
    const owned = await start();
    const { pod, cookie } = await begin(owned);
    const endpoints = owned.endpoints.map((each) => ({
      ...each,
      state: each.pod === pod ? ('Draining' as const) : ('Accepting' as const),
    }));
    await owned.swap({ endpoints });
    for (let visits = 0; visits < 5; visits += 1) {
      expect((await owned.call('/', { cookie })).body.slice(0, 1)).toBe(pod);
      expect((await owned.call('/')).body.slice(0, 1)).not.toBe(pod);
    }
    await owned.call('/logout', { cookie });
    expect(owned.sessions()).toEqual([0, 0]);
  });

  test('carries its WebSocket, whose handshake shows the app its own id', async () => {
    const seen: string[] = [];
    const owned = await startOwned(carrier, servlet, {
      upgrade: (server) =>
        new WebSocketServer({ server }).on('connection', (_, { headers }) => seen.push(String(headers.cookie))),
    });
    const { pod, cookie } = await begin(owned);
    const socket = new WebSocket(`ws://127.0.0.1:${owned.port}/ws`, { headers: { cookie } });
    await once(socket, 'open');
    expect(seen).toEqual([`JSESSIONID=${pod}-1`]);
    socket.terminate();
    await eventually(() => owned.sessions().some((count) => count === 1), Boolean);
  });
});
