/**
 * Rows of live sessions in typed arrays: an open-addressing hash table with linear probing, 24 bytes a row. At most three quarters
 * of the rows are taken, and right after doubling three eighths: 32 to 64 bytes a session, and nothing for the garbage collector.
 *
 * Session ids are 64 random bits that only we hand out, so their low half is the hash, and no client can choose ids that collide.
 * Rows move when others are inserted or removed: never keep a row number, or a column, across either.
 */
import type { SessionId } from './session-ids.ts';

export type SessionRows = {
  size: number;
  /** A power of two less one, so that `& mask` is the remainder. */
  mask: number;
  hi: Uint32Array;
  lo: Uint32Array;
  /** Number of the endpoint's slot, from 1; 0 marks a free row. */
  endpoint: Uint32Array;
  /** Open requests and streams, times eight, and the bits of `mark`. */
  use: Uint32Array;
  lastSeenS: Uint32Array;
  issuedAtS: Uint32Array;
};

/**
 * The low bits of `use`. `over`: the session has ended while something is still open. `unconfirmed`: its client has not returned.
 * `moved`: it has, through another proxy.
 */
export const mark = { over: 1, unconfirmed: 2, moved: 4 } as const;
export const oneOpen = 8;

const columns = ['hi', 'lo', 'endpoint', 'use', 'lastSeenS', 'issuedAtS'] as const;
export const bytesPerRow = columns.length * Uint32Array.BYTES_PER_ELEMENT;

/** `capacity`: a power of two. */
export function createRows(capacity: number): SessionRows {
  const column = () => new Uint32Array(capacity);
  return {
    size: 0,
    mask: capacity - 1,
    hi: column(),
    lo: column(),
    endpoint: column(),
    use: column(),
    lastSeenS: column(),
    issuedAtS: column(),
  };
}

/** Returns a cell; the index is always within the column. */
export const cell = (column: Uint32Array, row: number): number => column[row] ?? 0;

export const idOf = (rows: SessionRows, row: number): SessionId => ({
  sessionHi: cell(rows.hi, row),
  sessionLo: cell(rows.lo, row),
});

/** Returns the row of a session, or -1. */
export function findRow(rows: SessionRows, { sessionHi, sessionLo }: SessionId): number {
  for (let row = sessionLo & rows.mask; rows.endpoint[row] !== 0; row = (row + 1) & rows.mask) {
    if (rows.lo[row] === sessionLo && rows.hi[row] === sessionHi) return row;
  }
  return -1;
}

/** Returns a new row for a session that has none; its other cells are zero. */
export function insertRow(rows: SessionRows, { sessionHi, sessionLo }: SessionId, endpoint: number): number {
  if ((rows.size + 1) * 4 > (rows.mask + 1) * 3) grow(rows);
  const row = freeRow(rows, sessionLo);
  rows.hi[row] = sessionHi;
  rows.lo[row] = sessionLo;
  rows.endpoint[row] = endpoint;
  rows.size += 1;
  return row;
}

function freeRow(rows: SessionRows, lo: number): number {
  let row = lo & rows.mask;
  while (rows.endpoint[row] !== 0) row = (row + 1) & rows.mask;
  return row;
}

/** Removes a row and moves later rows of its probe sequence up, so that no probe ends too early: there are no tombstones to clean. */
export function removeRow(rows: SessionRows, row: number): void {
  let hole = row;
  for (let next = (hole + 1) & rows.mask; rows.endpoint[next] !== 0; next = (next + 1) & rows.mask) {
    const home = cell(rows.lo, next) & rows.mask;
    // The row at `next` may fill the hole only if its probe, which starts at `home`, passes the hole: distances on a ring.
    if (((next - home) & rows.mask) < ((next - hole) & rows.mask)) continue;
    for (const name of columns) rows[name][hole] = cell(rows[name], next);
    hole = next;
  }
  for (const name of columns) rows[name][hole] = 0;
  rows.size -= 1;
}

function grow(rows: SessionRows): void {
  const old = { ...rows };
  Object.assign(rows, createRows((old.mask + 1) * 2), { size: old.size });
  for (let from = 0; from <= old.mask; from += 1) {
    if (old.endpoint[from] === 0) continue;
    const to = freeRow(rows, cell(old.lo, from));
    for (const name of columns) rows[name][to] = cell(old[name], from);
  }
}
