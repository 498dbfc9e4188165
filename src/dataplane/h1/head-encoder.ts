/**
 * Heads as HTTP/1.1 sends them, each one latin1 string: lines that stay are copied in runs, and the proxy's own lines follow at the end. The version is
 * that of the sender of this message, the proxy (RFC 9110 §6.2).
 */
import { privateCacheFields, withoutCaching } from '../http/caching.ts';
import { Field } from '../http/fields.ts';
import { forwardedFields } from '../http/forwarded-fields.ts';
import { changedValue, mayChangeOthers, requestDrops, responseDrops, type FieldRules } from '../http/forwarding.ts';
import type { Head } from '../http/head.ts';
import { countOf, fieldId, lineEnd, lineStart, linesStart, nameEnd, piece } from '../http/head-fields.ts';
import { noHeaderEdits, type HeaderEdits } from '../http/header-edits.ts';
import { noHeaderNames, type HeaderNames } from '../http/header-names.ts';
import { statesClient } from '../http/hop.ts';
import type { PathEdit } from '../http/path-edit.ts';
import { keepReturn, knownReturn } from '../http/known-returns.ts';
import { keepText, knownText } from '../http/repeated-head.ts';
import type { Request } from '../http/request.ts';
import type { RequestEdits } from '../routing.ts';
import type { RequestChanges, ResponseChanges } from '../streams.ts';
import { linesOf } from './header-lines.ts';

export const encodeRequestHead = (request: Request, changes: RequestChanges): string =>
  knownText(request, changes, 'HTTP1') ?? keepText(request, changes, 'HTTP1', writeRequest(request, changes));

function writeRequest(request: Request, { filter, edits = noEdits, isLast }: RequestChanges): string {
  const { removed, added } = edits.headers ?? noHeaderEdits;
  const { head } = request;
  const keepsHost = request.hasOwnHost && edits.host === undefined;
  const keepsFirstLine = keepsHost && edits.path === undefined && head.minorVersion === 1;
  const rules = {
    drops: requestDrops(request.hop, keepsHost),
    filter,
    to: 'app',
    removed,
    replacesCaching: false,
  } as const;
  const lines = copyLines(head, rules, keepsFirstLine ? head.start : linesStart(head));
  const first = keepsFirstLine ? '' : requestLine(request, edits.path);
  const host = keepsHost ? '' : withoutLines(`Host: ${edits.host ?? request.appAuthority}\r\n`, removed);
  const forwarded = withoutLines(forwardedLines(request), removed);
  return `${first}${host}${lines}${forwarded}${linesOf(added)}${hopLines(request, isLast === true)}\r\n`;
}

const noEdits: RequestEdits = { headers: undefined, host: undefined, path: undefined };

function forwardedLines(request: Request): string {
  const { head, hop } = request;
  if (hop.isTrusted && statesClient(head)) return linesOf(forwardedFields(request));
  return hop.forwarded.linesFor(request.appAuthority);
}

function requestLine(request: Request, edit: PathEdit | undefined): string {
  const { head, method, target } = request;
  return target.authority === undefined && edit === undefined
    ? `${piece(head, head.start, head.targetEnd)} HTTP/1.1\r\n`
    : `${method} ${request.appTarget(edit)} HTTP/1.1\r\n`;
}

function hopLines({ framing, head: { connection } }: Request, isLast: boolean): string {
  const chunked = framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  const close = isLast ? 'Connection: close\r\n' : '';
  if (!connection.trailers && connection.upgrade === undefined) return chunked + close;
  const te = connection.trailers ? 'TE: trailers\r\nConnection: TE\r\n' : '';
  const upgrade = connection.upgrade === undefined ? '' : `Upgrade: ${connection.upgrade}\r\nConnection: upgrade\r\n`;
  return chunked + te + upgrade + close;
}

/**
 * Whether a response needs no line of the proxy, and loses none. The filter is not asked, because it counts what it hides: a response with a field for it is
 * not one of these.
 */
export function staysAsReceived(head: Head, { filter, edits, sessionFields }: ResponseChanges): boolean {
  if (sessionFields.length > 0 || edits !== undefined || head.minorVersion !== 1) return false;
  const rules = responseRules(head, filter);
  if (mayChangeOthers(head, rules) || (filter !== undefined && countOf(head, Field.SetCookie) > 0)) return false;
  for (let index = 0; index < head.count; index += 1) {
    if (fieldId(head, index) !== Field.Other && changedValue(head, index, rules) !== undefined) return false;
  }
  return true;
}

const responseRules = (head: Head, filter: FieldRules['filter']): FieldRules => ({
  drops: responseDrops(head),
  filter,
  to: 'client',
  removed: noHeaderNames,
  replacesCaching: false,
});

/** `hopLines`: those of the connection and of the framing, each ending in CRLF. */
export const encodeResponseHead = (head: Head, changes: ResponseChanges, hopLines: string): string =>
  knownReturn(head, changes, 'HTTP1', hopLines) ??
  keepReturn(head, changes, { form: 'HTTP1', hopLines, text: writeResponse(head, changes, hopLines) });

function writeResponse(head: Head, changes: ResponseChanges, hopLines: string): string {
  const { filter, edits, sessionFields, method } = changes;
  const caching = sessionFields.length === 0 ? undefined : privateCacheFields(head, method, edits);
  const rules = responseRules(head, filter);
  if (edits !== undefined) rules.removed = edits.removed;
  rules.replacesCaching = caching !== undefined;
  const keepsFirstLine = head.minorVersion === 1;
  const first = keepsFirstLine ? '' : `HTTP/1.1${piece(head, head.start + 'HTTP/1.x'.length, linesStart(head))}`;
  const lines = copyLines(head, rules, keepsFirstLine ? head.start : linesStart(head));
  const added = edits === undefined ? '' : addedLines(edits, caching !== undefined);
  return `${first}${lines}${added}${caching === undefined ? '' : linesOf(caching)}${linesOf(sessionFields)}${hopLines}\r\n`;
}

const addedLines = (edits: HeaderEdits, replacesCaching: boolean): string =>
  linesOf((replacesCaching ? withoutCaching(edits) : edits).added);

/** `from`: where the first of them begins. */
function copyLines(head: Head, rules: FieldRules, from: number): string {
  const end = head.end - 2;
  const changesOthers = mayChangeOthers(head, rules);
  let copied = '';
  let runStart = from;
  for (let index = 0; index < head.count; index += 1) {
    const value = fieldId(head, index) === Field.Other && !changesOthers ? undefined : changedValue(head, index, rules);
    if (value !== undefined) {
      copied += piece(head, runStart, lineStart(head, index));
      if (value !== '') copied += `${piece(head, lineStart(head, index), nameEnd(head, index))}: ${value}\r\n`;
      runStart = lineEnd(head, index);
    }
  }
  return copied + piece(head, runStart, end);
}

/** The proxy's own lines, without those that the route removes. */
function withoutLines(lines: string, names: HeaderNames): string {
  if (names.size === 0) return lines;
  let kept = '';
  for (let at = 0; at < lines.length;) {
    const next = lines.indexOf('\n', at) + 1;
    if (!names.has(lines, at, lines.indexOf(':', at))) kept += lines.slice(at, next);
    at = next;
  }
  return kept;
}
