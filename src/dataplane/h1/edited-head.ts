/**
 * Heads that the filters of a route change. They are edited as they would be sent: the request may be routed again, to a backend with other
 * filters, when its own bytes are overwritten.
 */
import type { RequestEdits } from '../routing.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import { createHeaderNames } from '../http/header-names.ts';
import type { HeaderNames } from '../http/header-names.ts';
import type { PathEdit } from '../http/path-edit.ts';
import { linesOf } from './header-lines.ts';

/** `head`: up to the empty line. */
export function editRequestHead(head: string, { headers, host, path }: RequestEdits): string {
  const lineEnd = head.indexOf('\r\n') + 2;
  const line = head.slice(0, lineEnd);
  // X-Forwarded-Host keeps the host that the client used.
  const sent = head.slice(lineEnd, -2);
  const lines = host === undefined ? sent : `Host: ${host}\r\n${withoutLines(sent, hostName)}`;
  return `${path === undefined ? line : editPath(line, path)}${headers === undefined ? lines : editLines(lines, headers)}\r\n`;
}

const hostName = createHeaderNames(['host']);

/** The target of `OPTIONS *` stays: it has no path. */
function editPath(line: string, path: PathEdit): string {
  const start = line.indexOf(' ') + 1;
  const end = line.lastIndexOf(' ');
  const question = line.indexOf('?', start);
  const pathEnd = question < 0 ? end : question;
  const sent = line.slice(start, pathEnd);
  return sent.startsWith('/') ? line.slice(0, start) + path(sent) + line.slice(pathEnd) : line;
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
