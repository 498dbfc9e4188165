import { once } from 'node:events';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { settle } from '../../../support/manual-clock.ts';
import { openStream, startDiscovery, tableOf } from './world.ts';
import type { Discovery } from './world.ts';

let discovery: Discovery;
beforeEach(async () => {
  discovery = await startDiscovery();
});
afterEach(() => {
  discovery.stop();
});

const report = {
  startedAtMs: 0,
  sequence: 1,
  endpoints: [{ uid: 'uid-cart-1', sessions: 3, expiresAtMs: 1 }],
  ended: ['00000000deadbeef'],
  seen: ['00000000cafe0000'],
};

describe('the stream of resources', () => {
  test('sends the current table and each change to every proxy of the Gateway', async () => {
    discovery.publish('infra/web', tableOf('web'), '100');
    const streams = [await openStream(discovery, 'proxy-1'), await openStream(discovery, 'proxy-2')];
    for (const stream of streams) {
      expect(await stream.next()).toMatchObject({
        type: 'delta',
        replica: 'operator-1',
        revision: '100',
        asOfMs: discovery.clock.nowMs(),
        table: tableOf('web'),
      });
    }
    discovery.publish('infra/web', tableOf('web', 'new.example.com'), '101');
    for (const stream of streams) {
      expect(await stream.next()).toMatchObject({ revision: '101', table: tableOf('web', 'new.example.com') });
    }
  });

  test('waits for a table that does not exist yet', async () => {
    const stream = await openStream(discovery, 'proxy-1');
    await discovery.clock.advance(4000);
    discovery.publish('infra/web', tableOf('web'), '7');
    expect(await stream.next()).toMatchObject({ type: 'delta', revision: '7' });
  });

  test('of a Gateway that is deleted stays open and takes nothing back: the proxy serves its open requests by its last table', async () => {
    discovery.publish('infra/web', tableOf('web'), '100');
    const stream = await openStream(discovery, 'proxy-1');
    await stream.next();
    discovery.withdraw('infra/web');
    await discovery.clock.advance(20_000);
    discovery.publish('infra/web', tableOf('web', 'again.example.com'), '101');
    expect(await stream.next()).toMatchObject({ type: 'delta', revision: '101' });
  });

  test('sends the date of the table every two seconds', async () => {
    discovery.publish('infra/web', tableOf('web'), '100');
    const stream = await openStream(discovery, 'proxy-1');
    await stream.next();
    await discovery.clock.advance(2000);
    expect(await stream.next()).toEqual({
      type: 'heartbeat',
      replica: 'operator-1',
      revision: '100',
      asOfMs: discovery.clock.nowMs() - 2000,
    });
  });

  test("contains the table of the proxy's own Gateway only", async () => {
    discovery.publish('infra/other', tableOf('other'), '1');
    const stream = await openStream(discovery, 'proxy-1');
    discovery.publish('infra/other', tableOf('other', 'secret.example.com'), '2');
    discovery.publish('infra/web', tableOf('web'), '3');
    expect(await stream.next()).toMatchObject({ revision: '3', table: { gateway: { name: 'web' } } });
  });

  test('relays the notices of one proxy to the other proxies of the Gateway, and not back', async () => {
    discovery.publish('infra/web', tableOf('web'), '1');
    const [sender, other] = [await openStream(discovery, 'proxy-1'), await openStream(discovery, 'proxy-2')];
    for (const stream of [sender, other]) await stream.next();
    await discovery.client.call('POST', '/v1/report', { token: 'proxy-1', body: JSON.stringify(report) });
    expect(await other.next()).toEqual({ type: 'ended', replica: 'operator-1', sessions: ['00000000deadbeef'] });
    expect(await other.next()).toEqual({ type: 'seen', replica: 'operator-1', sessions: ['00000000cafe0000'] });
    discovery.publish('infra/web', tableOf('web', 'next.example.com'), '2');
    expect(await sender.next()).toMatchObject({ revision: '2' });
  });

  test('sends a proxy that connects later every ended session before its table, and each one once', async () => {
    discovery.publish('infra/web', tableOf('web'), '1');
    const early = await openStream(discovery, 'proxy-2');
    await early.next();
    const send = (sequence: number) =>
      discovery.client.call('POST', '/v1/report', {
        token: 'proxy-1',
        body: JSON.stringify({ ...report, sequence, seen: [] }),
      });
    await send(1);
    await send(2);
    const ended = { type: 'ended', replica: 'operator-1', sessions: ['00000000deadbeef'] };
    const late = await openStream(discovery, 'proxy-2');
    expect([await late.next(), await late.next()]).toMatchObject([ended, { type: 'delta' }]);
    discovery.publish('infra/web', tableOf('web', 'next.example.com'), '2');
    expect([await early.next(), await early.next()]).toMatchObject([ended, { type: 'delta', revision: '2' }]);
  });

  test('sends no handover to a proxy that has handed over its own sessions', async () => {
    discovery.publish('infra/web', tableOf('web'), '1');
    const [one, other] = [await openStream(discovery, 'proxy-1'), await openStream(discovery, 'proxy-2')];
    for (const stream of [one, other]) await stream.next();
    const body = JSON.stringify({ startedAtMs: 5, sessions: [], ended: [], successorOf: [] });
    const handOver = async (token: string) => {
      const { status } = await discovery.client.call('POST', '/v1/handover', { token, body });
      return status;
    };
    expect([await handOver('proxy-1'), await handOver('proxy-2')]).toEqual([204, 503]);
  });

  test('sends the handover of a proxy that shuts down to the newest other proxy', async () => {
    discovery.publish('infra/web', tableOf('web'), '1');
    const [older, leaving, newest] = [
      await openStream(discovery, 'proxy-2'),
      await openStream(discovery, 'proxy-1'),
      await openStream(discovery, 'proxy-2'),
    ];
    for (const stream of [older, leaving, newest]) await stream.next();
    const handover = {
      startedAtMs: 5,
      sessions: [{ id: '00000000deadbeef', endpoint: '00000000000000aa', backend: 7, lastSeenS: 10, issuedAtS: 5 }],
      ended: ['00000000cafecafe'],
      successorOf: [{ uid: 'uid-p0', startedAtMs: 1 }],
    };
    expect(
      await discovery.client.call('POST', '/v1/handover', { token: 'proxy-1', body: JSON.stringify(handover) }),
    ).toMatchObject({ status: 204 });
    expect(await newest.next()).toEqual({
      type: 'handover',
      replica: 'operator-1',
      handover: { from: 'uid-p1', ...handover },
    });
    discovery.publish('infra/web', tableOf('web', 'next.example.com'), '2');
    for (const stream of [older, leaving]) expect(await stream.next()).toMatchObject({ revision: '2' });
  });

  test('refuses a handover while no other proxy with a table is connected', async () => {
    const body = JSON.stringify({ startedAtMs: 5, sessions: [] });
    await openStream(discovery, 'proxy-1');
    const handOver = () => discovery.client.call('POST', '/v1/handover', { token: 'proxy-1', body });
    expect(await handOver()).toEqual({
      status: 503,
      body: { message: 'no other proxy of the Gateway is connected to this replica' },
    });
    await openStream(discovery, 'proxy-2');
    expect(await handOver()).toMatchObject({ status: 503 });
  });

  test.each([
    [
      'a session without a date',
      {
        startedAtMs: 5,
        sessions: [{ id: '00000000deadbeef', endpoint: '00000000000000aa', backend: 7, lastSeenS: -1, issuedAtS: 5 }],
      },
      /^handover\.sessions\[0\]\.lastSeenS: must be/,
    ],
    ['no start time', { sessions: [] }, /^handover\.startedAtMs: must be/],
  ])('a handover with %s is refused', async (_, handover, reason) => {
    const answer = await discovery.client.call('POST', '/v1/handover', {
      token: 'proxy-1',
      body: JSON.stringify(handover),
    });
    expect(answer).toEqual({ status: 400, body: { message: expect.stringMatching(reason) } });
  });

  test('sends a slow proxy only the newest table when it reads again', async () => {
    // More than the sockets' buffers hold.
    const big = (revision: number) => tableOf('web', `${revision}-${'x'.repeat(12 * 1024 * 1024)}`);
    discovery.publish('infra/web', big(0), '0');
    const stream = await openStream(discovery, 'proxy-1');
    stream.response.pause();
    for (let revision = 1; revision <= 20; revision += 1) {
      discovery.publish('infra/web', big(revision), String(revision));
    }
    stream.response.resume();
    expect([await stream.next(), await stream.next()]).toMatchObject([{ revision: '0' }, { revision: '20' }]);
  });

  test('closes when the proxy reads nothing for half a minute', async () => {
    discovery.publish('infra/web', tableOf('web', 'x'.repeat(32 * 1024 * 1024)), '1');
    const { response } = await openStream(discovery, 'proxy-1');
    response.pause();
    await discovery.clock.advance(34_000);
    const closed = new Promise((resolve) => response.once('close', resolve));
    response.resume();
    await closed;
    expect(response.complete).toBe(false);
    while (discovery.listeners.size > 0) await settle();
    expect(discovery.clock.pending()).toBe(0);
  });

  test('ends when its token is no longer valid, but not while the API server is unavailable', async () => {
    discovery.publish('infra/web', tableOf('web'), '1');
    const stream = await openStream(discovery, 'proxy-1');
    await stream.next();
    discovery.state.apiServerAway = true;
    await discovery.clock.advance(60_000);
    discovery.publish('infra/web', tableOf('web'), '2');
    const seen = [];
    for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
      const revision = 'revision' in message ? message.revision : undefined;
      seen.push(revision);
      if (revision === '2') break;
    }
    expect(seen.at(-1)).toBe('2');
    discovery.state.apiServerAway = false;
    discovery.identities.delete('proxy-1');
    await discovery.clock.advance(60_000);
    let last = await stream.next();
    while (last !== undefined) last = await stream.next();
    expect(stream.response.complete).toBe(true);
  });
});

describe('a report', () => {
  test('is recorded for the proxy and the Gateway of its token', async () => {
    expect(
      await discovery.client.call('POST', '/v1/report', { token: 'proxy-2', body: JSON.stringify(report) }),
    ).toMatchObject({ status: 200 });
    expect(discovery.reports).toEqual([
      {
        proxy: { pod: { namespace: 'infra', name: 'p2', uid: 'uid-p2' }, gateway: { namespace: 'infra', name: 'web' } },
        report,
      },
    ]);
  });

  test('that is invalid is rejected with the invalid field', async () => {
    const answer = await discovery.client.call('POST', '/v1/report', {
      token: 'proxy-1',
      body: '{"startedAtMs":0,"sequence":1}',
    });
    expect(answer).toEqual({ status: 400, body: { message: 'report.endpoints: must be a list' } });
    expect(discovery.reports).toEqual([]);
  });

  test('that is too large is rejected', async () => {
    expect(
      await discovery.client.call('POST', '/v1/report', { token: 'proxy-1', body: ' '.repeat(9 * 1024 * 1024) }),
    ).toMatchObject({ status: 413 });
  });
});

const encode = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');

describe('a drain status request of a sidecar', () => {
  const ask = () => discovery.client.call('GET', '/v1/drain', { token: 'sidecar' });
  const sources = [{ type: 'Proxy', known: true, sessions: 3 }];
  const version: unknown = expect.any(String);

  test('returns deadline and sessions from the cache when the cache shows the deletion', async () => {
    discovery.state.cached = { kind: 'Terminating', killAtMs: 5000 };
    expect(await ask()).toEqual({ status: 200, body: { terminating: true, killAtMs: 5000, sources, version } });
    expect(discovery.liveReads).toEqual([]);
  });

  test('returns the deletion from a live read when the cache is outdated', async () => {
    discovery.state.live = { kind: 'Terminating', killAtMs: 6000 };
    expect(await ask()).toEqual({ status: 200, body: { terminating: true, killAtMs: 6000, sources, version } });
    expect(discovery.liveReads).toEqual([{ namespace: 'shop', name: 'cart-1', uid: 'uid-cart-1' }]);
  });

  test('reports that the pod is not being deleted only after a live read', async () => {
    expect(await ask()).toEqual({ status: 200, body: { terminating: false } });
    expect(discovery.liveReads).toHaveLength(1);
  });

  test('fails with 503 while the API server is unavailable, so the sidecar holds', async () => {
    await ask();
    discovery.state.apiServerAway = true;
    expect(await ask()).toEqual({
      status: 503,
      body: { message: expect.stringMatching(/it is unknown whether the pod is being deleted: API server away/) },
    });
  });

  test('releases a force-deleted pod at once', async () => {
    discovery.state.live = { kind: 'Gone' };
    expect(await ask()).toEqual({
      status: 200,
      body: { terminating: true, killAtMs: discovery.clock.nowMs(), sources, version },
    });
  });

  describe('with an expired token', () => {
    const claims = { 'kubernetes.io': { namespace: 'shop', pod: { name: 'cart-1', uid: 'uid-cart-1' } } };
    const outdated = `e30.${encode(claims)}.e30`;
    const askWith = (token: string) => discovery.client.call('GET', '/v1/drain', { token });
    const uncounted = [
      { type: 'Proxy', known: false, reason: 'the grace period of the pod is over, and its token has expired' },
    ];
    const refusal = { status: 401, body: { message: expect.stringMatching(/its pod was deleted/) } };

    test('releases a pod whose grace period is over', async () => {
      const killAtMs = discovery.clock.nowMs() - 61_000;
      discovery.state.cached = { kind: 'Terminating', killAtMs };
      expect(await askWith(outdated)).toEqual({
        status: 200,
        body: { terminating: true, killAtMs, sources: uncounted },
      });
    });

    test('releases a pod that no longer exists in the API server', async () => {
      discovery.state.cached = { kind: 'Gone' };
      discovery.state.live = { kind: 'Gone' };
      expect(await askWith(outdated)).toEqual({
        status: 200,
        body: { terminating: true, killAtMs: discovery.clock.nowMs(), sources: uncounted },
      });
      expect(discovery.liveReads).toEqual([{ namespace: 'shop', name: 'cart-1', uid: 'uid-cart-1' }]);
    });

    test('returns nothing about a pod that drains or runs', async () => {
      discovery.state.cached = { kind: 'Terminating', killAtMs: discovery.clock.nowMs() + 1 };
      expect(await askWith(outdated)).toEqual(refusal);
      discovery.state.cached = { kind: 'Alive' };
      expect(await askWith(outdated)).toEqual(refusal);
    });

    test('fails with 503 while the API server is unavailable', async () => {
      discovery.state.cached = { kind: 'Gone' };
      discovery.state.apiServerAway = true;
      expect(await askWith(outdated)).toMatchObject({ status: 503 });
    });

    const payloads = [
      'e30',
      'not-json',
      encode({ 'kubernetes.io': { namespace: 'shop' } }),
      encode({ 'kubernetes.io': { namespace: '../secrets', pod: { name: 'a', uid: 'b' } } }),
    ];
    test.each(payloads)('that names no pod (%s) is rejected', async (payload) => {
      discovery.state.cached = { kind: 'Gone' };
      discovery.state.live = { kind: 'Gone' };
      expect(await askWith(`e30.${payload}.e30`)).toEqual(refusal);
      expect(discovery.liveReads).toEqual([]);
    });
  });

  test('is followed by a summary of the drain', async () => {
    const summary = {
      reason: 'DrainComplete',
      sessionsAtStart: 3,
      sessionsCut: 0,
      tookMs: 10,
      message: 'the last session ended',
    };
    expect(
      await discovery.client.call('POST', '/v1/drained', { token: 'sidecar', body: JSON.stringify(summary) }),
    ).toMatchObject({ status: 204 });
    expect(discovery.summaries).toEqual([{ pod: { namespace: 'shop', name: 'cart-1', uid: 'uid-cart-1' }, summary }]);
  });
});

describe('a caller without permission', () => {
  type Refused = {
    sentence: string;
    call: [method: string, path: string, token?: string];
    status: number;
    message: RegExp;
  };
  const refused: Refused[] = [
    {
      sentence: 'without a token',
      call: ['POST', '/v1/resources'],
      status: 401,
      message: /the request has no bearer token/,
    },
    {
      sentence: 'with an unknown token',
      call: ['POST', '/v1/resources', 'stolen'],
      status: 401,
      message: /not valid for the audience holdfast/,
    },
    {
      sentence: 'as a sidecar that requests a table',
      call: ['POST', '/v1/resources', 'sidecar'],
      status: 403,
      message: /shop\/cart does not belong to the proxy/,
    },
    {
      sentence: 'as a sidecar that reports sessions',
      call: ['POST', '/v1/report', 'sidecar'],
      status: 403,
      message: /does not belong to the proxy/,
    },
    {
      sentence: 'at another path',
      call: ['GET', '/v1/secrets', 'proxy-1'],
      status: 404,
      message: /only POST \/v1\/resources/,
    },
    {
      sentence: 'with another method',
      call: ['DELETE', '/v1/report', 'proxy-1'],
      status: 404,
      message: /only POST \/v1\/resources/,
    },
  ];
  test.each(refused)('is rejected $sentence', async ({ call: [method, path, token], status, message }) => {
    const answer = await discovery.client.call(method, path, {
      ...(token !== undefined && { token }),
      ...(method === 'POST' && { body: '{}' }),
    });
    expect(answer).toEqual({ status, body: { message: expect.stringMatching(message) } });
  });

  test('is not rejected permanently when the API server was unavailable', async () => {
    discovery.state.apiServerAway = true;
    const call = () => discovery.client.call('POST', '/v1/report', { token: 'proxy-1', body: JSON.stringify(report) });
    expect(await call()).toMatchObject({
      status: 503,
      body: { message: expect.stringMatching(/the API server cannot review the token/) },
    });
    discovery.state.apiServerAway = false;
    expect(await call()).toMatchObject({ status: 200 });
  });

  test('leaves no token in the log', async () => {
    await discovery.client.call('GET', '/v1/table', { token: 'stolen-token' });
    await discovery.client.call('GET', '/v1/table', { token: 'sidecar' });
    expect(discovery.logger.lines()).toHaveLength(2);
    expect(JSON.stringify(discovery.logger.lines())).not.toMatch(/stolen-token|Bearer/);
  });

  test('cannot hold a connection by sending slowly', async () => {
    const socket = connect({ port: discovery.port, host: '127.0.0.1', ca: discovery.caPem });
    await once(socket, 'secureConnect');
    socket.write('GET /v1/table HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    socket.resume();
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  }, 15_000);
});
