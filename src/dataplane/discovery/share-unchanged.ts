/**
 * A table arrives as JSON, all of it new objects though most of it says what it said before. Here what is equal becomes the same object
 * again, so that everything behind can tell by a comparison of references what it need not do anew: with 5,000 endpoints and a change
 * of one that is all but one.
 */
import { isRecord } from '../../platform/record.ts';

/**
 * `next`, with every part that is equal to the part of `before` in its place replaced by it; `before` itself where all is equal.
 * `next` is plain JSON that is the caller's own: it is changed in place.
 */
export function shareUnchanged<T>(before: T, next: T): T {
  if (before === next) return next;
  if (Array.isArray(before) && Array.isArray(next)) return shareItems(before, next) ? before : next;
  return isRecord(before) && isRecord(next) && shareProperties(before, next) ? before : next;
}

/** Changes `next` in place; whether the two are equal. */
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
 * Lists that are equal at their beginning and at their end, whatever was put in or taken out between: endpoints are sorted by pod UID,
 * so one pod more moves all that come after it.
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
  // Between the two, item by item where as many are left: two pods that change at the same moment are two changes.
  if (before.length === next.length) {
    for (let index = start; index < next.length - end; index += 1) shareAt(index, index);
  }
  return false;
}
