import { describe, expect, test } from '@jest/globals';
import { createManualClock } from '../../../support/manual-clock.ts';
import { idleTimeoutMs, proxyTable } from '../../../support/proxy-table.ts';
import { formatSessionId } from '../../../../src/dataplane/sessions/session-ids.ts';
import { createReplica, finish, holdOf, login, pods, quiet, visit, type Replica } from './replica.ts';

const end = { ...quiet, endsSession: true };

const logOut = (replica: Replica, cookie: string) => finish(holdOf(replica.send([cookie])), end);

describe('the token of a session that has ended', () => {
  test('starts a new session, each time that it is sent', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    logOut(replica, cookie);
    const again = visit(replica, [cookie]);
    expect(again.isNew).toBe(true);
    expect(again.cookie).not.toBe('');
    expect(visit(replica, [cookie]).isNew).toBe(true);
    // The session that it started is one like any other.
    expect(visit(replica, [again.cookie]).isNew).toBe(false);
  });

  test('does not hold the pod of the ended session', () => {
    const replica = createReplica(pods('a', 'b'));
    const { pod, cookie } = visit(replica);
    const other = pod === 'a' ? 'b' : 'a';
    logOut(replica, cookie);
    replica.swap(pods({ pod, state: 'Draining' }, other));
    expect(visit(replica, [cookie]).pod).toBe(other);
    expect(replica.count(pod)).toEqual({ sessions: 0, starting: 0, open: 0 });
  });

  test('starts a new session on a replica that received the notice, and on the successor of the replica that knew it', () => {
    const clock = createManualClock();
    const [one, other, late] = [1, 2, 3].map(() => createReplica(pods('a'), clock)) as [Replica, Replica, Replica];
    const { cookie } = visit(one);
    visit(other, [cookie]);
    logOut(one, cookie);
    other.router.receiveEnded(one.router.notices().ended);
    expect(visit(other, [cookie]).isNew).toBe(true);
    late.router.adoptEnded(other.router.endedIds());
    expect(visit(late, [cookie]).isNew).toBe(true);
    // And those that it notifies in turn.
    expect(late.router.notices().ended).toEqual(one.router.endedIds());
  });

  test('counts as forgotten if there is no room for the notice, because other proxies accept it', () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const others = Array.from({ length: 100_000 }, (_, sessionLo) => formatSessionId({ sessionHi: 1, sessionLo }));
    replica.router.adoptEnded(others);
    expect(replica.router.counters.endsForgotten).toBe(0);
    logOut(replica, cookie);
    expect(visit(replica, [cookie]).isNew).toBe(true);
    expect(replica.router.counters.endsForgotten).toBe(1);
  });

  test('is refused until it has expired by its own date, and an open stream of its session does not prolong it', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    const stream = holdOf(replica.send([cookie]));
    stream.responseHead(quiet);
    logOut(replica, cookie);
    for (let passed = 0; passed < 5; passed += 1) {
      expect(visit(replica, [cookie]).isNew).toBe(true);
      await replica.clock.advance(idleTimeoutMs);
      replica.sweep();
    }
  });

  test('is not renewed by another response that was open when the session ended', async () => {
    const replica = createReplica(pods('a'));
    const { cookie } = visit(replica);
    await replica.clock.advance(idleTimeoutMs / 2);
    const slow = holdOf(replica.send([cookie]));
    logOut(replica, cookie);
    expect(finish(slow).lines).toBe('');
  });

  test('counts nowhere when the session was replaced by a login on another pod', () => {
    const persistence = { newSessionOn: [{ path: { type: 'PathPrefix' as const, value: '/login' } }] };
    const replica = createReplica(proxyTable({ endpoints: [{ pod: 'a' }], persistence }));
    const { cookie } = visit(replica);
    replica.swap(proxyTable({ endpoints: [{ pod: 'a', state: 'Draining' }, { pod: 'b' }], persistence }));
    finish(holdOf(replica.sendRequest(login([cookie]))));
    expect(visit(replica, [cookie])).toMatchObject({ pod: 'b', isNew: true });
    expect(replica.count('a').sessions).toBe(0);
  });
});

describe('a session that is reassigned because its pod is gone', () => {
  const gone = proxyTable({ endpoints: [{ pod: 'b' }], removedEndpoints: ['a'] });

  test('is announced to other proxies once its client has another token, and they stop counting it', () => {
    const clock = createManualClock();
    const [one, other] = [createReplica(pods('a'), clock), createReplica(pods('a'), clock)];
    const { cookie } = visit(one);
    visit(other, [cookie]);
    one.swap(gone);
    const hold = holdOf(one.send([cookie]));
    expect(one.router.notices().ended).toEqual([]);
    finish(hold);
    const { ended } = one.router.notices();
    expect(ended).toHaveLength(1);
    other.router.receiveEnded(ended);
    expect(other.router.sessions.size()).toBe(0);
    expect(other.counters().ended.Elsewhere).toBe(1);
  });

  test('is counted as lost once, although its old token comes through both proxies', () => {
    const clock = createManualClock();
    const [one, other] = [createReplica(gone, clock), createReplica(gone, clock)];
    const { cookie } = visit(createReplica(pods('a'), clock));
    visit(one, [cookie]);
    other.router.receiveEnded(one.router.notices().ended);
    visit(other, [cookie]);
    expect([one, other].map((replica) => replica.counters().lost.EndpointRemoved)).toEqual([1, 0]);
  });
});
