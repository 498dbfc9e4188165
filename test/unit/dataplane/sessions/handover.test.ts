/** What a proxy that shuts down leaves to its successor: both without sockets, with a clock that the test advances. */
import { describe, expect, test } from '@jest/globals';
import { listHandedSessions } from '../../../../src/dataplane/sessions/handover.ts';
import { createMemoryClock } from '../../../support/memory-clock.ts';
import { idleTimeoutMs } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods, quiet, visit, type Replica } from './replica.ts';

function createPair() {
  const clock = createMemoryClock();
  return { clock, leaving: createReplica(pods('a', 'b'), clock), successor: createReplica(pods('a', 'b'), clock) };
}

const atOnce = { pastLag: false };
const onUnknownPod = { id: '00000000000000aa', endpoint: 'ffffffffffffffff', lastSeenS: 1, issuedAtS: 1 };

const handed = ({ router }: Replica) => listHandedSessions(router.sessions) ?? [];

describe('the successor', () => {
  test('counts what the other did, until tsuccessor clients have been away for the idle timeout since tsuccessor last request there', async () => {
    const { clock, leaving, successor } = createPair();
    const { pod } = visit(leaving);
    await clock.advance(idleTimeoutMs / 2);
    expect(successor.router.inherit(handed(leaving), atOnce)).toBe(true);
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(idleTimeoutMs / 2 - 2000);
    successor.sweep();
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(4000);
    successor.sweep();
    expect(successor.count(pod)).toMatchObject({ sessions: 0 });
  });

  test('counts a session once that it has seen itself, and keeps the later date', async () => {
    const { clock, leaving, successor } = createPair();
    const { pod, cookie } = visit(leaving);
    await clock.advance(idleTimeoutMs / 2);
    visit(successor, [cookie]);
    successor.router.inherit(handed(leaving), atOnce);
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(idleTimeoutMs - 2000);
    successor.sweep();
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
  });

  test('takes none of those that ended meanwhile, here or elsewhere', () => {
    const { leaving, successor } = createPair();
    const { cookie } = visit(leaving);
    const [here] = handed(leaving);
    visit(leaving);
    const elsewhere = handed(leaving).find(({ id }) => id !== here?.id);
    finish(holdOf(successor.send([cookie])), { ...quiet, endsSession: true });
    successor.router.endElsewhere([elsewhere?.id ?? '']);
    successor.router.inherit(handed(leaving), atOnce);
    expect(successor.count('a').sessions + successor.count('b').sessions).toBe(0);
  });

  test('takes nothing where one is on a pod that it does not know yet', () => {
    const { leaving, successor } = createPair();
    visit(leaving);
    leaving.swap(pods('new'));
    visit(leaving);
    expect(successor.router.inherit([onUnknownPod, ...handed(leaving)], atOnce)).toBe(false);
    expect(successor.count('a').sessions + successor.count('b').sessions).toBe(0);
  });

  test('leaves out the sessions of a pod that its table lacks, once the table is newer than the handover', () => {
    const { leaving, successor } = createPair();
    const { pod } = visit(leaving);
    expect(successor.router.inherit([onUnknownPod, ...handed(leaving)], { pastLag: true })).toBe(true);
    expect(successor.count(pod)).toMatchObject({ sessions: 1 });
  });

  test('repeats the ends that the other proxy reported, and does not count those sessions', () => {
    const { leaving, successor } = createPair();
    const { pod, cookie } = visit(leaving);
    visit(successor, [cookie]);
    finish(holdOf(leaving.send([cookie])), { ...quiet, endsSession: true });
    const { ended } = leaving.router.news();
    successor.router.inheritEnds(ended);
    expect(successor.count(pod)).toMatchObject({ sessions: 0 });
    expect(successor.router.news()).toMatchObject({ ended });
  });

  test('is not given what is no longer in the table: the operator has heard nothing of it', () => {
    const { leaving } = createPair();
    visit(leaving);
    leaving.swap(pods('new'));
    expect(handed(leaving)).toEqual([]);
  });
});
