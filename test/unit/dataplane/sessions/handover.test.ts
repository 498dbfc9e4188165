/** What a proxy that goes leaves to another: both without sockets, with a clock that stands still. */
import { describe, expect, test } from '@jest/globals';
import { createInherited, listHandedSessions } from '../../../../src/dataplane/sessions/handover.ts';
import { createMemoryClock } from '../../../support/memory-clock.ts';
import { idleTimeoutMs } from '../../../support/proxy-table.ts';
import { createReplica, finish, holdOf, pods, quiet, visit, type Replica } from './replica.ts';

function createPair() {
  const clock = createMemoryClock();
  return { clock, leaving: createReplica(pods('a', 'b'), clock), heir: createReplica(pods('a', 'b'), clock) };
}

const handed = ({ router }: Replica) => listHandedSessions(router.sessions) ?? [];

describe('the heir', () => {
  test('counts what the other did, until their clients have been away for the idle timeout since their last request there', async () => {
    const { clock, leaving, heir } = createPair();
    const { pod } = visit(leaving);
    await clock.advance(idleTimeoutMs / 2);
    expect(heir.router.inherit(handed(leaving))).toBe(true);
    expect(heir.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(idleTimeoutMs / 2 - 2000);
    heir.sweep();
    expect(heir.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(4000);
    heir.sweep();
    expect(heir.count(pod)).toMatchObject({ sessions: 0 });
  });

  test('counts a session once that it has seen itself, and keeps the later date', async () => {
    const { clock, leaving, heir } = createPair();
    const { pod, cookie } = visit(leaving);
    await clock.advance(idleTimeoutMs / 2);
    visit(heir, [cookie]);
    heir.router.inherit(handed(leaving));
    expect(heir.count(pod)).toMatchObject({ sessions: 1 });
    await clock.advance(idleTimeoutMs - 2000);
    heir.sweep();
    expect(heir.count(pod)).toMatchObject({ sessions: 1 });
  });

  test('takes none of those that ended meanwhile, here or elsewhere', () => {
    const { leaving, heir } = createPair();
    const { cookie } = visit(leaving);
    const [here] = handed(leaving);
    visit(leaving);
    const elsewhere = handed(leaving).find(({ id }) => id !== here?.id);
    finish(holdOf(heir.send([cookie])), { ...quiet, endsSession: true });
    heir.router.endElsewhere([elsewhere?.id ?? '']);
    heir.router.inherit(handed(leaving));
    expect(heir.count('a').sessions + heir.count('b').sessions).toBe(0);
  });

  test('takes nothing where one is on a pod that it does not know yet', () => {
    const { leaving, heir } = createPair();
    visit(leaving);
    leaving.swap(pods('new'));
    visit(leaving);
    expect(
      heir.router.inherit([
        { id: '00000000000000aa', endpoint: 'ffffffffffffffff', lastSeenS: 1, issuedAtS: 1 },
        ...handed(leaving),
      ]),
    ).toBe(false);
    expect(heir.count('a').sessions + heir.count('b').sessions).toBe(0);
  });

  test('is not given what is no longer in the table: the operator has heard nothing of it', () => {
    const { leaving } = createPair();
    visit(leaving);
    leaving.swap(pods('new'));
    expect(handed(leaving)).toEqual([]);
  });

  test('names whom it counts for in its reports, for ten minutes', () => {
    const inherited = createInherited();
    const gone = { uid: 'proxy', startedAtMs: 5 };
    inherited.add(gone, 1000);
    expect(inherited.recent(601_000)).toEqual([gone]);
    expect(inherited.recent(601_001)).toBeUndefined();
  });
});
