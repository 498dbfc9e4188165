import { describe, expect, test } from '@jest/globals';
import { linesOf } from '../../../../src/dataplane/h1/header-lines.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { cookieName, idleTimeoutMs, keyOf, proxyTable, requestWith } from '../../../support/proxy-table.ts';
import { createReplica, everyRow, holdOf, pods, quiet, replyOf, retryAfter, visit } from './replica.ts';

describe('a session', () => {
  test('starts with a cookie that pins the client to its pod', () => {
    const replica = createReplica(pods('a', 'b'));
    const first = visit(replica);
    expect(first.isNew).toBe(true);
    expect(first.lines).toMatch(
      new RegExp(`^Set-Cookie: ${cookieName}=h1\\.[A-Za-z0-9_.-]+; Path=/; HttpOnly; SameSite=Lax\r\n$`),
    );
    for (let request = 0; request < 5; request += 1) {
      expect(visit(replica, [first.cookie])).toMatchObject({ pod: first.pod, isNew: false, lines: '' });
    }
  });

  test('is accepted by every replica of the proxy, and counted there', () => {
    const table = pods('a', 'b');
    const first = createReplica(table);
    const second = createReplica(table, first.clock);
    const { pod, cookie } = visit(first);
    visit(second);
    expect(visit(second, [cookie]).pod).toBe(pod);
    expect(second.count(pod).sessions).toBeGreaterThan(0);
  });

  test('starts on the pod with the fewest sessions, including those in flight', () => {
    const replica = createReplica(pods('a', 'b', 'c'));
    const holds = Array.from({ length: 6 }, () => holdOf(replica.send()));
    expect(holds.map(({ endpoint }) => endpoint.pod).toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  test('makes its pod busy from its first request on, before it exists', () => {
    const replica = createReplica(pods('a'));
    const hold = holdOf(replica.send());
    expect(replica.count('a')).toMatchObject({ sessions: 0, starting: 1 });
    hold.responseHead(quiet);
    expect(replica.count('a')).toMatchObject({ sessions: 1, starting: 0 });
    hold.release();
    hold.release();
    expect(replica.count('a')).toEqual({ sessions: 1, starting: 0, open: 0 });
  });

  test('does not start with a request that gets no response', () => {
    const replica = createReplica(pods('a'));
    holdOf(replica.send()).release();
    expect(replica.count('a')).toEqual({ sessions: 0, starting: 0, open: 0 });
  });

  test('gets a new token, and stays the same session, when the token is older than a quarter of the idle timeout', async () => {
    const replica = createReplica(pods('a', 'b'));
    const { pod, cookie } = visit(replica);
    await replica.clock.advance(idleTimeoutMs / 4 + 1000);
    const renewed = visit(replica, [cookie]);
    expect(renewed).toMatchObject({ pod, isNew: false });
    expect(renewed.cookie).not.toBe(cookie);
    expect(replica.router.sessions.size()).toBe(1);
  });

  test('continues after a rotation of keys, and gets a token with the new key', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(
      proxyTable({ endpoints: [{ pod: 'a' }], keyRing: { current: 2, keys: [keyOf(1), keyOf(2)] } }),
      replica.clock.nowMs(),
    );
    const renewed = visit(replica, [cookie]);
    expect(renewed.isNew).toBe(false);
    replica.router.applyTable(
      proxyTable({ endpoints: [{ pod: 'a' }], keyRing: { current: 2, keys: [keyOf(2)] } }),
      replica.clock.nowMs(),
    );
    expect(visit(replica, [renewed.cookie]).isNew).toBe(false);
    expect(visit(replica, [cookie]).isNew).toBe(true);
    expect(replica.router.counters.badTokens.UnknownKey).toBe(1);
  });

  test('that is idle for too long is replaced, and a cached token does not keep it alive', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    await replica.clock.advance(idleTimeoutMs * 1.3);
    replica.router.sessions.sweep(replica.clock.nowMs(), everyRow);
    expect(visit(replica, [cookie]).isNew).toBe(true);
    expect(replica.counters().ended.Idle).toBe(1);
  });

  test('stays alive while a stream is open for longer than the idle timeout', async () => {
    const replica = createReplica(pods('a', 'b'));
    const { pod, cookie } = visit(replica);
    const stream = holdOf(replica.send([cookie]));
    await replica.clock.advance(idleTimeoutMs * 10);
    replica.router.sessions.sweep(replica.clock.nowMs(), everyRow);
    expect(visit(replica, [cookie])).toMatchObject({ pod, isNew: false });
    stream.release();
    expect(visit(replica, [cookie])).toMatchObject({ pod, isNew: false });
  });
});

describe('an app ends a session', () => {
  test.each([
    {
      sentence: 'by expiring the cookie: the proxy clears it with its own attributes',
      response: { setCookies: [`${cookieName}=; Max-Age=0; Path=/account`], endsSession: false },
    },
    {
      sentence: 'by the Holdfast-Session header: the proxy clears the cookie',
      response: { setCookies: [], endsSession: true },
    },
  ])('$sentence', ({ response }) => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const other = holdOf(replica.send([cookie]));
    const logout = holdOf(replica.send([cookie]));
    expect(linesOf(logout.responseHead(response))).toBe(
      `Set-Cookie: ${cookieName}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax\r\n`,
    );
    logout.release();
    // Another response of the same session is still open: the pod is still busy.
    expect(replica.count('a').sessions).toBe(1);
    other.release();
    expect(replica.count('a').sessions).toBe(0);
    expect(replica.counters().ended.Application).toBe(1);
  });

  test('in the first response: no session starts', () => {
    const replica = createReplica(pods('a'));
    const hold = holdOf(replica.send());
    expect(linesOf(hold.responseHead({ setCookies: [], endsSession: true }))).toBe('');
    hold.release();
    expect(replica.count('a')).toEqual({ sessions: 0, starting: 0, open: 0 });
    expect(replica.counters().started).toBe(0);
  });
});

/** A session on a new pod, and a proxy that does not know the pod. */
function createLaggingPair() {
  const clock = createManualClock();
  const behind = createReplica(pods('old'), clock);
  const { cookie } = visit(createReplica(pods('new'), clock));
  /** Returns the decision, after the wait if there is one. */
  const sendBehind = async () => {
    const sentMs = clock.nowMs();
    const sent = behind.send([cookie]);
    if (sent instanceof Promise) await clock.advance(3000);
    return { sentMs, decision: await sent };
  };
  return { clock, behind, cookie, sendBehind };
}

describe('scaling a workload', () => {
  test('keeps sessions on a draining pod, which gets no new ones', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods({ pod: 'a', state: 'Draining' }, 'b'), replica.clock.nowMs());
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
    expect(visit(replica).pod).toBe('b');
  });

  test('keeps sessions on a pod that is not ready', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods({ pod: 'a', state: 'Pending' }, 'b'), replica.clock.nowMs());
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('restarts a session whose pod is gone, and counts the loss once for several requests', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(
      proxyTable({ endpoints: [{ pod: 'b' }], removedEndpoints: ['a'] }),
      replica.clock.nowMs(),
    );
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'b', isNew: true });
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'b', isNew: true });
    expect(replica.counters().lost).toEqual({
      EndpointRemoved: 1,
      NotInTable: 0,
      PossiblyIdle: 0,
      NodeLost: 0,
      Unconfirmed: 0,
    });
  });

  test('a request whose pod only another replica knows waits for the table update', async () => {
    const clock = createManualClock();
    const ahead = createReplica(pods('new'), clock);
    const behind = createReplica(pods('old'), clock);
    const { cookie } = visit(ahead);
    const decision = behind.send([cookie]);
    expect(decision).toBeInstanceOf(Promise);
    behind.router.applyTable(pods('old', 'other'), clock.nowMs());
    behind.router.applyTable(pods('old', 'new'), clock.nowMs());
    const hold = holdOf(await decision);
    expect({ pod: hold.endpoint.pod, isNew: hold.isNew }).toEqual({ pod: 'new', isNew: false });
    expect(behind.counters().lost.NotInTable).toBe(0);
    expect(clock.pending()).toBe(0);
  });

  test('a proxy with an old table waits three seconds for a new one, then keeps the session: 503, nothing lost or ended', async () => {
    const { clock, behind, cookie, sendBehind } = createLaggingPair();
    const answered = await sendBehind();
    expect(clock.nowMs() - answered.sentMs).toBe(3000);
    expect(replyOf(answered.decision)).toMatchObject({
      status: 503,
      reason: 'TableOutdated',
      headers: [retryAfter(2)],
      body: expect.stringContaining('Your session is kept'),
    });
    expect(behind.counters()).toMatchObject({ keptRefused: { TableOutdated: 1 }, lost: { NotInTable: 0 } });
    expect(behind.router.notices().ended).toEqual([]);
    behind.swap(pods('old', 'new'));
    expect(visit(behind, [cookie])).toMatchObject({ pod: 'new', isNew: false });
  });

  test('a session is lost once a table that is certainly newer does not have its pod', async () => {
    const { clock, behind, sendBehind } = createLaggingPair();
    await sendBehind();
    // Six seconds after the start of the session: clocks differ by up to five.
    await clock.advance(3000);
    behind.router.confirmTable(clock.nowMs());
    expect((await sendBehind()).decision).toMatchObject({ kind: 'forward', hold: { isNew: true } });
    expect(behind.counters().lost.NotInTable).toBe(1);
  });
});

describe('a pod that refuses connections', () => {
  test('makes a new session try two more pods, then the client gets a 503', () => {
    const replica = createReplica(pods('a', 'b', 'c', 'd'));
    let hold = holdOf(replica.send());
    const tried = [hold.endpoint.pod];
    for (let attempt = 1; attempt < 3; attempt += 1) {
      hold = holdOf(hold.connectFailed('Refused'));
      tried.push(hold.endpoint.pod);
    }
    expect(new Set(tried).size).toBe(3);
    expect(replyOf(hold.connectFailed('Refused'))).toMatchObject({
      status: 503,
      reason: 'UpstreamConnectFailed',
      headers: [retryAfter(2)],
    });
    hold.release();
    for (const pod of tried) expect(replica.count(pod)).toEqual({ sessions: 0, starting: 0, open: 0 });
    expect(replica.counters().refused.UpstreamConnectFailed).toBe(1);
  });

  test('is retried for a second by a pinned request, which then gets a 503', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods('a', 'b'), replica.clock.nowMs());
    const hold = holdOf(replica.send([cookie]));
    const delays = [1, 2, 3].map(() => hold.connectFailed('Refused'));
    expect(delays).toEqual([100, 300, 600].map((afterMs) => ({ kind: 'retry', afterMs })));
    expect(replyOf(hold.connectFailed('Refused'))).toMatchObject({ status: 503, reason: 'UpstreamConnectFailed' });
    expect(replica.count('a')).toEqual({ sessions: 1, starting: 0, open: 0 });
  });

  test('is retried at the address from the newest table', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const hold = holdOf(replica.send([cookie]));
    replica.router.applyTable(pods({ pod: 'a', address: '127.0.0.9' }), replica.clock.nowMs());
    hold.connectFailed('Refused');
    expect(hold.endpoint.address).toBe('127.0.0.9');
  });

  test('loses its session once it has left the table', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const hold = holdOf(replica.send([cookie]));
    replica.router.applyTable(pods('b'), replica.clock.nowMs());
    expect(holdOf(hold.connectFailed('Refused')).endpoint.pod).toBe('b');
    expect(replica.counters()).toMatchObject({ lost: { NotInTable: 1 }, ended: { Lost: 1 } });
  });
});

describe('a request without a pod', () => {
  test('gets NotReady before the first table', () => {
    expect(replyOf(createReplica().send())).toMatchObject({ status: 503, reason: 'NotReady' });
  });

  test('gets 404 when no route matches', () => {
    expect(replyOf(createReplica(pods('a')).router.route(requestWith(), 81))).toMatchObject({
      status: 404,
      reason: 'NoRoute',
    });
  });

  test.each([
    {
      sentence: 'all pods drain or are not ready',
      table: pods({ pod: 'a', state: 'Draining' }, { pod: 'b', state: 'Pending' }),
      reason: '1 pod not ready, 1 pod draining',
    },
    { sentence: 'there are no pods', table: pods(), reason: 'it has no pods' },
    {
      sentence: 'the backend is missing',
      table: { ...pods(), backends: {} },
      reason: 'the routing table does not have it',
    },
  ])('gets 503 with the reason and Retry-After when $sentence', ({ table, reason }) => {
    const replica = createReplica(table);
    const reply = replyOf(replica.send());
    expect(reply).toMatchObject({ status: 503, reason: 'NoEndpointAccepting', headers: [retryAfter(2)] });
    expect(reply?.body).toContain(reason);
    expect(replica.counters().refused).toEqual({
      NoEndpointAccepting: 1,
      AllFull: 0,
      UpstreamConnectFailed: 0,
      ProxyOutOfResources: 0,
      TooManyRequests: 0,
    });
  });
});

describe('invalid tokens', () => {
  test('start a new session and are counted by reason', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const broken = `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`;
    expect(visit(replica, [`${cookieName}=nonsense`]).isNew).toBe(true);
    expect(visit(replica, [broken]).isNew).toBe(true);
    expect(replica.router.counters.badTokens).toMatchObject({ Malformed: 1, BadMac: 1 });
  });

  test('do not hide a valid one', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    expect(visit(replica, [`${cookieName}=nonsense`, cookie]).isNew).toBe(false);
  });
});
