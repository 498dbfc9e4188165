/** Heads as header blocks of HTTP/2 (RFC 9113 §8.3). */
import { changedValue, requestDrops, responseDrops, type FieldRules } from '../http/forwarding.ts';
import { privateCacheFields, withoutCaching } from '../http/caching.ts';
import { forwardedFields } from '../http/forwarded-fields.ts';
import type { Head } from '../http/head.ts';
import { noFields, type HeaderField } from '../http/header-fields.ts';
import { createHeaderNames, noHeaderNames, type HeaderNames } from '../http/header-names.ts';
import type { Request } from '../http/request.ts';
import { keepReturn, knownReturn } from '../http/known-returns.ts';
import { keepText, knownText } from '../http/repeated-head.ts';
import type { RenderedReply } from '../http/reply-fields.ts';
import type { RequestChanges, ResponseChanges } from '../streams.ts';
import { BlockWriter } from './hpack-encoder.ts';

/** Indices of the static table. */
const Static = {
  Authority: 1,
  MethodGet: 2,
  MethodPost: 3,
  PathRoot: 4,
  SchemeHttp: 6,
  SchemeHttps: 7,
  Status200: 8,
} as const;
/** Those whose value is a status that the table has too. */
const statusIndices = new Map([
  [200, 8],
  [204, 9],
  [206, 10],
  [304, 11],
  [400, 12],
  [404, 13],
  [500, 14],
]);

/** Of WebSocket over HTTP/1.1 only. */
const ofHandshake = createHeaderNames(['sec-websocket-accept']);

const block = new BlockWriter();

export const requestBlock = (request: Request, changes: RequestChanges): string =>
  knownText(request, changes, 'HTTP2') ?? keepText(request, changes, 'HTTP2', writeRequest(request, changes));

/** RFC 8441 §4: what an upgrade to a WebSocket is in HTTP/1.1. */
export const webSocketBlock = (request: Request, changes: RequestChanges): string =>
  writeRequest(request, changes, 'websocket');

/** `protocol`: of an extended CONNECT. */
function writeRequest(request: Request, { filter, edits }: RequestChanges, protocol?: string): string {
  const { head, hop } = request;
  const removed = edits?.headers?.removed ?? noHeaderNames;
  block.begin();
  writeMethod(request.method, protocol);
  block.indexed(hop.scheme === 'https' ? Static.SchemeHttps : Static.SchemeHttp);
  writePath(request.appTarget(edits?.path));
  block.named(Static.Authority, edits?.host ?? request.appAuthority);
  writeFields(head, { drops: requestDrops(hop, false), filter, to: 'app', removed, replacesCaching: false });
  for (const field of forwardedFields(request)) writeOwn(field, removed);
  if (head.connection.trailers) block.field('te', 'trailers');
  writeAll(edits?.headers?.added);
  return block.end();
}

function writePath(path: string): void {
  if (path === '/') block.indexed(Static.PathRoot);
  else block.named(Static.PathRoot, path);
}

function writeAll(fields: readonly HeaderField[] = noFields): void {
  for (const { name, value } of fields) block.field(name, value);
}

/** `protocol`: of an extended CONNECT, whatever the method of the upgrade. */
function writeMethod(method: string, protocol: string | undefined): void {
  if (protocol !== undefined) {
    block.named(Static.MethodGet, 'CONNECT');
    block.field(':protocol', protocol);
  } else if (method === 'GET') block.indexed(Static.MethodGet);
  else if (method === 'POST') block.indexed(Static.MethodPost);
  else block.named(Static.MethodGet, method);
}

export const responseBlock = (head: Head, changes: ResponseChanges): string =>
  knownReturn(head, changes, 'HTTP2', '') ??
  keepReturn(head, changes, { form: 'HTTP2', hopLines: '', text: writeResponse(head, changes) });

function writeResponse(head: Head, { filter, edits, sessionFields, method }: ResponseChanges): string {
  const caching = sessionFields.length === 0 ? undefined : privateCacheFields(head, method, edits);
  block.begin();
  // RFC 8441 §5: what 101 is in HTTP/1.1.
  const switches = head.status === 101;
  writeStatus(switches ? 200 : head.status);
  writeFields(head, {
    drops: responseDrops(head),
    filter,
    to: 'client',
    removed: switches ? ofHandshake : (edits?.removed ?? noHeaderNames),
    replacesCaching: caching !== undefined,
  });
  const added = edits === undefined ? undefined : (caching === undefined ? edits : withoutCaching(edits)).added;
  writeAll(added);
  writeAll(caching);
  writeAll(sessionFields);
  return block.end();
}

export function replyBlock({ status, fields }: RenderedReply): string {
  block.begin();
  writeStatus(status);
  writeAll(fields);
  return block.end();
}

export function trailerBlock(trailers: Head): string {
  const { repeated } = trailers;
  if (repeated === undefined) return writeTrailers(trailers);
  repeated.trailers ??= writeTrailers(trailers);
  return repeated.trailers;
}

function writeTrailers(trailers: Head): string {
  block.begin();
  for (let index = 0; index < trailers.count; index += 1) block.fieldOf(trailers, index);
  return block.end();
}

function writeStatus(status: number): void {
  const index = statusIndices.get(status);
  if (index === undefined) block.named(Static.Status200, String(status));
  else block.indexed(index);
}

function writeFields(head: Head, rules: FieldRules): void {
  for (let index = 0; index < head.count; index += 1) {
    const value = changedValue(head, index, rules);
    if (value !== '') block.fieldOf(head, index, value);
  }
}

function writeOwn({ name, value }: HeaderField, removed: HeaderNames): void {
  if (!removed.has(name, 0, name.length)) block.field(name, value);
}
