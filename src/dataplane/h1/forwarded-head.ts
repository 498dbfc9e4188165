/**
 * The forwarded heads, each one latin1 string: remaining lines are copied unchanged in runs, hop-by-hop lines are left out
 * (RFC 9110 §7.6.1), and the proxy's own lines are added at the end.
 */
import type { TokenFilter } from '../routing.ts';
import { isReplacedCaching, privateCacheLines, withoutCaching } from './caching.ts';
import { isNamed } from './connection-options.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { Field, fieldIdCount } from '../http/fields.ts';
import type { FieldId } from '../http/fields.ts';
import type { HeaderEdits } from '../http/header-edits.ts';
import type { HeaderField } from '../http/header-fields.ts';
import {
  countOf,
  fieldId,
  listText,
  lineEnd,
  lineStart,
  linesStart,
  nameEnd,
  piece,
  valuePiece,
} from './head-fields.ts';
import { editLines } from './edited-head.ts';
import type { Head } from './head-parser.ts';
import { linesOf } from './header-lines.ts';
import { requestScheme, statesClient } from './hop.ts';
import type { Hop } from './hop.ts';
import type { Request } from './request.ts';

/** By FieldId: 1 for a line that is not forwarded. */
type Drops = Uint8Array;

const drops = (...ids: FieldId[]): Drops =>
  Uint8Array.from({ length: fieldIdCount }, (_, id) => (ids.includes(id) ? 1 : 0));
const betweenTwo = [Field.Connection, Field.TransferEncoding, Field.Upgrade, Field.KeepAlive, Field.HopByHop];
const claims = [Field.ForwardedFor, Field.ForwardedProto, Field.ForwardedHost, Field.Forwarded, Field.Claim];
const fromClient = drops(...betweenTwo, Field.Te, Field.Disguised, ...claims);
const fromClientWithHost = drops(...betweenTwo, Field.Te, Field.Disguised, ...claims, Field.Host);
const fromTrusted = drops(...betweenTwo, Field.Te, Field.Disguised, Field.ForwardedFor);
const fromTrustedWithHost = drops(...betweenTwo, Field.Te, Field.Disguised, Field.ForwardedFor, Field.Host);
const responseDrops = drops(...betweenTwo, Field.HoldfastSession);
/** RFC 9110 §8.6: no Content-Length in a 1xx or 204. */
const bodilessDrops = drops(...betweenTwo, Field.HoldfastSession, Field.ContentLength);

export function buildRequestHead(request: Request, filter: TokenFilter): string {
  const { head, hop, target, connection } = request;
  const authority = request.authority === '' ? hop.localAuthority : request.authority;
  const keepsHost = target.authority === undefined && request.authority !== '';
  const lines = copyLines(head, {
    drops: requestDrops(hop, keepsHost),
    connection,
    filter,
    to: 'app',
    replacesCaching: false,
  });
  const host = keepsHost ? '' : `Host: ${authority}\r\n`;
  const forwarded = forwardedLines(head, hop, authority);
  return `${requestLine(request)}${host}${lines}${forwarded}${requestHopLines(request)}\r\n`;
}

function requestDrops({ isTrusted }: Hop, keepsHost: boolean): Drops {
  if (isTrusted) return keepsHost ? fromTrusted : fromTrustedWithHost;
  return keepsHost ? fromClient : fromClientWithHost;
}

/** What a trusted proxy has stated stays; the proxy adds the address of its peer, and what is missing. */
function forwardedLines(head: Head, hop: Hop, authority: string): string {
  if (!hop.isTrusted || !statesClient(head)) return `${hop.forwardedLines}X-Forwarded-Host: ${authority}\r\n`;
  const clients = listText(head, Field.ForwardedFor);
  const proto = countOf(head, Field.ForwardedProto) > 0 ? '' : `X-Forwarded-Proto: ${requestScheme(head, hop)}\r\n`;
  const host = countOf(head, Field.ForwardedHost) > 0 ? '' : `X-Forwarded-Host: ${authority}\r\n`;
  return `X-Forwarded-For: ${clients === '' ? '' : `${clients}, `}${hop.address}\r\n${proto}${host}`;
}

function requestLine({ head, method, target }: Request): string {
  if (target.authority === undefined) return `${piece(head, head.start, head.targetEnd)} HTTP/1.1\r\n`;
  return `${method} ${target.query === '' ? target.path : `${target.path}?${target.query}`} HTTP/1.1\r\n`;
}

function requestHopLines({ framing, connection }: Request): string {
  const chunked = framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : '';
  if (!connection.trailers && connection.upgrade === undefined) return chunked;
  const te = connection.trailers ? 'TE: trailers\r\nConnection: TE\r\n' : '';
  const upgrade = connection.upgrade === undefined ? '' : `Upgrade: ${connection.upgrade}\r\nConnection: upgrade\r\n`;
  return chunked + te + upgrade;
}

export type ResponseEnding = {
  /** Undefined if no session is involved. */
  filter: TokenFilter | undefined;
  /** Of the filters of the route. */
  edits: HeaderEdits | undefined;
  /** What the session adds: it gives a token or removes it. */
  sessionFields: readonly HeaderField[];
  /** The method of the request. */
  method: string;
  /** The Connection and framing lines, each ending in CRLF. */
  hopLines: string;
};

export function buildResponseHead(
  head: Head,
  connection: ConnectionOptions,
  { filter, edits, sessionFields, method, hopLines }: ResponseEnding,
): string {
  const bodiless = head.status < 200 || head.status === 204;
  const cacheLines = sessionFields.length === 0 ? undefined : privateCacheLines(head, method, edits);
  const lines = copyLines(head, {
    drops: bodiless ? bodilessDrops : responseDrops,
    connection,
    filter,
    to: 'client',
    replacesCaching: cacheLines !== undefined,
  });
  // The version is that of the sender of this message, the proxy (RFC 9110 §6.2).
  const statusLine = `HTTP/1.1${piece(head, head.start + 'HTTP/1.x'.length, linesStart(head))}`;
  const edited =
    edits === undefined ? lines : editLines(lines, cacheLines === undefined ? edits : withoutCaching(edits));
  return `${statusLine}${edited}${cacheLines ?? ''}${linesOf(sessionFields)}${hopLines}\r\n`;
}

/** A client must not remove what a trusted proxy states, by a Connection header that such a proxy passes on. */
const isClaim = (id: FieldId): boolean => id >= Field.ForwardedFor;

type CopyRules = {
  drops: Drops;
  connection: ConnectionOptions;
  filter: TokenFilter | undefined;
  to: 'app' | 'client';
  replacesCaching: boolean;
};

function copyLines(head: Head, rules: CopyRules): string {
  const end = head.end - 2;
  // Unknown names are compared only if the message or the table may make them special, which most do not.
  const anyMayGo =
    rules.connection.named.size > 0 ||
    rules.replacesCaching ||
    (rules.filter !== undefined && rules.filter.headers.size > 0);
  let copied = '';
  let runStart = linesStart(head);
  for (let index = 0; index < head.count; index++) {
    const id = fieldId(head, index);
    const replacement = id === Field.Other && !anyMayGo ? undefined : replacementOf(head, index, rules);
    if (replacement !== undefined) {
      copied += piece(head, runStart, lineStart(head, index)) + replacement;
      runStart = lineEnd(head, index);
    }
  }
  return copied + piece(head, runStart, end);
}

/** Returns the replacement of a line; undefined for a line that stays. */
function replacementOf(head: Head, index: number, rules: CopyRules): string | undefined {
  const { drops, connection, filter } = rules;
  const id = fieldId(head, index);
  if (drops[id] === 1) return '';
  // Connection or a setting may name any header, but never one for framing or routing: without it this would be another message.
  if (id === Field.Host || id === Field.ContentLength) return undefined;
  if (isNamed(connection, head, index) && !isClaim(id)) return '';
  if (rules.replacesCaching && isReplacedCaching(head, index)) return '';
  if (filter === undefined) return undefined;
  return rules.to === 'app' ? forApp(filter, head, index) : forClient(filter, head, index);
}

function forApp(filter: TokenFilter, head: Head, index: number): string | undefined {
  const header = tokenHeader(filter, head, index);
  if (header !== undefined) return headerLine(filter, head, index, header);
  return fieldId(head, index) === Field.Cookie ? cookieLine(valuePiece(head, index), filter) : undefined;
}

function headerLine(filter: TokenFilter, head: Head, index: number, header: string): string | undefined {
  const value = valuePiece(head, index);
  const rest = filter.headerForApp(header, value);
  if (rest === value) return undefined;
  return rest === '' ? '' : `${piece(head, lineStart(head, index), nameEnd(head, index))}: ${rest}\r\n`;
}

function forClient(filter: TokenFilter, head: Head, index: number): string | undefined {
  const header = tokenHeader(filter, head, index);
  const isHidden =
    header === undefined
      ? fieldId(head, index) === Field.SetCookie && filter.hidesCookieFromClient(valuePiece(head, index))
      : header === filter.appHeader || filter.hidesFromClient(header, valuePiece(head, index));
  return isHidden ? '' : undefined;
}

const tokenHeader = (filter: TokenFilter, head: Head, index: number): string | undefined =>
  filter.headers.find(head.bytes, lineStart(head, index), nameEnd(head, index));

function cookieLine(value: string, filter: TokenFilter): string | undefined {
  const rest = filter.cookiesForApp(value);
  if (rest === value) return undefined;
  return rest === '' ? '' : `Cookie: ${rest}\r\n`;
}
