/** Real session tables of workers, merged through their batches: what the primary process counts of one proxy. */
import { describe, expect, test } from '@jest/globals';
import { countersOf, createCounters } from '../../../../src/dataplane/sessions/counters.ts';
import type { BackendRecord } from '../../../../src/dataplane/sessions/endpoint-slots.ts';
import { createMergedSessions } from '../../../../src/dataplane/workers/merged-sessions.ts';
import { applyTotals } from '../../../../src/dataplane/workers/totals.ts';
import { createWorkerCounts } from '../../../../src/dataplane/workers/worker-counts.ts';
import { createWorkerShare } from '../../../../src/dataplane/workers/worker-share.ts';
import type { Endpoint, SessionLimits } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts';

const limits: SessionLimits = { idleTimeoutMs: 60_000 };
const startMs = 1_790_000_000_000;
const everyRow = Number.POSITIVE_INFINITY;
const endpoint: Endpoint = { uid: 'a', id: 'a', pod: 'a', address: '10.0.0.1', port: 80, state: 'Accepting' };
const session = (sessionLo: number) => ({ sessionHi: 9, sessionLo, issuedAtS: startMs / 1000 });

const recordOf = (): BackendRecord => ({
  id: 7,
  limits,
  counters: countersOf(createCounters(), 'shop/cart'),
  previousUid: undefined,
  unpinnedIdLoggedAtMs: 0,
});

function createPrimary() {
  const clock = createManualClock(startMs);
  const merged = createMergedSessions();
  const record = recordOf();
  const slot = merged.slots.attach(endpoint, record);
  return { clock, merged, slot, ended: record.counters.ended };
}

function createWorker(
  { clock, merged }: { clock: ManualClock; merged: ReturnType<typeof createMergedSessions> },
  number: number,
) {
  const share = createWorkerShare(merged, number);
  const counts = createWorkerCounts(clock, (batch) => share.apply(structuredClone(batch)));
  const { sessions } = counts.parts;
  const slot = sessions.slots.attach(endpoint, recordOf());
  return { share, counts, sessions, slot };
}

function createWorld() {
  const primary = createPrimary();
  const [one, two] = [createWorker(primary, 0), createWorker(primary, 1)];
  const flush = () => {
    one.counts.flush();
    two.counts.flush();
  };
  const visit = ({ sessions, slot }: typeof one, id: number) => {
    sessions.open(session(id), slot, primary.clock.nowMs());
    sessions.close(session(id), primary.clock.nowMs());
  };
  return { ...primary, one, two, flush, visit };
}

describe('a session', () => {
  test('that two workers serve is counted once, and ends when the last of them has not seen it for too long', async () => {
    const { clock, slot, one, two, flush, visit, ended } = createWorld();
    visit(one, 1);
    await clock.advance(40_000);
    visit(two, 1);
    flush();
    expect(slot.sessions).toBe(1);
    await clock.advance(30_000);
    one.sessions.sweep(clock.nowMs(), everyRow);
    flush();
    expect([one.sessions.size(), slot.sessions, ended.Idle]).toEqual([0, 1, 0]);
    await clock.advance(40_000);
    two.sessions.sweep(clock.nowMs(), everyRow);
    flush();
    expect([slot.sessions, ended.Idle]).toEqual([0, 1]);
  });

  test('is confirmed when its client returns, to whichever worker', () => {
    const { clock, slot, one, two, flush } = createWorld();
    one.sessions.begin(session(1), one.slot, { nowMs: clock.nowMs(), start: 'Unconfirmed' });
    flush();
    expect([slot.sessions, slot.unconfirmed]).toEqual([0, 1]);
    two.sessions.open(session(1), two.slot, clock.nowMs());
    flush();
    expect([slot.sessions, slot.unconfirmed]).toEqual([1, 0]);
  });

  test('that its app has ended counts while a worker has something open, and has one end', () => {
    const { clock, slot, one, two, flush, visit, ended } = createWorld();
    visit(one, 1);
    two.sessions.open(session(1), two.slot, clock.nowMs());
    flush();
    one.sessions.end(session(1), 'Application');
    flush();
    two.sessions.end(session(1), 'Elsewhere');
    flush();
    expect([slot.sessions, slot.open]).toEqual([1, 1]);
    two.sessions.close(session(1), clock.nowMs());
    flush();
    expect([slot.sessions, slot.open, ended.Application, ended.Elsewhere]).toEqual([0, 0, 1, 0]);
  });
});

describe('a worker that dies', () => {
  test('leaves its sessions for their idle timeout, and nothing that was open', async () => {
    const { clock, merged, slot, one, two, flush, visit, ended } = createWorld();
    one.sessions.open(session(1), one.slot, clock.nowMs());
    visit(one, 2);
    visit(two, 2);
    one.sessions.addStarting(one.slot, 'Confirmed', 1);
    flush();
    expect([slot.sessions, slot.open, slot.starting, slot.startingConfirmed]).toEqual([2, 1, 1, 1]);
    one.share.release(clock.nowMs());
    expect([slot.sessions, slot.open, slot.starting, slot.startingConfirmed]).toEqual([2, 0, 0, 0]);
    await clock.advance(30_000);
    visit(two, 1);
    flush();
    await clock.advance(31_000);
    merged.sweep(clock.nowMs(), everyRow);
    expect(slot.sessions).toBe(2);
    await clock.advance(60_000);
    two.sessions.sweep(clock.nowMs(), everyRow);
    flush();
    expect([slot.sessions, ended.Idle]).toEqual([0, 2]);
  });

  test('leaves no session that was over', () => {
    const { clock, slot, one, flush } = createWorld();
    one.sessions.open(session(1), one.slot, clock.nowMs());
    one.sessions.end(session(1), 'Application');
    flush();
    expect(slot.sessions).toBe(1);
    one.share.release(clock.nowMs());
    expect(slot.sessions).toBe(0);
  });
});

test('for the choice of a pod each worker knows what the others count, a common session once', () => {
  const { clock, merged, one, two, flush, visit } = createWorld();
  visit(one, 1);
  visit(two, 1);
  visit(two, 2);
  two.sessions.open(session(2), two.slot, clock.nowMs());
  two.sessions.addStarting(two.slot, 'Confirmed', 1);
  flush();
  const totals = merged.takeChangedTotals();
  expect(merged.takeChangedTotals()).toEqual([]);
  applyTotals(one.sessions.slots, totals);
  applyTotals(two.sessions.slots, totals);
  expect(one.slot.elsewhere).toEqual({ sessions: 2, confirmed: 2, requests: 2 });
  expect(two.slot.elsewhere).toEqual({ sessions: 0, confirmed: 0, requests: 0 });
});

test('sessions of a proxy that shut down count without a worker, and end at their own time', async () => {
  const { clock, merged, slot } = createWorld();
  merged.adopt(session(1), slot, { lastSeenS: startMs / 1000 - 50, unconfirmed: false });
  merged.sweep(clock.nowMs(), everyRow);
  expect(slot.sessions).toBe(1);
  await clock.advance(10_000);
  merged.sweep(clock.nowMs(), everyRow);
  expect(slot.sessions).toBe(0);
});

test('a slot that another endpoint has got is counted for that one', () => {
  const { clock, merged, slot, one, flush } = createWorld();
  one.sessions.open(session(1), one.slot, clock.nowMs());
  flush();
  one.sessions.end(session(1), 'Application');
  one.sessions.close(session(1), clock.nowMs());
  one.sessions.slots.detach(one.slot);
  const other = { ...endpoint, uid: 'b', id: 'b' };
  const otherSlot = merged.slots.attach(other, slot.backend);
  const [before, after] = [one.slot.number, one.sessions.slots.attach(other, one.slot.backend)];
  expect(after.number).toBe(before);
  one.sessions.open(session(2), after, clock.nowMs());
  flush();
  expect([slot.sessions, slot.open, otherSlot.sessions, otherSlot.open]).toEqual([0, 0, 1, 1]);
});

test('whatever workers serve, the merged count is that of the sessions which any of them counts', () => {
  const step = fc.record({
    worker: fc.integer({ min: 0, max: 2 }),
    id: fc.integer({ min: 0, max: 12 }),
    what: fc.constantFrom('begin', 'open', 'close', 'end', 'flush', 'sweep'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const primary = createPrimary();
      const workers = [0, 1, 2].map((number) => createWorker(primary, number));
      let nowMs = startMs;
      for (const { worker, id, what } of steps) {
        const { sessions, slot, counts } = workers[worker] ?? createWorker(primary, worker);
        nowMs += 5000;
        if (what === 'open') sessions.open(session(id), slot, nowMs);
        else if (what === 'close') sessions.close(session(id), nowMs);
        else if (what === 'end') for (const one of workers) one.sessions.end(session(id), 'Application');
        else if (what === 'sweep') sessions.sweep(nowMs, everyRow);
        else if (what === 'flush') counts.flush();
        else if (sessions.isConfirmed(session(id)) === undefined) {
          sessions.begin(session(id), slot, { nowMs, start: 'Unconfirmed' });
        }
      }
      for (const { counts } of workers) counts.flush();
      const all = workers.flatMap(({ sessions }) => [...sessions.all()]);
      const ids = new Set(all.map(({ sessionLo }) => sessionLo));
      const listed = [...primary.merged.all()].map(({ sessionLo }) => sessionLo);
      expect(new Set(listed)).toEqual(ids);
      expect(listed).toHaveLength(ids.size);
      const open = workers.reduce((sum, { slot }) => sum + slot.open, 0);
      expect(primary.slot.open).toBe(open);
      const rows = primary.merged.size();
      expect(primary.slot.sessions + primary.slot.unconfirmed).toBe(rows);
    }),
    // Each makes four session tables.
    { numRuns: 25 },
  );
});
