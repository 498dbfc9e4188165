/**
 * The sessions of this proxy, and how many each endpoint has.
 *
 *     begin(), open()                               close(), nothing else open
 *     ────────────────► open, n requests ──────────────────────────────► idle ──idle or absolute limit──► gone
 *                          │        ▲                                      │
 *                          │ end()  └──────────────────open()──────────────┘
 *                          ▼
 *                       over, but still open ──last close()──► gone
 *
 * A session that is over but has something open still counts: its pod must not stop during an open response.
 *
 * Beside this, a session is unconfirmed or confirmed (see `core/session/confirmation.ts`). An unconfirmed one ends after the confirm
 * timeout instead of the idle timeout.
 */
import type { Start } from '../../core/session/confirmation.ts';
import { tokenSeconds } from '../../core/session/token.ts';
import type { EndReason } from './counters.ts';
import { createEndpointSlots, type EndpointSlot, type EndpointSlots } from './endpoint-slots.ts';
import type { SessionId } from './session-ids.ts';
import type { OutgoingNotices } from './session-notices.ts';
import { has, isHeld, isOnly, isOutOfDate, isOver, listAll, listSessions, pastLimit } from './session-row-state.ts';
import { cell, findRow, idOf, insertRow, mark, oneOpen, removeRow, type SessionRows } from './session-rows.ts';
import { createShards } from './session-shards.ts';

export type SessionEntry = SessionId & { issuedAtS: number };

/** What a returning token shows: the session is new to this replica, the token confirms it, or neither. */
export type Opened = 'Added' | 'Confirmed' | 'Known';

export interface SessionTable {
  readonly slots: EndpointSlots;
  /** Returns the number of sessions. */
  size(): number;
  /** Increases with every change of a count of a draining endpoint. */
  drainingChanges(): number;
  /** Returns when the session was last seen alive here: now, while something is open; undefined if it is unknown. */
  seenMs(session: SessionId, nowMs: number): number | undefined;
  /** Returns whether the client has returned with its token; undefined if this replica does not count the session. */
  isConfirmed(session: SessionId): boolean | undefined;
  /** A session starts: the head of its first response has arrived. */
  begin(session: SessionEntry, slot: EndpointSlot, at: { nowMs: number; start: Start }): void;
  /** A request or stream of the session begins, with its token: from now on it is confirmed. */
  open(session: SessionEntry, slot: EndpointSlot, nowMs: number): Opened;
  /** Adds a session that another proxy handed over, with the date from that proxy. */
  adopt(session: SessionEntry, slot: EndpointSlot, from: { lastSeenS: number; unconfirmed: boolean }): void;
  /** Another proxy has just seen the session, and counts it as confirmed. */
  seenElsewhere(session: SessionId, nowMs: number): void;
  /** A request or stream of the session ended. */
  close(session: SessionId, nowMs: number): void;
  /** The session ends before its limits. */
  end(session: SessionId, reason: EndReason): void;
  /** A request that may start a session was sent, or has finished: meanwhile its endpoint is not free. */
  addStarting(slot: EndpointSlot, start: Start, change: 1 | -1): void;
  /**
   * Ends sessions that are beyond their limits, and sends notices of sessions that a long stream keeps alive. Stops after about `maxRows`
   * rows; the next call continues there.
   */
  sweep(nowMs: number, maxRows: number): void;
  /** Returns every session that is not over, with its endpoint. The table must not change during the iteration. */
  all(): Iterable<SessionEntry & { slot: EndpointSlot; lastSeenS: number; unconfirmed: boolean }>;
  /** Returns up to `limit` sessions of an endpoint, for the debug page. */
  list(
    slot: EndpointSlot,
    limit: number,
  ): { open: number; lastSeenS: number; issuedAtS: number; unconfirmed: boolean }[];
}

/** Is told what begins and ends, for a count elsewhere. */
export interface SessionWatcher {
  added(session: SessionEntry, slot: EndpointSlot, unconfirmed: boolean): void;
  confirmed(session: SessionId): void;
  /** Before its limits; it may still have something open. */
  ended(session: SessionId, reason: EndReason): void;
  /** It is not counted any more. `reason`: absent if it had ended before. */
  removed(session: SessionId, reason?: EndReason): void;
}

const noWatcher: SessionWatcher = {
  added: () => undefined,
  confirmed: () => undefined,
  ended: () => undefined,
  removed: () => undefined,
};

/** `seen`: receives the sessions whose tokens become outdated during an open stream. */
export function createSessionTable(
  seen: Pick<OutgoingNotices, 'add'>,
  watcher: SessionWatcher = noWatcher,
): SessionTable {
  const shards = createShards();
  const slots = createEndpointSlots();
  let drainingChanges = 0;

  const noteChange = (slot: EndpointSlot) => {
    slots.noteChange(slot);
    if (slot.endpoint.state === 'Draining') drainingChanges += 1;
  };

  const remove = (rows: SessionRows, row: number, reason?: EndReason) => {
    watcher.removed(idOf(rows, row), reason);
    const slot = slots.byNumber(cell(rows.endpoint, row));
    const isUnconfirmed = has(rows, row, mark.unconfirmed);
    removeRow(rows, row);
    if (slot === undefined) return;
    noteChange(slot);
    if (isUnconfirmed) slot.unconfirmed -= 1;
    else slot.sessions -= 1;
    slots.releaseIfUnused(slot);
  };

  const insert = (rows: SessionRows, session: SessionEntry, slot: EndpointSlot, marks: number) => {
    const row = insertRow(rows, session, slot.number);
    rows.issuedAtS[row] = session.issuedAtS;
    rows.use[row] = marks;
    if (marks === mark.unconfirmed) slot.unconfirmed += 1;
    else slot.sessions += 1;
    noteChange(slot);
    watcher.added(session, slot, marks === mark.unconfirmed);
    return row;
  };

  /** The session must be unconfirmed. */
  const confirm = (rows: SessionRows, row: number) => {
    rows.use[row] = cell(rows.use, row) & ~(mark.unconfirmed | mark.moved);
    watcher.confirmed(idOf(rows, row));
    const slot = slots.byNumber(cell(rows.endpoint, row));
    if (slot === undefined) return;
    noteChange(slot);
    slot.unconfirmed -= 1;
    slot.sessions += 1;
    slot.backend.counters.confirmed += 1;
  };

  const touch = (rows: SessionRows, row: number, { nowMs, change }: { nowMs: number; change: 1 | -1 }) => {
    const nowS = tokenSeconds(nowMs);
    rows.lastSeenS[row] = nowS;
    rows.use[row] = cell(rows.use, row) + change * oneOpen;
    const slot = slots.byNumber(cell(rows.endpoint, row));
    if (slot === undefined) return;
    slots.noteChange(slot);
    slot.open += change;
    if (has(rows, row, mark.unconfirmed)) slot.unconfirmedSeenS = Math.max(slot.unconfirmedSeenS, nowS);
    else slot.lastSeenS = Math.max(slot.lastSeenS, nowS);
  };

  /** Confirms a session whose client holds something open, or has held it until now. */
  const confirmHeld = (rows: SessionRows, row: number, nowMs: number) => {
    if (has(rows, row, mark.unconfirmed) && isHeld(rows, row, nowMs)) confirm(rows, row);
  };

  /** If there is no room for the notice, the date stays as it is, and a later sweep tries again. */
  const refresh = (rows: SessionRows, row: number, { slot, nowMs }: { slot: EndpointSlot; nowMs: number }) => {
    if (!isOutOfDate(rows, row, { limits: slot.backend.limits, nowMs })) return;
    if (!seen.add(idOf(rows, row), nowMs)) return;
    slots.noteChange(slot);
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
        remove(rows, row, reason);
        continue;
      }
      if (slot !== undefined) {
        confirmHeld(rows, row, nowMs);
        refresh(rows, row, { slot, nowMs });
      }
      row += 1;
    }
  };

  return {
    slots,
    size: shards.size,
    drainingChanges: () => drainingChanges,
    seenMs(session, nowMs) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      // What is open of a session that is over does not keep its token alive.
      if (row === -1 || has(rows, row, mark.over)) return undefined;
      return cell(rows.use, row) >= oneOpen ? nowMs : cell(rows.lastSeenS, row) * 1000;
    },
    isConfirmed(session) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      return row === -1 ? undefined : !has(rows, row, mark.unconfirmed);
    },
    begin(session, slot, { nowMs, start }) {
      const rows = shards.of(session);
      const isConfirmed = start === 'Confirmed';
      if (isConfirmed) slot.backend.counters.confirmed += 1;
      touch(rows, insert(rows, session, slot, isConfirmed ? 0 : mark.unconfirmed), { nowMs, change: 1 });
    },
    open(session, slot, nowMs) {
      const rows = shards.of(session);
      const found = findRow(rows, session);
      const isUnconfirmed = found !== -1 && has(rows, found, mark.unconfirmed);
      if (isUnconfirmed) confirm(rows, found);
      touch(rows, found === -1 ? insert(rows, session, slot, 0) : found, { nowMs, change: 1 });
      if (found === -1) return 'Added';
      return isUnconfirmed ? 'Confirmed' : 'Known';
    },
    adopt(session, slot, { lastSeenS, unconfirmed }) {
      const rows = shards.of(session);
      const found = findRow(rows, session);
      const row = found === -1 ? insert(rows, session, slot, unconfirmed ? mark.unconfirmed : 0) : found;
      if (!unconfirmed && has(rows, row, mark.unconfirmed)) confirm(rows, row);
      rows.lastSeenS[row] = Math.max(cell(rows.lastSeenS, row), lastSeenS);
      const counted = slots.byNumber(cell(rows.endpoint, row));
      if (counted === undefined) return;
      slots.noteChange(counted);
      if (has(rows, row, mark.unconfirmed)) counted.unconfirmedSeenS = Math.max(counted.unconfirmedSeenS, lastSeenS);
      else counted.lastSeenS = Math.max(counted.lastSeenS, lastSeenS);
    },
    seenElsewhere(session, nowMs) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row === -1 || !isOnly(rows, row, mark.unconfirmed)) return;
      // The client uses both proxies at the same time: both count it, as any other session.
      if (cell(rows.use, row) >= oneOpen) {
        confirm(rows, row);
        return;
      }
      rows.use[row] = cell(rows.use, row) | mark.moved;
      rows.lastSeenS[row] = tokenSeconds(nowMs);
    },
    close(session, nowMs) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row === -1 || cell(rows.use, row) < oneOpen) return;
      confirmHeld(rows, row, nowMs);
      touch(rows, row, { nowMs, change: -1 });
      if (isOver(rows, row)) remove(rows, row);
    },
    end(session, reason) {
      const rows = shards.of(session);
      const row = findRow(rows, session);
      if (row === -1 || has(rows, row, mark.over)) return;
      const slot = slots.byNumber(cell(rows.endpoint, row));
      if (slot !== undefined) slot.backend.counters.ended[reason] += 1;
      watcher.ended(session, reason);
      rows.use[row] = cell(rows.use, row) | mark.over;
      if (isOver(rows, row)) remove(rows, row);
    },
    addStarting(slot, start, change) {
      slot.starting += change;
      if (start === 'Confirmed') slot.startingConfirmed += change;
      noteChange(slot);
      slots.releaseIfUnused(slot);
    },
    sweep(nowMs, maxRows) {
      shards.sweep(maxRows, (rows) => sweepShard(rows, nowMs));
    },
    all: () => listAll(shards.all, slots),
    list(slot, limit) {
      const listed = [];
      for (const session of listSessions(shards.all, slot)) if (listed.push(session) === limit) break;
      return listed;
    },
  };
}
