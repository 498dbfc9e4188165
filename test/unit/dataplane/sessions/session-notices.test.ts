import { describe, expect, test } from '@jest/globals';
import { createGenerations } from '../../../../src/dataplane/sessions/generations.ts';
import { formatSessionId } from '../../../../src/dataplane/sessions/session-ids.ts';
import {
  createReceivedEnds,
  createOutgoingNotices,
  createSeenElsewhere,
} from '../../../../src/dataplane/sessions/session-notices.ts';

const session = { sessionHi: 0xdead, sessionLo: 0xffff_fffe };
const id = '0000deadfffffffe';
const other = (sessionLo: number) => ({ sessionHi: 7, sessionLo });

describe('what a proxy tells of its sessions', () => {
  test('is repeated for some seconds, since a report may get lost, and then no more', () => {
    const news = createOutgoingNotices(3000);
    news.tell(session, 1000);
    expect([1000, 4000, 4001].map((nowMs) => news.recent(nowMs))).toEqual([[id], [id], []]);
  });

  test('is kept while no report is made, and told from the first one on: the operators were away', () => {
    const news = createOutgoingNotices(3000);
    news.tell(session, 1000);
    expect(news.recent(61_000)).toEqual([id]);
    expect(news.recent(64_000)).toEqual([id]);
    expect(news.recent(64_001)).toEqual([]);
  });

  test('is told anew after a time without reports: what was told just before may not have been heard', () => {
    const news = createOutgoingNotices(3000);
    news.tell(session, 1000);
    expect([1000, 61_000, 64_001].map((nowMs) => news.recent(nowMs))).toEqual([[id], [id], []]);
  });

  test('is never more than fits into a report; when the old has been told there is room again', () => {
    const news = createOutgoingNotices(3000);
    for (let lo = 0; lo < 12_000; lo += 1) news.tell(other(lo), 1000);
    expect(news.recent(1000)).toHaveLength(10_000);
    expect([news.hasRoom(4000), news.hasRoom(4001)]).toEqual([false, true]);
  });
});

describe('what a proxy hears', () => {
  test('of an end for the second time, from another replica or in the next report, is old news', () => {
    const { hear: takeNew } = createReceivedEnds();
    expect(takeNew([id])).toEqual([session]);
    expect(takeNew([id])).toEqual([]);
  });

  test('of a session that is alive elsewhere is its date, the newest one', () => {
    const seen = createSeenElsewhere();
    expect(seen.lastMs(session)).toBeUndefined();
    seen.hear([id], 1000);
    seen.hear([id], 9000);
    expect([seen.lastMs(session), seen.lastMs(other(1))]).toEqual([9000, undefined]);
  });

  test('is forgotten when too much else was heard, the newest last', () => {
    const seen = createSeenElsewhere();
    const many = Array.from({ length: 140_000 }, (_, lo) => formatSessionId(other(lo << 12)));
    seen.hear([id, ...many], 1000);
    expect(seen.lastMs(session)).toBeUndefined();
    expect(seen.lastMs(other(139_999 << 12))).toBe(1000);
  });
});

test('a bounded memory keeps what is in use, and at most twice its size', () => {
  const memory = createGenerations<number, number>(10);
  for (let key = 0; key < 1000; key += 1) {
    memory.set(key, key);
    expect(memory.get(0)).toBe(0);
  }
  const kept = Array.from({ length: 1000 }, (_, key) => key).filter((key) => memory.get(key) !== undefined);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect(kept).toContain(999);
});
