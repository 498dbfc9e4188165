import { describe, expect, test } from '@jest/globals';
import { createEndedSessions } from '../../../../src/dataplane/sessions/ended-sessions.ts';
import { fc } from '../../../support/fast-check.ts';

const nowMs = 1_790_000_000_000;
const hour = 3_600_000;
const forAnHour = { nowMs, forMs: hour };

function create(sets?: number) {
  const counters = { endsForgotten: 0 };
  return { counters, ended: createEndedSessions(counters, sets) };
}

describe('ended sessions', () => {
  test('are remembered for the given time', () => {
    const { ended } = create();
    ended.add({ sessionHi: 1, sessionLo: 2 }, forAnHour);
    expect(ended.has({ sessionHi: 1, sessionLo: 2 }, nowMs + hour - 1000)).toBe(true);
    expect(ended.has({ sessionHi: 1, sessionLo: 2 }, nowMs + hour)).toBe(false);
  });

  test('are never confused with others, however many', () => {
    const id = fc.record({ sessionHi: fc.nat(3), sessionLo: fc.nat(40) });
    fc.assert(
      fc.property(
        fc.uniqueArray(id, { selector: ({ sessionHi, sessionLo }) => `${sessionHi} ${sessionLo}` }),
        (ids) => {
          const { ended } = create(64);
          const half = ids.slice(0, ids.length / 2);
          for (const session of half) ended.add(session, forAnHour);
          expect(ids.map((session) => ended.has(session, nowMs))).toEqual(ids.map((_, index) => index < half.length));
        },
      ),
    );
  });

  test('are counted when they are forgotten for want of room, those that expire first', () => {
    const { ended, counters } = create(1);
    for (let sessionLo = 0; sessionLo < 17; sessionLo += 1) {
      ended.add({ sessionHi: 0, sessionLo }, { nowMs, forMs: sessionLo === 5 ? 1000 : hour });
    }
    expect(counters.endsForgotten).toBe(1);
    const forgotten = Array.from({ length: 17 }, (_, lo) => lo).filter(
      (sessionLo) => !ended.has({ sessionHi: 0, sessionLo }, nowMs),
    );
    expect(forgotten).toEqual([5]);
  });

  test('take the place of expired ones without being counted', () => {
    const { ended, counters } = create(1);
    for (let lo = 0; lo < 16; lo += 1) ended.add({ sessionHi: 0, sessionLo: lo }, forAnHour);
    const laterMs = nowMs + 2 * hour;
    const later = { nowMs: laterMs, forMs: hour };
    for (let lo = 16; lo < 32; lo += 1) ended.add({ sessionHi: 0, sessionLo: lo }, later);
    expect(counters.endsForgotten).toBe(0);
    expect(ended.has({ sessionHi: 0, sessionLo: 31 }, laterMs)).toBe(true);
  });
});
