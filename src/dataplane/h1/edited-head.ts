/**
 * Heads that the filters of a route change. They are edited as they would be sent: the request may be routed again, to a backend with other
 * filters, when its own bytes are overwritten.
 */
import type { RequestEdits } from '../routing.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import type { HeaderNames } from '../http/header-names.ts';
import { linesOf } from './header-lines.ts';

/** `head`: up to the empty line. */
export function editRequestHead(head: string, { headers }: RequestEdits): string {
  if (headers === undefined) return head;
  const lines = head.indexOf('\r\n') + 2;
  const end = head.length - 2;
  return `${head.slice(0, lines)}${editLines(head.slice(lines, end), headers)}\r\n`;
}

/** `lines`: whole header lines. */
export const editLines = (lines: string, { removed, added }: HeaderEdits): string =>
  (removed.size === 0 ? lines : withoutLines(lines, removed)) + linesOf(added);

function withoutLines(lines: string, names: HeaderNames): string {
  let kept = '';
  let runStart = 0;
  for (let at = 0; at < lines.length;) {
    const next = lines.indexOf('\n', at) + 1;
    if (names.has(lines, at, lines.indexOf(':', at))) {
      kept += lines.slice(runStart, at);
      runStart = next;
    }
    at = next;
  }
  return kept + lines.slice(runStart);
}
