/**
 * A routing table and an object of the API server arrive as JSON: all parts are new objects, although most are equal to the previous ones.
 * Equal parts are replaced by the previous objects, so that later steps detect unchanged parts by comparing references: in a table with
 * 5,000 endpoints and a change of one, that is all but one.
 */
import { isRecord } from './record.ts';

/**
 * Returns `next`, in which every part that is equal to its counterpart in `before` is replaced by it; `before` itself if both are equal.
 * `next` is plain JSON that belongs to the caller: it is changed in place.
 */
export function shareUnchanged<T>(before: T, next: T): T {
  if (before === next) return next;
  if (Array.isArray(before) && Array.isArray(next)) return shareItems(before, next) ? before : next;
  return isRecord(before) && isRecord(next) && shareProperties(before, next) ? before : next;
}

/** Changes `next` in place. Returns whether the two are equal. */
function shareProperties(before: Record<string, unknown>, next: Record<string, unknown>): boolean {
  let equal = true;
  for (const name in next) {
    const [old, value] = [before[name], next[name]];
    if (value === old) continue;
    const shared = shareUnchanged(old, value);
    if (shared === old) next[name] = shared;
    else equal = false;
  }
  for (const name in before) if (!(name in next)) return false;
  return equal;
}

/**
 * Shares the equal beginnings and ends of two lists, whatever was inserted or removed between: endpoints are sorted by pod UID, so an
 * additional pod moves all that follow it.
 */
function shareItems(before: readonly unknown[], next: unknown[]): boolean {
  let start = 0;
  const shorter = Math.min(before.length, next.length);
  const shareAt = (from: number, to: number) => {
    const shared = shareUnchanged(before[from], next[to]);
    if (shared !== before[from]) return false;
    next[to] = shared;
    return true;
  };
  while (start < shorter && shareAt(start, start)) start += 1;
  if (start === shorter && before.length === next.length) return true;
  let end = 0;
  while (end < shorter - start && shareAt(before.length - 1 - end, next.length - 1 - end)) end += 1;
  // Between the two, item by item if the numbers are equal: two pods may change at the same time.
  if (before.length === next.length) {
    for (let index = start; index < next.length - end; index += 1) shareAt(index, index);
  }
  return false;
}
