import { describe, expect, test } from '@jest/globals';
import type { HandedSession } from '../../../../src/wire/messages.ts';
import { createReceivedHandovers } from '../../../../src/dataplane/sessions/received-handovers.ts';

const session: HandedSession = { id: '00000000deadbeef', endpoint: '00000000000000aa', lastSeenS: 10, issuedAtS: 5 };
const handover = { from: 'proxy-1', startedAtMs: 5, sessions: [session], ended: [], inherited: [] };
const named = [{ uid: 'proxy-1', startedAtMs: 5 }];

/** `hasPod`: whether the table has the pod of the session. */
function createWorld({ hasPod = true } = {}) {
  const world = { hasPod, nowMs: 1000, counted: [] as HandedSession[] };
  const handovers = createReceivedHandovers({
    nowMs: () => world.nowMs,
    inherit: (sessions, { pastLag }) => {
      if (!world.hasPod && !pastLag) return false;
      world.counted.push(...sessions);
      return true;
    },
    onInherited: () => {},
  });
  return { world, handovers };
}

describe('a received handover', () => {
  test('is counted at once, and its proxy is named in reports for ten minutes', () => {
    const { world, handovers } = createWorld();
    handovers.receive(handover, 0);
    expect(world.counted).toEqual([session]);
    expect(handovers.inherited(601_000)).toEqual(named);
    expect(handovers.inherited(601_001)).toBeUndefined();
  });

  test('waits for a table that has all of its pods: its proxy is not named before', () => {
    const { world, handovers } = createWorld({ hasPod: false });
    handovers.receive(handover, 0);
    handovers.retry(8999);
    expect(handovers.inherited(world.nowMs)).toBeUndefined();
    world.hasPod = true;
    handovers.retry(8999);
    handovers.retry(9000);
    expect(world.counted).toEqual([session]);
    expect(handovers.inherited(world.nowMs)).toEqual(named);
  });

  test('whose pod has been deleted waits for a table that is certainly newer', () => {
    const { world, handovers } = createWorld({ hasPod: false });
    handovers.receive(handover, 1000);
    handovers.retry(9999);
    expect(handovers.inherited(world.nowMs)).toBeUndefined();
    handovers.retry(10_000);
    expect(handovers.inherited(world.nowMs)).toEqual(named);
  });

  test('names also those whose sessions the other proxy had inherited', () => {
    const { world, handovers } = createWorld();
    const before = { uid: 'proxy-0', startedAtMs: 1 };
    handovers.receive({ ...handover, inherited: [before] }, 0);
    expect(handovers.inherited(world.nowMs)).toEqual([...named, before]);
  });
});
