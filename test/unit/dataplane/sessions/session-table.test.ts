import { describe, expect, test } from '@jest/globals';
import { countersOf, createCounters } from '../../../../src/dataplane/sessions/counters.ts';
import {
  bytesPerRow,
  createRows,
  findRow,
  insertRow,
  removeRow,
} from '../../../../src/dataplane/sessions/session-rows.ts';
import { createSessionTable } from '../../../../src/dataplane/sessions/session-table.ts';
import type { Endpoint, SessionLimits } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';

const everyRow = Number.POSITIVE_INFINITY;
const limits: SessionLimits = { idleTimeoutMs: 60_000, absoluteTimeoutMs: 600_000 };
const pod = (name: string): Endpoint => ({
  uid: name,
  id: name,
  pod: name,
  address: '10.0.0.1',
  port: 80,
  state: 'Accepting',
});
const startMs = 1_790_000_000_000;
const startS = startMs / 1000;
const session = (sessionLo: number, issuedAtS = startS) => ({ sessionHi: 9, sessionLo, issuedAtS });

function createTable(room = Number.POSITIVE_INFINITY) {
  const counters = countersOf(createCounters(), 'shop/cart');
  const announced: { sessionLo: number; atMs: number }[] = [];
  const table = createSessionTable({
    add: ({ sessionLo }, atMs) => announced.length < room && announced.push({ sessionLo, atMs }) > 0,
  });
  const backend = { id: 7, limits, counters, previousUid: undefined, unpinnedIdLoggedAtMs: 0 };
  const slot = (name: string) => table.slots.find(name, backend) ?? table.slots.attach(pod(name), backend);
  return { table, counters, slot, announced };
}

describe('rows', () => {
  test('behave like a Map, whatever the order of insertions and removals', () => {
    // Few ids and a tiny table: they share probes, wrap around its end and make it grow.
    const step = fc.record({
      insert: fc.boolean(),
      id: fc.integer({ min: 0, max: 60 }),
      spread: fc.constantFrom(1, 16, 1024),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const rows = createRows(16);
        const model = new Map<string, number>();
        for (const [value, { insert, id, spread }] of steps.entries()) {
          const key = { sessionHi: id % 3, sessionLo: id * spread };
          const name = `${key.sessionHi}:${key.sessionLo}`;
          const row = findRow(rows, key);
          expect(row === -1).toBe(!model.has(name));
          if (insert && row === -1) {
            rows.lastSeenS[insertRow(rows, key, 1)] = value;
            model.set(name, value);
          }
          if (!insert && row !== -1) {
            removeRow(rows, row);
            model.delete(name);
          }
        }
        expect(rows.size).toBe(model.size);
        for (const [name, value] of model) {
          const [sessionHi = 0, sessionLo = 0] = name.split(':').map(Number);
          expect(rows.lastSeenS[findRow(rows, { sessionHi, sessionLo })]).toBe(value);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('take at most 64 bytes a session, even right after the table grew', () => {
    const rows = createRows(1024);
    let worst = 0;
    for (let id = 1; id <= 200_000; id += 1) {
      insertRow(rows, { sessionHi: id, sessionLo: Math.imul(id, 0x9e37_79b1) >>> 0 }, 1);
      if (id > 1000) worst = Math.max(worst, ((rows.mask + 1) * bytesPerRow) / rows.size);
    }
    expect(worst).toBeLessThanOrEqual(64);
  });
});

describe('sessions', () => {
  test('live while something is open, and for the idle timeout after it', () => {
    const { table, slot, counters } = createTable();
    const a = slot('a');
    table.open(session(1), a, startMs);
    table.sweep(startMs + 300_000, everyRow);
    expect(a.sessions).toBe(1);
    table.close(session(1), startMs + 300_000);
    table.sweep(startMs + 359_999, everyRow);
    expect({ sessions: a.sessions, open: a.open }).toEqual({ sessions: 1, open: 0 });
    table.sweep(startMs + 360_000, everyRow);
    expect(a.sessions).toBe(0);
    expect(counters.ended.Idle).toBe(1);
  });

  test('end at the absolute limit, but not during an open response', () => {
    const { table, slot, counters } = createTable();
    const a = slot('a');
    table.open(session(1), a, startMs);
    table.sweep(startMs + 700_000, everyRow);
    expect(a.sessions).toBe(1);
    table.close(session(1), startMs + 700_000);
    table.sweep(startMs + 700_000, everyRow);
    expect(a.sessions).toBe(0);
    expect(counters.ended).toMatchObject({ Absolute: 1, Idle: 0 });
  });

  test('that the app ended count until their last response is finished, and end only once', () => {
    const { table, slot, counters } = createTable();
    const a = slot('a');
    table.open(session(1), a, startMs);
    table.open(session(1), a, startMs);
    table.end(session(1), 'Application');
    table.end(session(1), 'Application');
    table.close(session(1), startMs);
    expect(a.sessions).toBe(1);
    table.close(session(1), startMs);
    expect(a.sessions).toBe(0);
    expect(counters.ended.Application).toBe(1);
  });

  test('are unaffected by a close too many', () => {
    const { table, slot } = createTable();
    const a = slot('a');
    table.open(session(1), a, startMs);
    table.close(session(1), startMs);
    table.close(session(1), startMs);
    table.close(session(2), startMs);
    expect({ open: a.open, sessions: a.sessions }).toEqual({ open: 0, sessions: 1 });
  });

  test('with a stream that outlives the date of the token are announced repeatedly, and get a new date each time', () => {
    const { table, slot, announced } = createTable();
    const a = slot('a');
    table.open(session(1), a, startMs);
    table.open(session(2), a, startMs);
    table.close(session(2), startMs);
    for (const afterMs of [15_000, 15_001, 16_000, 31_000, 32_000]) table.sweep(startMs + afterMs, everyRow);
    expect(announced).toEqual([15_001, 32_000].map((afterMs) => ({ sessionLo: 1, atMs: startMs + afterMs })));
    expect(table.list(a, 10).find(({ open }) => open === 1)?.lastSeenS).toBe(startS + 32);
  });

  test('are announced later when there is no room for all notices', () => {
    const { table, slot, announced } = createTable(1);
    for (const id of [1, 2]) table.open(session(id), slot('a'), startMs);
    table.sweep(startMs + 20_000, everyRow);
    const [first] = announced.splice(0);
    table.sweep(startMs + 21_000, everyRow);
    expect(new Set([first, ...announced].map((one) => one?.sessionLo))).toEqual(new Set([1, 2]));
  });

  test('that the app ended are not announced as alive, although something is still open', () => {
    const { table, slot, announced } = createTable();
    table.open(session(1), slot('a'), startMs);
    table.end(session(1), 'Application');
    table.sweep(startMs + 40_000, everyRow);
    expect(announced).toEqual([]);
  });

  test('are all reached by a sweep in small steps', () => {
    const { table, slot } = createTable();
    const a = slot('a');
    for (let id = 0; id < 700; id += 1) {
      const spread = { ...session(id * 977), sessionHi: id };
      table.open(spread, a, startMs);
      table.close(spread, startMs);
    }
    table.sweep(startMs + 61_000, 1000);
    expect(table.size()).toBeGreaterThan(500);
    for (let step = 0; step < 20; step += 1) table.sweep(startMs + 61_000, 1000);
    expect(table.size()).toBe(0);
    expect(a.sessions).toBe(0);
  });

  test('of an endpoint that left the table are still counted, and its slot is reused only after them', () => {
    const { table, slot } = createTable();
    const a = slot('a');
    table.open(session(1), a, startMs);
    table.slots.detach(a);
    const b = slot('b');
    expect(b.number).not.toBe(a.number);
    expect(table.slots.ofEndpoint('a')[0]?.sessions).toBe(1);
    table.close(session(1), startMs);
    table.sweep(startMs + 61_000, everyRow);
    expect(table.slots.ofEndpoint('a')).toEqual([]);
    expect(slot('c').number).toBe(a.number);
  });

  test('are counted per endpoint like in a simple model, for any sequence of actions', () => {
    const action = fc.record({
      kind: fc.constantFrom('open', 'close', 'end', 'sweep'),
      id: fc.integer({ min: 0, max: 12 }),
      waitMs: fc.constantFrom(0, 1000, 30_000, 61_000),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
        const { table, slot } = createTable();
        const slots = ['a', 'b', 'c'].map(slot);
        const model = createModel();
        let nowMs = startMs;
        for (const { kind, id, waitMs } of actions) {
          nowMs += waitMs;
          const target = slots[id % 3] ?? slot('a');
          const both = {
            open: () => [
              table.open(session(id, nowMs / 1000), target, nowMs),
              model.open(id, target.endpoint.id, nowMs),
            ],
            close: () => [table.close(session(id), nowMs), model.close(id, nowMs)],
            end: () => [table.end(session(id), 'Application'), model.end(id)],
            sweep: () => [table.sweep(nowMs, everyRow), model.sweep(nowMs)],
          };
          both[kind]();
        }
        for (const { endpoint, sessions, open } of slots) expect({ sessions, open }).toEqual(model.counts(endpoint.id));
        expect(table.size()).toBe(model.size());
      }),
      { numRuns: 300 },
    );
  });
});

type Known = { pod: string; open: number; over: boolean; lastSeenMs: number };

/** The expected behavior of the table in its simplest form. */
function createModel() {
  const sessions = new Map<number, Known>();
  const dropIfOver = (id: number, { open, over }: Known) => over && open === 0 && sessions.delete(id);
  const change = (id: number, known: Known) => {
    sessions.set(id, known);
    dropIfOver(id, known);
  };
  return {
    open(id: number, pod: string, lastSeenMs: number) {
      const known = sessions.get(id);
      change(id, { pod, open: (known?.open ?? 0) + 1, over: known?.over ?? false, lastSeenMs });
    },
    close(id: number, lastSeenMs: number) {
      const known = sessions.get(id);
      if (known !== undefined && known.open > 0) change(id, { ...known, open: known.open - 1, lastSeenMs });
    },
    end(id: number) {
      const known = sessions.get(id);
      if (known !== undefined) change(id, { ...known, over: true });
    },
    sweep(nowMs: number) {
      for (const [id, { open, lastSeenMs }] of sessions) {
        if (open === 0 && lastSeenMs + 60_000 <= nowMs) sessions.delete(id);
      }
    },
    counts(pod: string) {
      const mine = [...sessions.values()].filter((known) => known.pod === pod);
      return { sessions: mine.length, open: mine.reduce((sum, known) => sum + known.open, 0) };
    },
    size: () => sessions.size,
  };
}
