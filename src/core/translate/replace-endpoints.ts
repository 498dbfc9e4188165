/** Replaces some endpoints of a backend: lists with thousands stay sorted without being sorted again. */
import type { Endpoint } from '../../wire/routing-table.ts';
import { sameEndpoint } from '../../wire/same-endpoint.ts';

/** `list`: sorted by UID. `changes`: by UID; undefined for endpoints that are gone. Returns the list itself if nothing differs. */
export function replaceEndpoints(list: Endpoint[], changes: ReadonlyMap<string, Endpoint | undefined>): Endpoint[] {
  let next: Endpoint[] | undefined;
  for (const [uid, endpoint] of changes) {
    const current = next ?? list;
    const at = placeOf(uid, current);
    const known = current[at]?.uid === uid ? current[at] : undefined;
    if (sameEndpoint(known, endpoint)) continue;
    next ??= [...list];
    next.splice(at, known ? 1 : 0, ...(endpoint ? [endpoint] : []));
  }
  return next ?? list;
}

function placeOf(uid: string, list: readonly Endpoint[]): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((list[middle]?.uid ?? '') < uid) from = middle + 1;
    else to = middle;
  }
  return from;
}
