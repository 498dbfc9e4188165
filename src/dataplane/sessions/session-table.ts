/**
 * The sessions of this proxy, and how many each endpoint has.
 *
 *                      open()                       close(), nothing else open
 *     (token arrives) ────────► open, n requests ──────────────────────────────► idle ──idle or absolute limit──► gone
 *                                  │        ▲                                      │
 *                                  │ end()  └──────────────────open()──────────────┘
 *                                  ▼
 *                               over, but still open ──last close()──► gone
 *
 * A session that is over but has something open still counts: its pod must not stop during an open response.
 */
import { renewAfterMs, tokenSeconds } from '../../core/session/token.ts';
import type { SessionLimits } from '../../wire/routing-table.ts';
import type { EndReason } from './counters.ts';
import { createEndpointSlots, type EndpointSlot, type EndpointSlots } from './endpoint-slots.ts';
import type { SessionId } from './session-ids.ts';
import type { OutgoingNotices } from './session-notices.ts';
import { cell, createRows, findRow, insertRow, removeRow, type SessionRows } from './session-rows.ts';

export type SessionEntry = SessionId & { issuedAtS: number };

export interface SessionTable {
  readonly slots: EndpointSlots;
  /** Returns the number of sessions. */
  size(): number;
  /** Increases with every change of a count that is reported. */
  changes(): number;
  /** Returns when the session was last seen alive here: now, while something is open; undefined if it is unknown. */
  seenMs(session: SessionId, nowMs: number): number | undefined;
  /** A request or stream of the session begins. A session that is new to this replica is added. */
  open(session: SessionEntry, slot: EndpointSlot, nowMs: number): void;
  /** Adds a session that another proxy handed over, with the date from that proxy. */
  adopt(session: SessionEntry, slot: EndpointSlot, lastSeenS: number): void;
  /** A request or stream of the session ended. */
  close(session: SessionId, nowMs: number): void;
  /** The session ends before its limits. */
  end(session: SessionId, reason: EndReason): void;
  /** A request that may start a session was sent, or has finished: meanwhile its endpoint is not free. */
  addStarting(slot: EndpointSlot, change: 1 | -1): void;
  /**
   * Ends sessions that are beyond their limits, and sends notices of sessions that a long stream keeps alive. Stops after about `maxRows`
   * rows; the next call continues there.
   */
  sweep(nowMs: number, maxRows: number): void;
  /** Returns every session that is not over, with its endpoint. The table must not change during the iteration. */
  all(): Iterable<SessionEntry & { slot: EndpointSlot; lastSeenS: number }>;
  /** Returns up to `limit` sessions of an endpoint, for the debug page. */
  list(slot: EndpointSlot, limit: number): { open: number; lastSeenS: number; issuedAtS: number }[];
}

const over = 1;
const oneOpen = 2;

/** Rows are spread over many small tables, because a table that grows is rehashed at once: one of a million rows would stop the proxy for 0.1 s. */
const shardCount = 256;
const firstCapacity = 64;

/** `seen`: receives the sessions whose tokens become outdated during an open stream. */
export function createSessionTable(seen: Pick<OutgoingNotices, 'hasRoom' | 'add'>): SessionTable {
  const shards = Array.from({ length: shardCount }, () => createRows(firstCapacity));
  const spare = createRows(firstCapacity);
  const shardOf = ({ sessionHi }: SessionId) => shards[sessionHi % shardCount] ?? spare;
  const slots = createEndpointSlots();
  let changes = 0;
  let nextShard = 0;

  const remove = (rows: SessionRows, row: number) => {
    const slot = slots.byNumber(cell(rows.endpoint, row));
    removeRow(rows, row);
    changes += 1;
    if (slot === undefined) return;
    slot.sessions -= 1;
    slots.releaseIfUnused(slot);
  };

  const insert = (rows: SessionRows, session: SessionEntry, slot: EndpointSlot) => {
    const row = insertRow(rows, session, slot.number);
    rows.issuedAtS[row] = session.issuedAtS;
    slot.sessions += 1;
    changes += 1;
    return row;
  };

  const touch = (rows: SessionRows, row: number, { nowMs, change }: { nowMs: number; change: 1 | -1 }) => {
    const nowS = tokenSeconds(nowMs);
    rows.lastSeenS[row] = nowS;
    rows.use[row] = cell(rows.use, row) + change * oneOpen;
    const slot = slots.byNumber(cell(rows.endpoint, row));
    if (slot === undefined) return;
    slot.open += change;
    slot.lastSeenS = Math.max(slot.lastSeenS, nowS);
  };

  /** If there is no room for the notice, the date stays as it is, and a later sweep tries again. */
  const refresh = (rows: SessionRows, row: number, { slot, nowMs }: { slot: EndpointSlot; nowMs: number }) => {
    if (!isOutOfDate(rows, row, { limits: slot.backend.limits, nowMs }) || !seen.hasRoom(nowMs)) return;
    seen.add({ sessionHi: cell(rows.hi, row), sessionLo: cell(rows.lo, row) }, nowMs);
    slot.lastSeenS = tokenSeconds(nowMs);
    rows.lastSeenS[row] = slot.lastSeenS;
  };

  const sweepShard = (rows: SessionRows, nowMs: number) => {
    for (let row = 0; row <= rows.mask;) {
      // A free row has no slot: the numbers of slots start at 1.
      const slot = slots.byNumber(cell(rows.endpoint, row));
      const reason = slot && pastLimit(rows, row, { limits: slot.backend.limits, nowMs });
      if (slot !== undefined && reason !== undefined) {
        // Another row moves into the hole: it is examined next.
        slot.backend.counters.ended[reason] += 1;
        remove(rows, row);
        continue;
      }
      if (slot !== undefined) refresh(rows, row, { slot, nowMs });
      row += 1;
    }
  };

  return {
    slots,
    size: () => shards.reduce((sum, { size }) => sum + size, 0),
    changes: () => changes,
    seenMs(session, nowMs) {
      const rows = shardOf(session);
      const row = findRow(rows, session);
      if (row === -1) return undefined;
      return cell(rows.use, row) >= oneOpen ? nowMs : cell(rows.lastSeenS, row) * 1000;
    },
    open(session, slot, nowMs) {
      const rows = shardOf(session);
      const found = findRow(rows, session);
      touch(rows, found === -1 ? insert(rows, session, slot) : found, { nowMs, change: 1 });
    },
    adopt(session, slot, lastSeenS) {
      const rows = shardOf(session);
      const found = findRow(rows, session);
      const row = found === -1 ? insert(rows, session, slot) : found;
      rows.lastSeenS[row] = Math.max(cell(rows.lastSeenS, row), lastSeenS);
      const counted = slots.byNumber(cell(rows.endpoint, row));
      if (counted !== undefined) counted.lastSeenS = Math.max(counted.lastSeenS, lastSeenS);
    },
    close(session, nowMs) {
      const rows = shardOf(session);
      const row = findRow(rows, session);
      if (row === -1 || cell(rows.use, row) < oneOpen) return;
      touch(rows, row, { nowMs, change: -1 });
      if (cell(rows.use, row) === over) remove(rows, row);
    },
    end(session, reason) {
      const rows = shardOf(session);
      const row = findRow(rows, session);
      if (row === -1 || cell(rows.use, row) % oneOpen === over) return;
      const slot = slots.byNumber(cell(rows.endpoint, row));
      if (slot !== undefined) slot.backend.counters.ended[reason] += 1;
      rows.use[row] = cell(rows.use, row) + over;
      if (cell(rows.use, row) === over) remove(rows, row);
    },
    addStarting(slot, change) {
      slot.starting += change;
      changes += 1;
      slots.releaseIfUnused(slot);
    },
    sweep(nowMs, maxRows) {
      for (let shard = 0, examined = 0; shard < shardCount && examined < maxRows; shard += 1) {
        const rows = shards[nextShard] ?? spare;
        sweepShard(rows, nowMs);
        examined += rows.mask + 1;
        nextShard = (nextShard + 1) % shardCount;
      }
    },
    all: () => listAll(shards, slots),
    list(slot, limit) {
      const listed = [];
      for (const session of listSessions(shards, slot)) if (listed.push(session) === limit) break;
      return listed;
    },
  };
}

type At = { limits: SessionLimits; nowMs: number };

function pastLimit(rows: SessionRows, row: number, { limits, nowMs }: At): EndReason | undefined {
  if (cell(rows.use, row) !== 0) return undefined;
  if (limits.absoluteTimeoutMs !== undefined && cell(rows.issuedAtS, row) * 1000 + limits.absoluteTimeoutMs <= nowMs) {
    return 'Absolute';
  }
  return cell(rows.lastSeenS, row) * 1000 + limits.idleTimeoutMs <= nowMs ? 'Idle' : undefined;
}

/** Whether something has been open for so long that a response would carry a new token. A session that is over needs none. */
function isOutOfDate(rows: SessionRows, row: number, { limits, nowMs }: At): boolean {
  const use = cell(rows.use, row);
  return use >= oneOpen && use % oneOpen !== over && nowMs - cell(rows.lastSeenS, row) * 1000 > renewAfterMs(limits);
}

function* listAll(shards: readonly SessionRows[], slots: EndpointSlots) {
  for (const rows of shards) {
    for (let row = 0; row <= rows.mask; row += 1) {
      const slot = slots.byNumber(cell(rows.endpoint, row));
      if (slot === undefined || cell(rows.use, row) % oneOpen === over) continue;
      yield {
        sessionHi: cell(rows.hi, row),
        sessionLo: cell(rows.lo, row),
        issuedAtS: cell(rows.issuedAtS, row),
        lastSeenS: cell(rows.lastSeenS, row),
        slot,
      };
    }
  }
}

function* listSessions(shards: readonly SessionRows[], slot: EndpointSlot) {
  for (const rows of shards) {
    for (let row = 0; row <= rows.mask; row += 1) {
      if (rows.endpoint[row] !== slot.number) continue;
      yield {
        open: cell(rows.use, row) >> 1,
        lastSeenS: cell(rows.lastSeenS, row),
        issuedAtS: cell(rows.issuedAtS, row),
      };
    }
  }
}
