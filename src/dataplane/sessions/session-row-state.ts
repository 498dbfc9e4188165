/** What the row of a session says about it: its marks, its limits, and lists of all rows. */
import { confirmTimeoutMs, heldMs } from '../../core/session/confirmation.ts';
import { renewAfterMs } from '../../core/session/token.ts';
import type { SessionLimits } from '../../wire/routing-table.ts';
import type { EndReason } from './counters.ts';
import type { EndpointSlot, EndpointSlots } from './endpoint-slots.ts';
import { cell, mark, oneOpen, type SessionRows } from './session-rows.ts';

/**
 * How long an unconfirmed session still counts here when another proxy has confirmed it. The operator's replicas learn of both changes
 * through different connections: until the other proxy's count has reached all of them (a report counts for 5 s), none may see zero.
 */
const movedMs = 6000;

type At = { limits: SessionLimits; nowMs: number };

const everyMark = mark.over | mark.unconfirmed | mark.moved;

export const has = (rows: SessionRows, row: number, wanted: number): boolean => (cell(rows.use, row) & wanted) !== 0;

/** Whether a row has this mark and no other. */
export const isOnly = (rows: SessionRows, row: number, wanted: number): boolean =>
  (cell(rows.use, row) & everyMark) === wanted;

/** Over, with nothing left open. */
export const isOver = (rows: SessionRows, row: number): boolean =>
  has(rows, row, mark.over) && cell(rows.use, row) < oneOpen;

/** Whether the client has held something open for so long that it keeps its session. */
export const isHeld = (rows: SessionRows, row: number, nowMs: number): boolean =>
  cell(rows.use, row) >= oneOpen && nowMs - cell(rows.lastSeenS, row) * 1000 >= heldMs;

/** Returns why a session ends now; undefined while it goes on. */
export function pastLimit(rows: SessionRows, row: number, { limits, nowMs }: At): EndReason | undefined {
  if (cell(rows.use, row) >= oneOpen) return undefined;
  if (limits.absoluteTimeoutMs !== undefined && cell(rows.issuedAtS, row) * 1000 + limits.absoluteTimeoutMs <= nowMs) {
    return 'Absolute';
  }
  const idleMs = nowMs - cell(rows.lastSeenS, row) * 1000;
  if (has(rows, row, mark.moved)) return idleMs >= Math.min(movedMs, limits.idleTimeoutMs) ? 'Moved' : undefined;
  if (has(rows, row, mark.unconfirmed)) return idleMs >= confirmTimeoutMs(limits) ? 'Unconfirmed' : undefined;
  return idleMs >= limits.idleTimeoutMs ? 'Idle' : undefined;
}

/** Whether something has been open for so long that a response would carry a new token. A session that is over needs none. */
export function isOutOfDate(rows: SessionRows, row: number, { limits, nowMs }: At): boolean {
  const isOpen = cell(rows.use, row) >= oneOpen && !has(rows, row, mark.over);
  return isOpen && nowMs - cell(rows.lastSeenS, row) * 1000 > renewAfterMs(limits);
}

export function* listAll(shards: readonly SessionRows[], slots: EndpointSlots) {
  for (const rows of shards) {
    for (let row = 0; row <= rows.mask; row += 1) {
      const slot = slots.byNumber(cell(rows.endpoint, row));
      if (slot === undefined || has(rows, row, mark.over)) continue;
      yield {
        sessionHi: cell(rows.hi, row),
        sessionLo: cell(rows.lo, row),
        issuedAtS: cell(rows.issuedAtS, row),
        lastSeenS: cell(rows.lastSeenS, row),
        unconfirmed: has(rows, row, mark.unconfirmed),
        slot,
      };
    }
  }
}

export function* listSessions(shards: readonly SessionRows[], slot: EndpointSlot) {
  for (const rows of shards) {
    for (let row = 0; row <= rows.mask; row += 1) {
      if (rows.endpoint[row] !== slot.number) continue;
      yield {
        open: Math.floor(cell(rows.use, row) / oneOpen),
        lastSeenS: cell(rows.lastSeenS, row),
        issuedAtS: cell(rows.issuedAtS, row),
        unconfirmed: has(rows, row, mark.unconfirmed),
      };
    }
  }
}
