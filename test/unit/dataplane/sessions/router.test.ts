import { describe, expect, test } from '@jest/globals';
import type { RouteDecision } from '../../../../src/dataplane/routing.ts';
import { createMemoryClock, settle } from '../../../support/memory-clock.ts';
import { cookieName, idleTimeoutMs, keyOf, proxyTable, requestWith } from '../../../support/proxy-table.ts';
import { createReplica, everyRow, holdOf, pods, quiet, replyOf, visit } from './replica.ts';

describe('a session', () => {
  test('begins with a cookie that brings the client back to its pod', () => {
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

  test('is read by any replica of the proxy, and counted there', () => {
    const table = pods('a', 'b');
    const first = createReplica(table);
    const second = createReplica(table, first.clock);
    const { pod, cookie } = visit(first);
    visit(second);
    expect(visit(second, [cookie]).pod).toBe(pod);
    expect(second.count(pod).sessions).toBeGreaterThan(0);
  });

  test('new ones go to the pod that has fewest, those on their way included', () => {
    const replica = createReplica(pods('a', 'b', 'c'));
    const holds = Array.from({ length: 6 }, () => holdOf(replica.send()));
    expect(holds.map(({ endpoint }) => endpoint.pod).toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  test('a pod is busy from the moment a request is sent to it, before there is a session', () => {
    const replica = createReplica(pods('a'));
    const hold = holdOf(replica.send());
    expect(replica.count('a')).toMatchObject({ sessions: 0, starting: 1 });
    hold.responseHead(quiet);
    expect(replica.count('a')).toMatchObject({ sessions: 1, starting: 0 });
    hold.release();
    hold.release();
    expect(replica.count('a')).toEqual({ sessions: 1, starting: 0, open: 0 });
  });

  test('a request that never got a response begins none', () => {
    const replica = createReplica(pods('a'));
    holdOf(replica.send()).release();
    expect(replica.count('a')).toEqual({ sessions: 0, starting: 0, open: 0 });
  });

  test('gets a new token when the old one is older than a quarter of the idle limit: the same session', async () => {
    const replica = createReplica(pods('a', 'b'));
    const { pod, cookie } = visit(replica);
    await replica.clock.advance(idleTimeoutMs / 4 + 1000);
    const renewed = visit(replica, [cookie]);
    expect(renewed).toMatchObject({ pod, isNew: false });
    expect(renewed.cookie).not.toBe(cookie);
    expect(replica.router.sessions.size()).toBe(1);
  });

  test('goes on after a rotation of keys, and is signed with the new key', () => {
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

  test('that is idle for too long begins anew, and being remembered as verified does not keep it alive', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    await replica.clock.advance(idleTimeoutMs * 1.3);
    replica.router.sessions.sweep(replica.clock.nowMs(), everyRow);
    expect(visit(replica, [cookie]).isNew).toBe(true);
    expect(replica.counters().ended.Idle).toBe(1);
  });

  test('with a stream open for longer than the idle limit is alive: its next request finds its pod', async () => {
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

describe('the app ends a session', () => {
  test.each([
    {
      sentence: 'by expiring the cookie: the proxy does the same, with the attributes of its own',
      response: { setCookies: [`${cookieName}=; Max-Age=0; Path=/account`], endsSession: false },
    },
    { sentence: 'by its header: the proxy takes the cookie away', response: { setCookies: [], endsSession: true } },
  ])('$sentence', ({ response }) => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const other = holdOf(replica.send([cookie]));
    const logout = holdOf(replica.send([cookie]));
    expect(logout.responseHead(response)).toBe(
      `Set-Cookie: ${cookieName}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax\r\n`,
    );
    logout.release();
    // Another response of the same session is still open: the pod is not free.
    expect(replica.count('a').sessions).toBe(1);
    other.release();
    expect(replica.count('a').sessions).toBe(0);
    expect(replica.counters().ended.Application).toBe(1);
  });

  test('in the first response: none begins', () => {
    const replica = createReplica(pods('a'));
    const hold = holdOf(replica.send());
    expect(hold.responseHead({ setCookies: [], endsSession: true })).toBe('');
    hold.release();
    expect(replica.count('a')).toEqual({ sessions: 0, starting: 0, open: 0 });
    expect(replica.counters().started).toBe(0);
  });
});

describe('scaling', () => {
  test('a draining pod keeps its sessions and gets no new one', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods({ pod: 'a', state: 'Draining' }, 'b'), replica.clock.nowMs());
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
    expect(visit(replica).pod).toBe('b');
  });

  test('a pod that is not ready keeps its sessions', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods({ pod: 'a', state: 'Pending' }, 'b'), replica.clock.nowMs());
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('a pod that is gone: a new session elsewhere, counted as lost once however many requests find out', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(
      proxyTable({ endpoints: [{ pod: 'b' }], removedEndpoints: ['a'] }),
      replica.clock.nowMs(),
    );
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'b', isNew: true });
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'b', isNew: true });
    expect(replica.counters().lost).toEqual({ EndpointRemoved: 1, NotInTable: 0, ConnectFailed: 0 });
  });

  test('a pod that only another replica knows yet: the request waits for the table, and goes there', async () => {
    const clock = createMemoryClock();
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

  test('a table that never comes is waited for three seconds, then the session is lost', async () => {
    const clock = createMemoryClock();
    const { cookie } = visit(createReplica(pods('new'), clock));
    const behind = createReplica(pods('old'), clock);
    let decided: RouteDecision | undefined;
    void Promise.resolve(behind.send([cookie])).then((decision) => (decided = decision));
    await clock.advance(2999);
    expect(decided).toBeUndefined();
    await clock.advance(1);
    await settle();
    expect(decided).toMatchObject({ kind: 'forward', hold: { isNew: true } });
    expect(behind.counters().lost.NotInTable).toBe(1);
  });
});

describe('a pod that refuses connections', () => {
  test('a new session tries two more pods, then the client is told', () => {
    const replica = createReplica(pods('a', 'b', 'c', 'd'));
    let hold = holdOf(replica.send());
    const tried = [hold.endpoint.pod];
    for (let attempt = 1; attempt < 3; attempt += 1) {
      hold = holdOf(hold.connectFailed(attempt));
      tried.push(hold.endpoint.pod);
    }
    expect(new Set(tried).size).toBe(3);
    expect(replyOf(hold.connectFailed(3))).toMatchObject({
      status: 503,
      reason: 'UpstreamConnectFailed',
      extraHead: 'Retry-After: 2\r\n',
    });
    hold.release();
    for (const pod of tried) expect(replica.count(pod)).toEqual({ sessions: 0, starting: 0, open: 0 });
    expect(replica.counters().refused.UpstreamConnectFailed).toBe(1);
  });

  test('a session of its own is tried again for a second, then it is lost and goes elsewhere', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods('a', 'b'), replica.clock.nowMs());
    const hold = holdOf(replica.send([cookie]));
    const delays = [1, 2, 3].map((attempt) => hold.connectFailed(attempt));
    expect(delays).toEqual([100, 300, 600].map((afterMs) => ({ kind: 'retry', afterMs })));
    const next = holdOf(hold.connectFailed(4));
    expect({ pod: next.endpoint.pod, isNew: next.isNew }).toEqual({ pod: 'b', isNew: true });
    expect(replica.counters()).toMatchObject({ lost: { ConnectFailed: 1 }, ended: { Lost: 1 } });
    expect(replica.count('a')).toEqual({ sessions: 0, starting: 0, open: 0 });
  });

  test('while it is tried again it goes where the newest table has the pod', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const hold = holdOf(replica.send([cookie]));
    replica.router.applyTable(pods({ pod: 'a', address: '127.0.0.9' }), replica.clock.nowMs());
    hold.connectFailed(1);
    expect(hold.endpoint.address).toBe('127.0.0.9');
  });

  test('a pod that left the table meanwhile is not tried again', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const hold = holdOf(replica.send([cookie]));
    replica.router.applyTable(pods('b'), replica.clock.nowMs());
    expect(holdOf(hold.connectFailed(1)).endpoint.pod).toBe('b');
  });

  test('with no other pod accepting the session is not given up: the client keeps its token', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.router.applyTable(pods({ pod: 'a', state: 'Draining' }), replica.clock.nowMs());
    const hold = holdOf(replica.send([cookie]));
    for (const attempt of [1, 2, 3]) expect(hold.connectFailed(attempt)).toMatchObject({ kind: 'retry' });
    expect(replyOf(hold.connectFailed(4))).toMatchObject({ status: 503 });
    hold.release();
    expect(replica.counters().lost.ConnectFailed).toBe(0);
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });
});

describe('no session', () => {
  test('before the first table', () => {
    expect(replyOf(createReplica().send())).toMatchObject({ status: 503, reason: 'NotReady' });
  });

  test('where no route matches', () => {
    expect(replyOf(createReplica(pods('a')).router.route(requestWith(), 81))).toMatchObject({
      status: 404,
      reason: 'NoRoute',
    });
  });

  test.each([
    {
      sentence: 'pods drain or are not ready',
      table: pods({ pod: 'a', state: 'Draining' }, { pod: 'b', state: 'Pending' }),
      why: '1 pod not ready, 1 pod draining',
    },
    { sentence: 'there are no pods', table: pods(), why: 'it has no pods' },
    {
      sentence: 'the backend is missing',
      table: { ...pods(), backends: {} },
      why: 'the routing table does not have it',
    },
  ])('where $sentence: 503, with the reason and when to come again', ({ table, why }) => {
    const replica = createReplica(table);
    const reply = replyOf(replica.send());
    expect(reply).toMatchObject({ status: 503, reason: 'NoEndpointAccepting', extraHead: 'Retry-After: 2\r\n' });
    expect(reply?.body).toContain(why);
    expect(replica.counters().refused).toEqual({ NoEndpointAccepting: 1, AllFull: 0, UpstreamConnectFailed: 0 });
  });
});

describe('tokens that are not ours', () => {
  test('begin a new session and are counted by what is wrong with them', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const broken = `${cookie.slice(0, -1)}${cookie.endsWith('A') ? 'B' : 'A'}`;
    expect(visit(replica, [`${cookieName}=nonsense`]).isNew).toBe(true);
    expect(visit(replica, [broken]).isNew).toBe(true);
    expect(replica.router.counters.badTokens).toMatchObject({ Malformed: 1, BadMac: 1 });
  });

  test('do not shadow one that is', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    expect(visit(replica, [`${cookieName}=nonsense`, cookie]).isNew).toBe(false);
  });
});
