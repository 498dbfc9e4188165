import { describe, expect, test } from '@jest/globals';
import { setCookie } from '../../../../src/dataplane/http/set-cookie.ts';
import type { ConnectFailure } from '../../../../src/dataplane/routing.ts';
import { cookieName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';
import {
  createReplica,
  finish,
  holdOf,
  login,
  pods,
  quiet,
  replyOf,
  retryAfter,
  visit,
  type Replica,
} from './replica.ts';

const cleared = `${cookieName}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`;

/** Retries a request of a session until the router does not retry it any more, as the request path does. */
async function retryUntilRefused(replica: Replica, cookie: string, failure: ConnectFailure = 'Refused') {
  const hold = holdOf(replica.send([cookie]));
  for (;;) {
    const next = hold.connectFailed(failure);
    if (next.kind !== 'retry') return next;
    await replica.clock.advance(next.afterMs);
  }
}

describe('onEndpointLost: Reject', () => {
  const table = (endpoints: ShortEndpoint[], removedEndpoints: string[] = []) =>
    proxyTable({ endpoints, removedEndpoints, persistence: { onEndpointLost: 'Reject' } });

  test('responds with 503, clears the cookie and counts the loss when the pod is gone; the next request starts a new session', () => {
    const replica = createReplica(table([{ pod: 'a' }]));
    const { cookie } = visit(replica);
    replica.swap(table([{ pod: 'b' }], ['a']));
    const reply = replyOf(replica.send([cookie]));
    expect(reply).toMatchObject({ status: 503, reason: 'EndpointLost', headers: [retryAfter(0), setCookie(cleared)] });
    expect(reply?.body).toMatch(/Your session is lost: the pod of shop\/cart that had it is gone/);
    expect(replica.counters()).toMatchObject({ lost: { EndpointRemoved: 1 }, ended: { Lost: 1 } });
    expect(visit(replica)).toMatchObject({ pod: 'b', isNew: true });
  });

  test('keeps the session when the pod refuses connections for a second', async () => {
    const replica = createReplica(table([{ pod: 'a' }]));
    const { cookie } = visit(replica);
    const startMs = replica.clock.nowMs();
    expect(replyOf(await retryUntilRefused(replica, cookie))).toMatchObject({ reason: 'UpstreamConnectFailed' });
    expect(replica.clock.nowMs() - startMs).toBe(1000);
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('responds with EndpointLost when the node of the pod is lost and does not respond', () => {
    const replica = createReplica(table([{ pod: 'a' }]));
    const { cookie } = visit(replica);
    replica.swap(table([{ pod: 'a', nodeLost: true }]));
    expect(replyOf(holdOf(replica.send([cookie])).connectFailed('NoResponse'))).toMatchObject({
      reason: 'EndpointLost',
      headers: [retryAfter(0), setCookie(cleared)],
    });
    expect(replica.counters()).toMatchObject({ lost: { NodeLost: 1 }, ended: { Lost: 1 } });
  });

  test('clears the header in header mode', () => {
    const persistence = { onEndpointLost: 'Reject', carrier: { type: 'Header', name: 'X-Session' } } as const;
    const replica = createReplica(proxyTable({ endpoints: [{ pod: 'a' }], persistence }));
    const request = (value: string) => ({
      method: 'GET',
      path: '/',
      query: '',
      host: 'h',
      scheme: 'http' as const,
      header: () => undefined,
      headers: (name: string) => (name === 'x-session' ? [value] : []),
    });
    const token = finish(holdOf(replica.sendRequest(request(''))))
      .lines.slice('X-Session: '.length)
      .trim();
    replica.swap(proxyTable({ removedEndpoints: ['a'], persistence }));
    expect(replyOf(replica.sendRequest(request(token)))?.headers).toEqual([
      retryAfter(0),
      { name: 'X-Session', value: '' },
    ]);
  });
});

describe('a pod that refuses connections', () => {
  test('gets no new session during its ejection although it has the fewest, then one, and is ejected for longer', async () => {
    const replica = createReplica(pods('a', 'b'));
    for (let client = 0; client < 3; client += 1) holdOf(replica.send()).responseHead(quiet);
    const firstChoice = () => holdOf(replica.send());
    // One refusal of `a`, which has fewer sessions than `b` from now on.
    while (replica.count('a').sessions >= replica.count('b').sessions) visit(replica);
    const refused = firstChoice();
    expect(refused.endpoint.pod).toBe('a');
    expect(holdOf(refused.connectFailed('Refused')).endpoint.pod).toBe('b');
    for (let client = 0; client < 10; client += 1) expect(visit(replica).pod).toBe('b');
    await replica.clock.advance(1000);
    const chance = firstChoice();
    expect(chance.endpoint.pod).toBe('a');
    holdOf(chance.connectFailed('Refused'));
    await replica.clock.advance(1999);
    expect(visit(replica).pod).toBe('b');
    await replica.clock.advance(1);
    expect(visit(replica).pod).toBe('a');
    // It responded: its ejections are forgotten.
    expect(visit(replica).pod).toBe('a');
  });

  test('is still tried for a second by each new session when there is no other pod', () => {
    const replica = createReplica(pods('a', { pod: 'b', state: 'Draining' }));
    const hold = holdOf(replica.send());
    for (const afterMs of [100, 300, 600]) {
      expect(hold.connectFailed('Refused')).toEqual({ kind: 'retry', afterMs });
    }
    expect(replyOf(hold.connectFailed('Refused'))?.reason).toBe('UpstreamConnectFailed');
    expect(replica.count('a')).toEqual({ sessions: 0, starting: 0, open: 0 });
    expect(finish(holdOf(replica.send()))).toMatchObject({ pod: 'a', isNew: true });
  });

  test('is retried only while no other pod accepts and it does not drain', () => {
    const replica = createReplica(pods('a'));
    const [first, second, third] = [holdOf(replica.send()), holdOf(replica.send()), holdOf(replica.send())];
    replica.swap(pods({ pod: 'a', address: '127.0.0.9' }));
    expect(first.connectFailed('Refused')).toEqual({ kind: 'retry', afterMs: 100 });
    expect(first.endpoint.address).toBe('127.0.0.9');
    replica.swap(pods('a', 'b'));
    expect(holdOf(first.connectFailed('Refused')).endpoint.pod).toBe('b');
    // It drains: no session may start there.
    replica.swap(pods({ pod: 'a', state: 'Draining' }));
    expect(replyOf(second.connectFailed('Refused'))?.reason).toBe('UpstreamConnectFailed');
    replica.swap(pods());
    expect(replyOf(third.connectFailed('Refused'))?.reason).toBe('UpstreamConnectFailed');
  });

  test.each(['Refused', 'NoResponse', 'Silent'] as const)(
    'or does not respond (%s) keeps its sessions although another pod accepts: 503 with Retry-After, no Set-Cookie, nothing counted as lost',
    async (failure) => {
      const replica = createReplica(pods('a'));
      const { cookie } = visit(replica);
      replica.swap(pods('a', 'b'));
      const reply = replyOf(await retryUntilRefused(replica, cookie, failure));
      expect(reply).toMatchObject({ status: 503, reason: 'UpstreamConnectFailed', headers: [retryAfter(2)] });
      expect(reply?.body).toContain('Your session is kept');
      expect(replica.count('a')).toEqual({ sessions: 1, starting: 0, open: 0 });
      expect(visit(replica)).toMatchObject({ pod: 'b', isNew: true });
      expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false, lines: '' });
      expect(replica.counters()).toMatchObject({
        lost: { EndpointRemoved: 0, NotInTable: 0, NodeLost: 0 },
        ended: { Lost: 0 },
        keptRefused: { UpstreamConnectFailed: 1 },
      });
    },
  );

  test('for a whole second is unhealthy: requests of its sessions try it once, without waiting, until it responds', async () => {
    const replica = createReplica(pods('a'));
    const cookies = [visit(replica), visit(replica)].map(({ cookie }) => cookie);
    await retryUntilRefused(replica, cookies[0] ?? '');
    expect(replyOf(holdOf(replica.send([cookies[1] ?? ''])).connectFailed('Refused'))).toMatchObject({ status: 503 });
    visit(replica, [cookies[0] ?? '']);
    expect(holdOf(replica.send([cookies[1] ?? ''])).connectFailed('Refused')).toMatchObject({ kind: 'retry' });
  });

  test('for less than a second, as during a container restart, keeps its sessions', async () => {
    const replica = createReplica(pods('a'));
    const cookies = [visit(replica), visit(replica)].map(({ cookie }) => cookie);
    replica.swap(pods('a', 'b'));
    const waiting = holdOf(replica.send([cookies[0] ?? '']));
    expect(waiting.connectFailed('Refused')).toEqual({ kind: 'retry', afterMs: 100 });
    await replica.clock.advance(100);
    expect(visit(replica, [cookies[1] ?? ''])).toMatchObject({ pod: 'a', isNew: false });
    expect(finish(waiting)).toMatchObject({ pod: 'a', isNew: false });
    // It responded: new sessions may start there at once.
    expect(Array.from({ length: 6 }, () => visit(replica).pod)).toContain('a');
    expect(replica.counters().ended.Lost).toBe(0);
  });

  test('is ejected for one second, not ten, when a hundred requests fail at once', async () => {
    const replica = createReplica(pods('a', 'b'));
    const holds = Array.from({ length: 100 }, () => holdOf(replica.send())).filter(
      ({ endpoint }) => endpoint.pod === 'a',
    );
    for (const hold of holds) if (hold.connectFailed('Refused').kind === 'forward') hold.release();
    await replica.clock.advance(1000);
    expect(visit(replica).pod).toBe('a');
  });
});

describe('a proxy without free files, ports or memory', () => {
  test('keeps a session, replies with its own reason, and does not eject the pod', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.swap(pods('a', 'b'));
    const reply = replyOf(await retryUntilRefused(replica, cookie, 'LocalError'));
    expect(reply).toMatchObject({ status: 503, reason: 'ProxyOutOfResources', headers: [retryAfter(2)] });
    expect(reply?.body).toMatch(/This proxy has no free file, port or memory/);
    expect(replica.counters().keptRefused).toEqual({
      UpstreamConnectFailed: 0,
      ProxyOutOfResources: 1,
      TooManyRequests: 0,
      TableOutdated: 0,
    });
    // A later failure of the pod itself is retried: it is not known to be unhealthy. New sessions start there.
    expect(holdOf(replica.send([cookie])).connectFailed('Refused')).toMatchObject({ kind: 'retry' });
  });

  test('refuses a new session with its own reason, not with that of the pods that it did not reach', () => {
    const replica = createReplica(pods('a', 'b'));
    let hold = holdOf(replica.send());
    let next = hold.connectFailed('LocalError');
    while (next.kind !== 'reply') {
      if (next.kind === 'forward') hold = next.hold;
      next = hold.connectFailed('LocalError');
    }
    expect(next.reply).toMatchObject({ status: 503, reason: 'ProxyOutOfResources' });
    expect(next.reply.body).not.toMatch(/pods? of/);
    expect(replica.counters().refused).toMatchObject({
      UpstreamConnectFailed: 0,
      ProxyOutOfResources: 1,
      TooManyRequests: 0,
    });
    expect(Array.from({ length: 4 }, () => visit(replica).pod)).toEqual(expect.arrayContaining(['a', 'b']));
  });
});

describe('a pod with as many unanswered requests as this proxy may send', () => {
  test('gets no new session while another pod has room, and is not ejected', () => {
    const replica = createReplica(pods('a', 'b'));
    const full = holdOf(replica.send());
    expect(holdOf(full.connectFailed('LimitReached')).endpoint.pod).not.toBe(full.endpoint.pod);
    expect(Array.from({ length: 4 }, () => visit(replica).pod)).toEqual(expect.arrayContaining(['a', 'b']));
  });

  test('keeps its sessions, whose requests get 503 with the name of the limit after a second', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const reply = replyOf(await retryUntilRefused(replica, cookie, 'LimitReached'));
    expect(reply).toMatchObject({ status: 503, reason: 'TooManyRequests', headers: [retryAfter(2)] });
    expect(reply?.body).toContain('limits.requestsPerEndpoint');
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });
});

describe('a lost node', () => {
  const lostNode = pods({ pod: 'a', nodeLost: true }, 'b');

  test('loses the sessions of a pod that does not respond, at the first attempt, later ones without an attempt', () => {
    const replica = createReplica(pods('a'));
    const cookies = [visit(replica), visit(replica)].map(({ cookie }) => cookie);
    replica.swap(lostNode);
    const next = holdOf(holdOf(replica.send([cookies[0] ?? ''])).connectFailed('NoResponse'));
    expect(next).toMatchObject({ endpoint: { pod: 'b' }, isNew: true });
    expect(visit(replica, [cookies[1] ?? ''])).toMatchObject({ pod: 'b', isNew: true });
    expect(replica.counters()).toMatchObject({ lost: { NodeLost: 2 }, ended: { Lost: 2 } });
  });

  test('gets no new session while there is another pod', () => {
    const replica = createReplica(lostNode);
    expect(Array.from({ length: 5 }, () => visit(replica).pod)).toEqual(['b', 'b', 'b', 'b', 'b']);
    replica.swap(pods({ pod: 'a', nodeLost: true }));
    expect(visit(replica).pod).toBe('a');
  });

  test('keeps the sessions of a pod that this proxy reaches', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.swap(lostNode);
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('loses the sessions of a pod that refuses connections for a second, as its processes are gone', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.swap(lostNode);
    const startMs = replica.clock.nowMs();
    expect(await retryUntilRefused(replica, cookie)).toMatchObject({
      kind: 'forward',
      hold: { endpoint: { pod: 'b' } },
    });
    expect(replica.clock.nowMs() - startMs).toBe(1000);
    expect(replica.counters().lost.NodeLost).toBe(1);
  });

  test('keeps the sessions of a pod to which the proxy has no resources to connect', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.swap(lostNode);
    expect(replyOf(await retryUntilRefused(replica, cookie, 'LocalError'))).toMatchObject({ status: 503 });
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('keeps the token while no other pod has room', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    replica.swap(pods({ pod: 'a', nodeLost: true, state: 'Pending' }));
    expect(replyOf(holdOf(replica.send([cookie])).connectFailed('NoResponse'))).toMatchObject({ status: 503 });
    expect(replica.counters().ended.Lost).toBe(0);
  });
});

describe('newSessionOn', () => {
  const table = (...endpoints: ShortEndpoint[]) =>
    proxyTable({
      endpoints,
      persistence: { newSessionOn: [{ method: 'POST', path: { type: 'Exact', value: '/login' } }] },
    });
  const draining = { pod: 'a', state: 'Draining' } as const;

  function returning() {
    const replica = createReplica(table({ pod: 'a' }));
    const { cookie } = visit(replica);
    return { ...replica, cookie };
  }

  test('starts a new session for a login with the token of a session on a draining pod, and ends the old one on all proxies', () => {
    const replica = returning();
    replica.swap(table(draining, { pod: 'b' }));
    const fresh = finish(holdOf(replica.sendRequest(login([replica.cookie]))));
    expect(fresh).toMatchObject({ pod: 'b', isNew: true, cookie: expect.stringContaining('h1.') });
    expect(replica.count('a').sessions).toBe(0);
    expect(replica.counters()).toMatchObject({
      started: 2,
      ended: { Replaced: 1 },
      lost: { EndpointRemoved: 0, NotInTable: 0, NodeLost: 0 },
    });
    expect(replica.router.notices().ended).toHaveLength(1);
  });

  test('keeps other requests on the draining pod', () => {
    const replica = returning();
    replica.swap(table(draining, { pod: 'b' }));
    expect(visit(replica, [replica.cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('keeps a login on its pod while the pod accepts', () => {
    const replica = returning();
    expect(finish(holdOf(replica.sendRequest(login([replica.cookie]))))).toMatchObject({ pod: 'a', isNew: false });
  });

  test('keeps a login on its draining pod when no other pod accepts', () => {
    const replica = returning();
    replica.swap(table(draining));
    expect(finish(holdOf(replica.sendRequest(login([replica.cookie]))))).toMatchObject({ pod: 'a', isNew: false });
    expect(replica.counters().refused.NoEndpointAccepting).toBe(0);
  });

  test('keeps a login on its draining pod when the accepting pods refuse the connection', () => {
    const replica = returning();
    replica.swap(table(draining, { pod: 'b' }));
    const next = holdOf(holdOf(replica.sendRequest(login([replica.cookie]))).connectFailed('Refused'));
    expect(next).toMatchObject({ isNew: false, endpoint: { pod: 'a' } });
    // The retries of its own pod start from the beginning.
    expect(next.connectFailed('Refused')).toEqual({ kind: 'retry', afterMs: 100 });
  });

  test('keeps the old session until the new one has started, so a failed login loses nothing', () => {
    const replica = returning();
    replica.swap(table(draining, { pod: 'b' }));
    holdOf(replica.sendRequest(login([replica.cookie]))).release();
    expect(replica.count('a').sessions).toBe(1);
    expect(visit(replica, [replica.cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('counts the old session while a stream of it is open', () => {
    const replica = returning();
    const stream = holdOf(replica.send([replica.cookie]));
    replica.swap(table(draining, { pod: 'b' }));
    finish(holdOf(replica.sendRequest(login([replica.cookie]))));
    expect(replica.count('a').sessions).toBe(1);
    stream.release();
    expect(replica.count('a').sessions).toBe(0);
  });

  test('ends the old session when the app responds to the login with the end of the session', () => {
    const replica = returning();
    replica.swap(table(draining, { pod: 'b' }));
    expect(
      finish(holdOf(replica.sendRequest(login([replica.cookie]))), { setCookies: [], endsSession: true }).lines,
    ).toBe(`Set-Cookie: ${cleared}\r\n`);
    expect(replica.count('a').sessions + replica.count('b').sessions).toBe(0);
  });
});
