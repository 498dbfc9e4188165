import { describe, expect, test } from '@jest/globals';
import { linesOf } from '../../../../src/dataplane/h1/header-lines.ts';
import { backendId, encodeToken, endpointId, signingKeys, type Token } from '../../../../src/core/session/token.ts';
import {
  backendName,
  cookieName,
  idleTimeoutMs,
  keyOf,
  proxyTable,
  requestOf,
  splitTable,
  type ShortTable,
} from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, quiet, visit } from './replica.ts';

const headerTable = (more: ShortTable = {}) =>
  proxyTable({
    endpoints: [{ pod: 'a' }, { pod: 'b' }],
    ...more,
    persistence: { carrier: { type: 'Header', name: 'X-Session' } },
  });

describe('a token in a header', () => {
  const createHeaderReplica = () => {
    const replica = createReplica(headerTable());
    const call = (token?: string | string[]) =>
      holdOf(replica.sendRequest(requestOf(token === undefined ? {} : { 'x-session': token })));
    const first = finish(call());
    const [, token = ''] = /^X-Session: (\S+)\r\n$/.exec(first.lines) ?? [];
    return { ...replica, call, first, token };
  };

  test('is sent in the named response header, and pins the client that returns it in the same header', () => {
    const { call, first, token } = createHeaderReplica();
    expect(token).toMatch(/^h1\./);
    for (let request = 0; request < 5; request += 1) {
      expect(finish(call(token))).toMatchObject({ pod: first.pod, isNew: false, lines: '' });
    }
  });

  test('is stripped by the name of the header, and a cookie of that name belongs to the app', () => {
    const { call, token, sendRequest } = createHeaderReplica();
    expect(call(token).filter.hidesFromApp('x-session', token)).toBe(true);
    expect(holdOf(sendRequest(requestOf({ cookie: `X-Session=${token}` }))).isNew).toBe(true);
  });

  test.each([
    { sentence: 'by the Holdfast-Session header', response: { setCookies: [], endsSession: true } },
    {
      sentence: 'by expiring a cookie of the same name, as an app that only uses cookies does',
      response: { setCookies: ['X-Session=; Max-Age=0'], endsSession: false },
    },
  ])('is cleared with an empty value when the app ends the session $sentence', ({ response }) => {
    const { call, token, counters, count } = createHeaderReplica();
    expect(finish(call(token), response).lines).toBe('X-Session: \r\n');
    expect(counters().ended.Application).toBe(1);
    expect(count('a').sessions + count('b').sessions).toBe(0);
  });

  test('that is garbage starts a new session and is counted; an empty value is not a token', () => {
    const { call, router } = createHeaderReplica();
    for (const garbage of ['undefined', 'h1.', '\u00ff\u0000', 'x'.repeat(100_000)]) {
      expect(call(garbage).isNew).toBe(true);
    }
    expect(call('').isNew).toBe(true);
    expect(router.counters.badTokens).toMatchObject({ Malformed: 4 });
  });

  test('is renewed before it expires', async () => {
    const { call, token, clock } = createHeaderReplica();
    await clock.advance(idleTimeoutMs / 4 + 1000);
    expect(finish(call(token)).lines).toMatch(/^X-Session: h1\./);
  });
});

describe('a session cookie', () => {
  test('that is permanent has the time left to the absolute limit of its session as Max-Age', async () => {
    const replica = createReplica(
      proxyTable({
        endpoints: [{ pod: 'a' }],
        limits: { idleTimeoutMs, absoluteTimeoutMs: 600_000 },
        cookie: { lifetimeType: 'Permanent' },
      }),
    );
    const { cookie, lines } = visit(replica);
    expect(lines).toContain('; Max-Age=600; ');
    await replica.clock.advance(30_000);
    expect(visit(replica, [cookie]).lines).toContain('; Max-Age=570; ');
  });

  test('sent twice, as after a change of the path, pins to the pod that exists, in either order', () => {
    const replica = createReplica(proxyTable({ endpoints: [{ pod: 'a' }] }));
    const old = visit(replica).cookie;
    replica.swap(proxyTable({ endpoints: [{ pod: 'b' }], removedEndpoints: ['a'] }));
    const { cookie } = visit(replica);
    for (const cookies of [
      [old, cookie],
      [cookie, old],
    ]) {
      expect(visit(replica, cookies)).toMatchObject({ pod: 'b', isNew: false, lines: '' });
    }
    expect(replica.counters().lost.EndpointRemoved).toBe(0);
  });
});

describe('an invalid token', () => {
  const keys = signingKeys({ current: 1, keys: [keyOf(1)] });
  const signed = (nowMs: number, more: Partial<Token>) =>
    encodeToken(
      {
        sessionHi: 1,
        sessionLo: 1,
        endpointId: endpointId('uid-a'),
        backendId: backendId(backendName),
        issuedAtS: nowMs / 1000,
        lastSeenS: nowMs / 1000,
        ...more,
      },
      keys,
    );

  test.each([
    { sentence: 'that is oversized', text: () => `h1.${'A'.repeat(8000)}`, reason: 'Malformed' },
    {
      sentence: 'issued in the future',
      text: (nowMs: number) => signed(nowMs, { issuedAtS: nowMs / 1000 + 301 }),
      reason: 'FutureDated',
    },
    {
      sentence: 'last seen in the future',
      text: (nowMs: number) => signed(nowMs, { lastSeenS: nowMs / 1000 + 301 }),
      reason: 'FutureDated',
    },
    {
      sentence: 'of a workload that is no backend of the route',
      text: (nowMs: number) => signed(nowMs, { backendId: backendId('shop/other') }),
      reason: 'WrongBackend',
    },
  ])('$sentence starts a new session, is counted as $reason, and no value of it is used', ({ text, reason }) => {
    const replica = createReplica(proxyTable({ endpoints: [{ pod: 'a' }] }));
    const hold = holdOf(replica.send([`${cookieName}=${text(replica.clock.nowMs())}`]));
    expect(hold.isNew).toBe(true);
    expect(linesOf(hold.responseHead(quiet))).toMatch(/^Set-Cookie: /);
    expect(replica.router.counters.badTokens).toMatchObject({ [reason]: 1 });
  });

  test('that was just verified for another route is counted as WrongBackend', () => {
    const table = splitTable({
      [backendName]: { weight: 1, endpoints: [{ pod: 'a' }] },
      'shop/other': { weight: 0, endpoints: [{ pod: 'o' }] },
    });
    const routes = table.routes.flatMap((route) =>
      route.backendRefs.map(({ backend }) => ({
        ...route,
        name: `${backend}#0`,
        hostnames: [`${backend.split('/')[1]}.example`],
        backendRefs: [{ backend, weight: 1 }],
      })),
    );
    const replica = createReplica({ ...table, routes });
    const visitHost = (host: string, cookie = '') =>
      finish(holdOf(replica.sendRequest({ ...requestOf({ cookie }), host })));
    const { cookie } = visitHost('cart.example');
    expect(visitHost('other.example', cookie)).toMatchObject({ pod: 'o', isNew: true });
    expect(replica.router.counters.badTokens.WrongBackend).toBe(1);
  });
});
