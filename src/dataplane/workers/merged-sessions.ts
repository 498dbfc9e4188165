/**
 * The sessions of all workers, each counted once. A row has a bit for each worker that counts its session, in the place of the open requests:
 *
 *     added by a worker ──► counted by one or more workers ──the last one removes it──► gone
 *                                  │            ▲
 *              its workers are gone│            │a client returns
 *                                  ▼            │
 *                              of no worker ────┘ ──idle or absolute limit──► gone
 *
 * A worker removes a session when it has not seen it for the idle timeout, so the one that has seen it last decides. What a worker counted
 * that has died counts here from then on, as if it had been seen at that moment: too high rather than too low.
 */
import { tokenSeconds } from '../../core/session/token.ts';
import type { EndReason } from '../sessions/counters.ts';
import { createEndpointSlots, type EndpointSlot } from '../sessions/endpoint-slots.ts';
import type { SessionId } from '../sessions/session-ids.ts';
import { has, isOver, listAll, listSessions, pastLimit } from '../sessions/session-row-state.ts';
import { cell, findRow, insertRow, mark, oneOpen, removeRow, type SessionRows } from '../sessions/session-rows.ts';
import { createShards } from '../sessions/session-shards.ts';
import { totalOf, type EndpointTotal } from './totals.ts';
import type { SessionEntry, SessionTable } from '../sessions/session-table.ts';

export interface MergedSessions extends SessionTable {
  /** A worker counts the session. `worker`: from 0, below `maxWorkers`. */
  added(session: SessionEntry, by: { worker: number; slot: EndpointSlot; unconfirmed: boolean }): void;
  confirmed(session: SessionId): void;
  /** A worker does not count it any more. */
  removed(session: SessionId, by: { worker: number; reason: EndReason | undefined }): void;
  /** A worker has seen it then. */
  dated(session: SessionId, lastSeenS: number): void;
  /** The worker is gone. `nowMs`: absent if it has said when it last saw its sessions. */
  release(worker: number, nowMs: number | undefined): void;
  /** A count of a slot has changed that counts as a session in reports, or another one. */
  noteChange(slot: EndpointSlot): void;
  noteLoad(slot: EndpointSlot): void;
  totals(): EndpointTotal[];
  /** Of the endpoints whose counts have changed since the last call. */
  takeChangedTotals(): EndpointTotal[];
}

/** Bits of a row that are no marks. */
export const maxWorkers = 29;

const bitOf = (worker: number): number => oneOpen << worker;

const serveNone = (): never => {
  throw new Error('the primary process serves no request');
};

export function createMergedSessions(): MergedSessions {
  const shards = createShards();
  const slots = createEndpointSlots();
  /** Since the last `takeChangedTotals`; `slots` has its own for the reports. */
  const changed = new Set<EndpointSlot>();
  let drainingChanges = 0;

  const noteLoad = (slot: EndpointSlot) => {
    changed.add(slot);
    slots.noteChange(slot);
  };

  const noteChange = (slot: EndpointSlot) => {
    noteLoad(slot);
    if (slot.endpoint.state === 'Draining') drainingChanges += 1;
    slots.releaseIfUnused(slot);
  };

  const count = (slot: EndpointSlot, isUnconfirmed: boolean, change: 1 | -1) => {
    if (isUnconfirmed) slot.unconfirmed += change;
    else slot.sessions += change;
    noteChange(slot);
  };

  const remove = (rows: SessionRows, row: number, reason: EndReason | undefined) => {
    const slot = slots.byNumber(cell(rows.endpoint, row));
    const isUnconfirmed = has(rows, row, mark.unconfirmed);
    removeRow(rows, row);
    if (slot === undefined) return;
    if (reason !== undefined) slot.backend.counters.ended[reason] += 1;
    count(slot, isUnconfirmed, -1);
  };

  const insert = (session: SessionEntry, slot: EndpointSlot, unconfirmed: boolean) => {
    const rows = shards.of(session);
    const row = insertRow(rows, session, slot.number);
    rows.issuedAtS[row] = session.issuedAtS;
    rows.use[row] = unconfirmed ? mark.unconfirmed : 0;
    count(slot, unconfirmed, 1);
    return row;
  };

  const confirm = (rows: SessionRows, row: number) => {
    if (!has(rows, row, mark.unconfirmed)) return;
    rows.use[row] = cell(rows.use, row) & ~mark.unconfirmed;
    const slot = slots.byNumber(cell(rows.endpoint, row));
    if (slot === undefined) return;
    slot.unconfirmed -= 1;
    count(slot, false, 1);
  };

  /** Counts a session of which at least this is known. */
  const take = (session: SessionEntry, slot: EndpointSlot, { lastSeenS, unconfirmed, bits }: Taken) => {
    const rows = shards.of(session);
    const found = findRow(rows, session);
    const row = found === -1 ? insert(session, slot, unconfirmed) : found;
    if (!unconfirmed) confirm(rows, row);
    rows.use[row] = cell(rows.use, row) | bits;
    rows.lastSeenS[row] = Math.max(cell(rows.lastSeenS, row), lastSeenS);
  };

  const drop = (rows: SessionRows, row: number, by: { worker: number; reason: EndReason | undefined }) => {
    rows.use[row] = cell(rows.use, row) & ~bitOf(by.worker);
    if (cell(rows.use, row) < oneOpen) remove(rows, row, has(rows, row, mark.over) ? undefined : by.reason);
  };

  /** Returns whether the row is gone, and another in its place. */
  const releaseRow = (rows: SessionRows, row: number, { worker, nowS }: { worker: number; nowS: number }) => {
    if (!has(rows, row, bitOf(worker))) return false;
    rows.use[row] = cell(rows.use, row) & ~bitOf(worker);
    rows.lastSeenS[row] = Math.max(cell(rows.lastSeenS, row), nowS);
    if (!isOver(rows, row)) return false;
    remove(rows, row, undefined);
    return true;
  };

  const sweepShard = (rows: SessionRows, nowMs: number) => {
    for (let row = 0; row <= rows.mask;) {
      const slot = slots.byNumber(cell(rows.endpoint, row));
      const reason = slot && pastLimit(rows, row, { limits: slot.backend.limits, nowMs });
      // Another row moves into the hole: it is examined next.
      if (reason === undefined) row += 1;
      else remove(rows, row, reason);
    }
  };

  return {
    slots,
    noteChange,
    noteLoad,
    size: shards.size,
    drainingChanges: () => drainingChanges,
    totals: () => Array.from(new Set(Array.from(listAll(shards.all, slots), ({ slot }) => slot)), totalOf),
    takeChangedTotals() {
      const totals = Array.from(changed, totalOf);
      changed.clear();
      return totals;
    },
    added(session, { worker, slot, unconfirmed }) {
      take(session, slot, { lastSeenS: 0, unconfirmed, bits: bitOf(worker) });
    },
    confirmed(session) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row !== -1) confirm(rows, row);
    },
    removed(session, by) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row !== -1 && has(rows, row, bitOf(by.worker))) drop(rows, row, by);
    },
    dated(session, lastSeenS) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row !== -1) rows.lastSeenS[row] = Math.max(cell(rows.lastSeenS, row), lastSeenS);
    },
    release(worker, nowMs) {
      const nowS = nowMs === undefined ? 0 : tokenSeconds(nowMs);
      for (const rows of shards.all) {
        for (let row = 0; row <= rows.mask;) if (!releaseRow(rows, row, { worker, nowS })) row += 1;
      }
    },
    adopt(session, slot, { lastSeenS, unconfirmed }) {
      take(session, slot, { lastSeenS, unconfirmed, bits: 0 });
      slots.noteChange(slot);
      if (unconfirmed) slot.unconfirmedSeenS = Math.max(slot.unconfirmedSeenS, lastSeenS);
      else slot.lastSeenS = Math.max(slot.lastSeenS, lastSeenS);
    },
    end(session, reason) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row === -1 || has(rows, row, mark.over)) return;
      const slot = slots.byNumber(cell(rows.endpoint, row));
      if (slot !== undefined) slot.backend.counters.ended[reason] += 1;
      rows.use[row] = cell(rows.use, row) | mark.over;
      if (isOver(rows, row)) remove(rows, row, undefined);
    },
    sweep(nowMs, maxRows) {
      shards.sweep(maxRows, (rows) => sweepShard(rows, nowMs));
    },
    all: () => listAll(shards.all, slots),
    list(slot, limit) {
      const listed = [];
      for (const { lastSeenS, issuedAtS, unconfirmed } of listSessions(shards.all, slot)) {
        const seenS = Math.max(lastSeenS, unconfirmed ? slot.unconfirmedSeenS : slot.lastSeenS);
        if (listed.push({ open: 0, lastSeenS: seenS, issuedAtS, unconfirmed }) === limit) break;
      }
      return listed;
    },
    // Another proxy has seen it: the workers know, and move their sessions.
    seenElsewhere: () => undefined,
    seenMs: () => undefined,
    isConfirmed: () => undefined,
    begin: serveNone,
    open: serveNone,
    close: serveNone,
    addStarting: serveNone,
  };
}

type Taken = { lastSeenS: number; unconfirmed: boolean; bits: number };
