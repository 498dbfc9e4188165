import { describe, expect, test } from '@jest/globals';
import type { HandedSession } from '../../../../src/wire/messages.ts';
import { createReceivedHandovers } from '../../../../src/dataplane/sessions/received-handovers.ts';

const session: HandedSession = {
  id: '00000000deadbeef',
  endpoint: '00000000000000aa',
  backend: 7,
  lastSeenS: 10,
  issuedAtS: 5,
};
const handover = { from: 'proxy-1', startedAtMs: 5, sessions: [session], ended: [], successorOf: [] };
const named = [{ uid: 'proxy-1', startedAtMs: 5 }];

/** `hasPod`: whether the table has the pod of the session. */
function createWorld({ hasPod = true } = {}) {
  const world = { hasPod, nowMs: 1000, counted: [] as HandedSession[] };
  const handovers = createReceivedHandovers({
    nowMs: () => world.nowMs,
    adopt: (sessions, { pastLag }) => {
      if (!world.hasPod && !pastLag) return false;
      world.counted.push(...sessions);
      return true;
    },
    onAdopted: () => {},
  });
  return { world, handovers };
}

describe('a received handover', () => {
  test('is counted at once, and its sender is named in reports for ten minutes', () => {
    const { world, handovers } = createWorld();
    handovers.receive(handover, 0);
    expect(world.counted).toEqual([session]);
    expect(handovers.predecessors(601_000)).toEqual(named);
    expect(handovers.predecessors(601_001)).toBeUndefined();
  });

  test('waits for a table that has all of its pods before its sender is named', () => {
    const { world, handovers } = createWorld({ hasPod: false });
    handovers.receive(handover, 0);
    handovers.retry(8999);
    expect(handovers.predecessors(world.nowMs)).toBeUndefined();
    world.hasPod = true;
    handovers.retry(8999);
    handovers.retry(9000);
    expect(world.counted).toEqual([session]);
    expect(handovers.predecessors(world.nowMs)).toEqual(named);
  });

  test('whose pod has been deleted waits for a table that is certainly newer', () => {
    const { world, handovers } = createWorld({ hasPod: false });
    handovers.receive(handover, 1000);
    handovers.retry(9999);
    expect(handovers.predecessors(world.nowMs)).toBeUndefined();
    handovers.retry(10_000);
    expect(handovers.predecessors(world.nowMs)).toEqual(named);
  });

  test('also names the predecessors of its predecessor', () => {
    const { world, handovers } = createWorld();
    const before = { uid: 'proxy-0', startedAtMs: 1 };
    handovers.receive({ ...handover, successorOf: [before] }, 0);
    expect(handovers.predecessors(world.nowMs)).toEqual([...named, before]);
  });
});
