/** Session handover between two proxies without sockets, with a clock that the test advances. */
import { describe, expect, test } from '@jest/globals';
import { listHandedSessions } from '../../../../src/dataplane/sessions/handover.ts';
import { createManualClock } from '../../../support/manual-clock.ts';
import { idleTimeoutMs, proxyTable } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods, quiet, visit, type Replica } from './replica.ts';

function createPair() {
  const clock = createManualClock();
  return { clock, predecessor: createReplica(pods('a', 'b'), clock), successor: createReplica(pods('a', 'b'), clock) };
}

const atOnce = { pastLag: false };
const onUnknownPod = { id: '00000000000000aa', endpoint: 'ffffffffffffffff', backend: 7, lastSeenS: 1, issuedAtS: 1 };

const handed = ({ router }: Replica) => listHandedSessions(router.sessions) ?? [];

describe('the successor of a proxy that shuts down', () => {
  test('counts handed sessions until their idle timeout, measured from their last request at the predecessor', async () => {
    const { clock, predecessor, successor } = createPair();
    const { pod } = visit(predecessor);
    await clock.advance(idleTimeoutMs / 2);
    expect(successor.router.adopt(handed(predecessor), atOnce)).toBe(true);
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(idleTimeoutMs / 2 - 2000);
    successor.sweep();
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(4000);
    successor.sweep();
    expect(successor.count(pod)).toMatchObject({ sessions: 0 });
  });

  test('counts a session that it already has once, and keeps the later date', async () => {
    const { clock, predecessor, successor } = createPair();
    const { pod, cookie } = visit(predecessor);
    await clock.advance(idleTimeoutMs / 2);
    visit(successor, [cookie]);
    successor.router.adopt(handed(predecessor), atOnce);
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(idleTimeoutMs - 2000);
    successor.sweep();
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
  });

  test('does not count sessions that have ended meanwhile, here or on a third proxy', () => {
    const { predecessor, successor } = createPair();
    const { cookie } = visit(predecessor);
    const [here] = handed(predecessor);
    visit(predecessor);
    const elsewhere = handed(predecessor).find(({ id }) => id !== here?.id);
    finish(holdOf(successor.send([cookie])), { ...quiet, endsSession: true });
    successor.router.receiveEnded([elsewhere?.id ?? '']);
    successor.router.adopt(handed(predecessor), atOnce);
    expect(successor.count('a').sessions + successor.count('b').sessions).toBe(0);
  });

  test('accepts no session of a handover with a pod that is not in its table yet', () => {
    const { predecessor, successor } = createPair();
    visit(predecessor);
    predecessor.swap(pods('new'));
    visit(predecessor);
    expect(successor.router.adopt([onUnknownPod, ...handed(predecessor)], atOnce)).toBe(false);
    expect(successor.count('a').sessions + successor.count('b').sessions).toBe(0);
  });

  test('skips the sessions of a pod that its table lacks once the table is newer than the handover', () => {
    const { predecessor, successor } = createPair();
    const { pod } = visit(predecessor);
    expect(successor.router.adopt([onUnknownPod, ...handed(predecessor)], { pastLag: true })).toBe(true);
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
  });

  test('keeps what its predecessor knew of the clients: unconfirmed sessions count for the confirm timeout only', async () => {
    const limits = { idleTimeoutMs: 30 * idleTimeoutMs, confirmTimeoutMs: idleTimeoutMs };
    const table = proxyTable({ endpoints: [{ pod: 'a' }], limits });
    const clock = createManualClock();
    const [predecessor, successor] = [createReplica(table, clock), createReplica(table, clock)];
    const { cookie } = visit(predecessor);
    visit(predecessor, [cookie]);
    visit(predecessor);
    successor.router.adopt(handed(predecessor), atOnce);
    expect(successor.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 1 });
    await clock.advance(idleTimeoutMs + 1000);
    successor.sweep();
    expect(successor.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('confirms a session that it has as unconfirmed, but not the other way round', () => {
    const table = proxyTable({
      endpoints: [{ pod: 'a' }],
      limits: { idleTimeoutMs: 600_000, confirmTimeoutMs: 60_000 },
    });
    const clock = createManualClock();
    const [one, other] = [createReplica(table, clock), createReplica(table, clock)];
    const { cookie } = visit(one);
    const before = handed(one);
    other.router.adopt(before, atOnce);
    expect(other.confirmation('a')).toEqual({ confirmed: 0, unconfirmed: 1 });
    visit(one, [cookie]);
    other.router.adopt(handed(one), atOnce);
    expect(other.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
    other.router.adopt(before, atOnce);
    expect(other.confirmation('a')).toEqual({ confirmed: 1, unconfirmed: 0 });
  });

  test('repeats the ends that its predecessor reported, and does not count those sessions', () => {
    const { predecessor, successor } = createPair();
    const { pod, cookie } = visit(predecessor);
    visit(successor, [cookie]);
    finish(holdOf(predecessor.send([cookie])), { ...quiet, endsSession: true });
    const { ended } = predecessor.router.notices();
    successor.router.adoptEnded(ended);
    expect(successor.count(pod)).toMatchObject({ sessions: 0 });
    expect(successor.router.notices()).toMatchObject({ ended });
  });

  test('receives no sessions on pods outside the table, which were never reported', () => {
    const { predecessor } = createPair();
    visit(predecessor);
    predecessor.swap(pods('new'));
    expect(handed(predecessor)).toEqual([]);
  });
});
