import { describe, expect, test } from '@jest/globals';
import { linesOf } from '../../../../src/dataplane/h1/header-lines.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { proxyTable, requestOf, requestWith, type ShortTable } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, quiet, replyOf, visit, type Replica } from './replica.ts';

const confirmTimeoutMs = 60_000;
const limits = { idleTimeoutMs: 30 * 60_000, confirmTimeoutMs };
const onPods = (names: string[], more: ShortTable = {}) =>
  proxyTable({ endpoints: names.map((pod) => ({ pod })), limits, ...more });

const start = (more: ShortTable = {}) => createReplica(onPods(['a'], more));

const post = (replica: Replica, cookies: string[] = []) =>
  finish(holdOf(replica.sendRequest(requestOf({ cookie: cookies.join('; ') }, { method: 'POST' }))));

const preflight = requestOf(
  { origin: 'https://a.example', 'access-control-request-method': 'POST' },
  { method: 'OPTIONS', path: '/api' },
);

describe('a session whose client has not returned', () => {
  test('counts apart, and only until the confirm timeout', async () => {
    const replica = start();
    visit(replica);
    expect(replica.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 1 });
    await replica.clock.advance(confirmTimeoutMs + 1000);
    replica.sweep();
    expect(replica.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 0 });
    expect(replica.counters().ended).toMatchObject({ Unconfirmed: 1, Idle: 0 });
  });

  test('is confirmed when the token returns, and counts until the idle timeout', async () => {
    const replica = start();
    const { cookie } = visit(replica);
    visit(replica, [cookie]);
    expect(replica.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
    await replica.clock.advance(limits.idleTimeoutMs - 1000);
    replica.sweep();
    expect(replica.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
    expect(replica.counters()).toMatchObject({ started: 1, confirmed: 1 });
  });

  test('returns to its pod after the confirm timeout, and counts again', async () => {
    const replica = createReplica(onPods(['a', 'b']));
    const { pod, cookie } = visit(replica);
    await replica.clock.advance(10 * confirmTimeoutMs);
    replica.sweep();
    expect(visit(replica, [cookie])).toMatchObject({ pod, isNew: false });
    expect(replica.confirmation(pod)).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('gets a token that shows that it returned, once', () => {
    const replica = start();
    const { cookie } = visit(replica);
    const second = visit(replica, [cookie]);
    expect(second.cookie).not.toBe('');
    expect(visit(replica, [second.cookie]).lines).toBe('');
    // A client that keeps its first token costs no further signature.
    expect(visit(replica, [cookie]).lines).toBe('');
  });

  test('is confirmed at once by an unsafe method, as of a login', () => {
    const replica = start();
    post(replica);
    expect(replica.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('is confirmed by a client that holds its first response open, also without a sweep meanwhile', async () => {
    const replica = start();
    const held = holdOf(replica.send());
    held.responseHead(quiet);
    const short = holdOf(replica.send());
    short.responseHead(quiet);
    await replica.clock.advance(3000);
    short.release();
    expect(replica.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 2 });
    await replica.clock.advance(4000);
    replica.sweep();
    expect(replica.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 1 });
    held.release();
    const closed = holdOf(replica.send());
    closed.responseHead(quiet);
    await replica.clock.advance(7000);
    closed.release();
    expect(replica.confirmation('a')).toEqual({ confirmed: 2, unconfirmed: 1 });
  });

  test('holds its pod for as long as its first response is open', async () => {
    const replica = start();
    holdOf(replica.send()).responseHead(quiet);
    await replica.clock.advance(40 * 60_000);
    replica.sweep();
    expect(replica.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test.each([
    ['no confirm timeout', { idleTimeoutMs: 60_000 }],
    ['a confirm timeout equal to the idle timeout', { idleTimeoutMs: 60_000, confirmTimeoutMs: 60_000 }],
  ])('does not exist with %s: sessions count from their first response', (_, both) => {
    const replica = start({ limits: both });
    visit(replica);
    expect(replica.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('whose pod is gone gets another, and is counted as lost with its own reason', async () => {
    const replica = start();
    const { cookie } = visit(replica);
    await replica.clock.advance(2 * confirmTimeoutMs);
    replica.sweep();
    replica.swap(onPods(['b'], { removedEndpoints: ['a'] }));
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'b', isNew: true });
    expect(replica.counters().lost).toMatchObject({ Unconfirmed: 1, EndpointRemoved: 0 });
  });

  test.each(['its renewed token', 'its first token, which it kept'])(
    'is lost for the reason of its pod if it had returned before, with %s',
    (kept) => {
      const replica = start();
      const first = visit(replica);
      const second = visit(replica, [first.cookie]);
      replica.swap(onPods(['b'], { removedEndpoints: ['a'] }));
      visit(replica, [kept === 'its renewed token' ? second.cookie : first.cookie]);
      expect(replica.counters().lost).toMatchObject({ Unconfirmed: 0, EndpointRemoved: 1 });
    },
  );

  test('does not use up the places of a pod, but a client that returned does', () => {
    const replica = start({ maxSessionsPerEndpoint: 1 });
    for (let probe = 0; probe < 50; probe += 1) visit(replica);
    const { cookie } = visit(replica);
    visit(replica, [cookie]);
    expect(replyOf(replica.send())?.reason).toBe('AllFull');
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'a', isNew: false });
  });

  test('weighs as much as another one when a new session is placed', () => {
    const replica = createReplica(onPods(['a', 'b']));
    expect([visit(replica).pod, visit(replica).pod].toSorted()).toEqual(['a', 'b']);
  });
});

describe('a session that its client confirms through another replica', () => {
  function createPair() {
    const clock = createManualClock();
    const table = onPods(['a']);
    const [issuer, other] = [createReplica(table, clock), createReplica(table, clock)];
    const relay = () => issuer.router.receiveSeen(other.router.notices().seen);
    return { clock, issuer, other, relay };
  }

  test('is counted by that replica, and after some seconds no longer by the one that issued the token', async () => {
    const { clock, issuer, other, relay } = createPair();
    const { cookie } = visit(issuer);
    visit(other, [cookie]);
    expect(other.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
    relay();
    await clock.advance(4000);
    relay();
    issuer.sweep();
    // The operator may not have the other replica's report yet: no moment without a count.
    expect(issuer.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 1 });
    await clock.advance(4000);
    issuer.sweep();
    expect(issuer.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 0 });
    expect(issuer.counters().ended).toMatchObject({ Moved: 1, Unconfirmed: 0 });
    expect(other.counters()).toMatchObject({ started: 0, confirmed: 1 });
  });

  test('and that returns to the replica that issued the token counts on both, as every session of two replicas', async () => {
    const { clock, issuer, other, relay } = createPair();
    const { cookie } = visit(issuer);
    visit(other, [cookie]);
    relay();
    visit(issuer, [cookie]);
    await clock.advance(10_000);
    issuer.sweep();
    expect(issuer.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('is confirmed where its first response is still open', () => {
    const { issuer, other, relay } = createPair();
    const page = holdOf(issuer.send());
    const cookie = /^Set-Cookie: ([^;]+);/.exec(linesOf(page.responseHead(quiet)))?.[1] ?? '';
    visit(other, [cookie]);
    relay();
    expect(issuer.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('is announced once, and not when its token shows that it is confirmed', () => {
    const { issuer, other } = createPair();
    const { cookie } = visit(issuer);
    const confirmed = visit(issuer, [cookie]).cookie;
    visit(other, [confirmed]);
    expect(other.router.notices().seen).toEqual([]);
  });
});

describe('a request that never starts a session', () => {
  const exclude = [{ path: { type: 'Exact' as const, value: '/healthz' } }];
  const probe = requestWith([], '/healthz');

  test('is a CORS preflight, which is balanced and gets no token', () => {
    const replica = start();
    expect(finish(holdOf(replica.sendRequest(preflight)))).toMatchObject({ pod: 'a', lines: '' });
    expect(replica.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 0 });
    expect(replica.counters().started).toBe(0);
  });

  test('is not any other OPTIONS request', () => {
    const replica = start();
    finish(holdOf(replica.sendRequest(requestOf({ origin: 'https://a.example' }, { method: 'OPTIONS' }))));
    expect(replica.counters().started).toBe(1);
  });

  test('is one that the spec excludes, whatever its method', () => {
    const replica = start({ persistence: { exclude } });
    for (const method of ['GET', 'POST']) {
      expect(finish(holdOf(replica.sendRequest({ ...probe, method })))).toMatchObject({ pod: 'a', lines: '' });
    }
    expect(replica.counters().started).toBe(0);
  });

  test('reaches the pod of the token that it carries', () => {
    const replica = createReplica(onPods(['a', 'b'], { persistence: { exclude } }));
    const { pod, cookie } = visit(replica);
    expect(finish(holdOf(replica.sendRequest(requestWith([cookie], '/healthz'))))).toMatchObject({ pod, isNew: false });
  });

  test('does not lose a session whose pod is gone: the next request that may start one does', () => {
    const replica = start({ persistence: { exclude } });
    const { cookie } = visit(replica);
    replica.swap(onPods(['b'], { removedEndpoints: ['a'], persistence: { exclude } }));
    expect(finish(holdOf(replica.sendRequest(requestWith([cookie], '/healthz'))))).toMatchObject({
      pod: 'b',
      lines: '',
    });
    expect(replica.counters().lost.Unconfirmed).toBe(0);
    visit(replica, [cookie]);
    expect(replica.counters().lost.Unconfirmed).toBe(1);
  });

  test('is served when every pod is full', () => {
    const replica = start({ maxSessionsPerEndpoint: 1, persistence: { exclude } });
    post(replica);
    expect(replyOf(replica.send())?.reason).toBe('AllFull');
    expect(finish(holdOf(replica.sendRequest(probe))).pod).toBe('a');
  });

  test('keeps its pod busy until its response', () => {
    const replica = start({ persistence: { exclude } });
    const hold = holdOf(replica.sendRequest(probe));
    expect(replica.count('a')).toMatchObject({ sessions: 0, starting: 1 });
    hold.responseHead(quiet);
    hold.release();
    expect(replica.count('a')).toMatchObject({ sessions: 0, starting: 0 });
  });
});
