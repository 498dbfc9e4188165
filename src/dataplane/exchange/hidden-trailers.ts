/**
 * Trailers are subject to the same rules as the headers: session tokens, what an app must not set, and what the route removes are not for the other
 * side. A message with such a trailer is not valid.
 */
import type { Head } from '../http/head.ts';
import { lineStart, nameEnd, valueText } from '../http/head-fields.ts';
import { noHeaderNames, type HeaderNames } from '../http/header-names.ts';
import type { RequestEdits, TokenFilter } from '../routing.ts';

export function hidesFromApp(trailers: Head, filter: TokenFilter, edits: RequestEdits | undefined): boolean {
  const removed = edits?.headers?.removed ?? noHeaderNames;
  return some(trailers, (index) => {
    if (nameIn(removed, trailers, index) !== undefined) return true;
    const name = nameIn(filter.headers, trailers, index);
    return name !== undefined && filter.hidesFromApp(name, valueText(trailers, index));
  });
}

export function hidesFromClient(trailers: Head, filter: TokenFilter): boolean {
  return some(trailers, (index) => {
    const name = nameIn(filter.headers, trailers, index);
    return name !== undefined && filter.hidesFromClient(name, valueText(trailers, index));
  });
}

const nameIn = (names: HeaderNames, head: Head, index: number): string | undefined =>
  names.find(head.bytes, lineStart(head, index), nameEnd(head, index));

function some(trailers: Head, test: (index: number) => boolean): boolean {
  for (let index = 0; index < trailers.count; index += 1) if (test(index)) return true;
  return false;
}
