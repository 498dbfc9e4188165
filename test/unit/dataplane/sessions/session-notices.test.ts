import { describe, expect, test } from '@jest/globals';
import { createBoundedMap } from '../../../../src/dataplane/sessions/bounded-map.ts';
import { formatSessionId } from '../../../../src/dataplane/sessions/session-ids.ts';
import {
  createOutgoingNotices,
  createSeenElsewhere,
  noticeLimits,
} from '../../../../src/dataplane/sessions/session-notices.ts';

const session = { sessionHi: 0xdead, sessionLo: 0xffff_fffe };
const id = '0000deadfffffffe';
const other = (sessionLo: number) => ({ sessionHi: 7, sessionLo });

describe('an outgoing notice', () => {
  test('is repeated for some seconds, because a report may get lost', () => {
    const notices = createOutgoingNotices(noticeLimits.seen);
    notices.add(session, 1000);
    expect([1000, 4000, 4001].map((nowMs) => notices.report(nowMs))).toEqual([[id], [id], []]);
  });

  test('is kept until the first report, while no operator is available', () => {
    const notices = createOutgoingNotices(noticeLimits.seen);
    notices.add(session, 1000);
    expect(notices.report(61_000)).toEqual([id]);
    expect(notices.report(64_000)).toEqual([id]);
    expect(notices.report(64_001)).toEqual([]);
  });

  test('is repeated again after a time without reports, when it may not have been received', () => {
    const notices = createOutgoingNotices(noticeLimits.seen);
    notices.add(session, 1000);
    expect([1000, 61_000, 64_001].map((nowMs) => notices.report(nowMs))).toEqual([[id], [id], []]);
  });

  test('is repeated from the beginning when it is added again, and does not keep others', () => {
    const notices = createOutgoingNotices(noticeLimits.seen);
    for (const added of [session, other(1)]) notices.add(added, 1000);
    notices.report(1000);
    notices.add(session, 2000);
    const ids = [id, formatSessionId(other(1))].toReversed();
    expect([2000, 4000, 4001, 5000, 5001].map((nowMs) => notices.report(nowMs))).toEqual([ids, ids, [id], [id], []]);
  });

  test('has a place in a full list if it is there already', () => {
    const notices = createOutgoingNotices({ repeatForMs: 3000, maxPending: 1 });
    expect([session, session, other(1)].map((added) => notices.add(added, 1000))).toEqual([true, true, false]);
    notices.report(1000);
    expect([session, other(1)].map((added) => notices.add(added, 2000))).toEqual([true, false]);
  });

  test('is refused while a report is full, and there is room again once old notices expire', () => {
    const notices = createOutgoingNotices(noticeLimits.seen);
    for (let lo = 0; lo < 12_000; lo += 1) notices.add(other(lo), 1000);
    expect(notices.report(1000)).toHaveLength(10_000);
    expect([notices.add(session, 4000), notices.add(session, 4001)]).toEqual([false, true]);
  });
});

describe('a received notice', () => {
  test('of a session that is alive elsewhere sets its newest date', () => {
    const seen = createSeenElsewhere();
    expect(seen.lastMs(session)).toBeUndefined();
    seen.record([id], 1000);
    seen.record([id], 9000);
    expect([seen.lastMs(session), seen.lastMs(other(1))]).toEqual([9000, undefined]);
  });

  test('is forgotten when too many others follow, the newest last', () => {
    const seen = createSeenElsewhere();
    const many = Array.from({ length: 140_000 }, (_, lo) => formatSessionId(other(lo << 12)));
    seen.record([id, ...many], 1000);
    expect(seen.lastMs(session)).toBeUndefined();
    expect(seen.lastMs(other(139_999 << 12))).toBe(1000);
  });
});

test('a bounded map keeps entries in use, and at most twice its size', () => {
  const memory = createBoundedMap<number, number>(10);
  for (let key = 0; key < 1000; key += 1) {
    memory.set(key, key);
    expect(memory.get(0)).toBe(0);
  }
  const kept = Array.from({ length: 1000 }, (_, key) => key).filter((key) => memory.get(key) !== undefined);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(kept).toContain(999);
});
