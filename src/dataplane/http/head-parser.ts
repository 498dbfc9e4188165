/**
 * A strict parser of request and response heads (RFC 9112 §2 to §5): one pass over the bytes, offsets into an Int32Array,
 * no string of any header. A message that two parsers could read as two different messages is refused, never repaired.
 *
 *     line ──► field* ──► empty line       any byte out of place ──► refused, with the reason
 */
import {
  COLON,
  CR,
  HTAB,
  LF,
  SP,
  byteAt,
  digitBytes,
  fieldValueBytes,
  skip,
  targetBytes,
  tokenBytes,
} from './ascii.ts';
import { addField, beginHead, createHead, stride, type Head, type HeadLimits } from './head.ts';
import { refusals } from './refusals.ts';
import type { Refusal } from './refusals.ts';

export type HeadOutcome = 'complete' | 'incomplete' | Refusal;

const incomplete = -1;
const refused = -2;
export function parseRequestHead(head: Head, bytes: Buffer, start: number, end: number): HeadOutcome {
  beginHead(head, bytes, start, end);
  head.start = skipEmptyLines(bytes, start, end);
  const next = beginsEmptyLine(bytes, head.start, end) ? incomplete : requestLine(head, head.start);
  return conclude(head, next < 0 ? next : fieldLines(head, next), end);
}

/** Old clients end a body with an empty line too many (RFC 9112 §2.2), some with more. */
const maxEmptyLines = 8;

function skipEmptyLines(bytes: Buffer, start: number, end: number): number {
  const limit = Math.min(end - 1, start + 2 * maxEmptyLines);
  let at = start;
  while (at < limit && bytes[at] === CR && bytes[at + 1] === LF) at += 2;
  return at;
}

/** Whether only the CR of an empty line has arrived. */
const beginsEmptyLine = (bytes: Buffer, at: number, end: number): boolean => at === end - 1 && bytes[at] === CR;

export function parseResponseHead(head: Head, bytes: Buffer, start: number, end: number): HeadOutcome {
  beginHead(head, bytes, start, end);
  const next = statusLine(head, start);
  return conclude(head, next < 0 ? next : fieldLines(head, next), end);
}

function conclude(head: Head, next: number, end: number): HeadOutcome {
  if (next >= 0) {
    head.end = next;
    return 'complete';
  }
  if (next === refused) return head.refusal;
  if (head.limit === end && end - head.start < head.limits.headBytes) return 'incomplete';
  return head.count === 0 && head.bytes.indexOf(LF, head.start) < 0
    ? refusals.RequestLineTooLong
    : refusals.HeadTooLarge;
}

function refuse(head: Head, refusal: Refusal): number {
  head.refusal = refusal;
  return refused;
}

/** Reads the fields of trailers, each with its CRLF. */
export function parseTrailers(text: string, limits: HeadLimits): Head | Refusal {
  const bytes = Buffer.from(`${text}\r\n`, 'latin1');
  const head = createHead(limits);
  beginHead(head, bytes, 0, bytes.length);
  const outcome = conclude(head, fieldLines(head, 0), bytes.length);
  return typeof outcome === 'string' ? head : outcome;
}

/** `at` is the first byte that does not belong to its line. Returns the start of the next line, or refuses with `otherwise`. */
function endLine(head: Head, at: number, otherwise: Refusal): number {
  const byte = head.bytes[at];
  if (byte !== CR) return refuse(head, byte === LF ? refusals.BareLineFeed : otherwise);
  if (at + 1 >= head.limit) return incomplete;
  return head.bytes[at + 1] === LF ? at + 2 : refuse(head, refusals.BareCarriageReturn);
}

function requestLine(head: Head, at: number): number {
  const { bytes, limit } = head;
  head.methodEnd = skip(tokenBytes, bytes, at, limit);
  if (head.methodEnd === limit) return incomplete;
  if (head.methodEnd === at || bytes[head.methodEnd] !== SP) {
    return refuse(head, bytes[head.methodEnd] === LF ? refusals.BareLineFeed : refusals.InvalidMethod);
  }
  head.targetEnd = skip(targetBytes, bytes, head.methodEnd + 1, limit);
  if (head.targetEnd === limit) return incomplete;
  if (head.targetEnd === head.methodEnd + 1 || bytes[head.targetEnd] !== SP) {
    return refuse(head, targetRefusal(bytes[head.targetEnd]));
  }
  const versionEnd = version(head, head.targetEnd + 1);
  if (versionEnd === limit || versionEnd < 0) return versionEnd === limit ? incomplete : versionEnd;
  return versionEnd - at > head.limits.lineBytes
    ? refuse(head, refusals.RequestLineTooLong)
    : endLine(head, versionEnd, refusals.InvalidRequestLine);
}

function targetRefusal(stoppedAt: number | undefined): Refusal {
  if (stoppedAt === CR || stoppedAt === LF) {
    return stoppedAt === LF ? refusals.BareLineFeed : refusals.InvalidRequestLine;
  }
  return refusals.InvalidRequestTarget;
}

const versionPattern = 'HTTP/d.d';

/** HTTP-version, RFC 9112 §2.3. A well-formed but unsupported version and a malformed one have different refusals. */
function version(head: Head, at: number): number {
  const { bytes, limit } = head;
  for (let i = 0; i < versionPattern.length; i++) {
    if (at + i >= limit) return incomplete;
    const byte = byteAt(bytes, at + i);
    const matches = i === 5 || i === 7 ? digitBytes[byte] === 1 : byte === versionPattern.charCodeAt(i);
    if (!matches) return refuse(head, byte === LF ? refusals.BareLineFeed : refusals.InvalidVersion);
  }
  head.minorVersion = byteAt(bytes, at + 7) - 0x30;
  return bytes[at + 5] === 0x31 && head.minorVersion <= 1
    ? at + versionPattern.length
    : refuse(head, refusals.UnsupportedVersion);
}

/** status-line, RFC 9112 §4; many servers omit the blank before an empty reason. */
function statusLine(head: Head, at: number): number {
  const { bytes, limit } = head;
  const versionEnd = version(head, at);
  if (versionEnd < 0) return versionEnd;
  const statusEnd = versionEnd + 4;
  if (statusEnd >= limit) return incomplete;
  if (bytes[versionEnd] !== SP || skip(digitBytes, bytes, versionEnd + 1, statusEnd) !== statusEnd) {
    return refuse(head, refusals.InvalidStatusLine);
  }
  head.status =
    (byteAt(bytes, versionEnd + 1) * 10 + byteAt(bytes, versionEnd + 2)) * 10 +
    byteAt(bytes, versionEnd + 3) -
    111 * 0x30;
  if (head.status < 100 || head.status > 599 || (bytes[statusEnd] !== SP && bytes[statusEnd] !== CR)) {
    return refuse(head, refusals.InvalidStatusLine);
  }
  const lineEnd = skip(fieldValueBytes, bytes, statusEnd, limit);
  return lineEnd === limit ? incomplete : endLine(head, lineEnd, refusals.InvalidStatusLine);
}

function fieldLines(head: Head, start: number): number {
  for (let at = start; ;) {
    if (at >= head.limit) return incomplete;
    if (head.bytes[at] === CR) return endLine(head, at, refusals.BareCarriageReturn);
    if (head.count === head.limits.fields) return refuse(head, refusals.TooManyFields);
    at = fieldLine(head, at);
    if (at < 0) return at;
  }
}

function fieldLine(head: Head, at: number): number {
  const { bytes, limit, fields } = head;
  const nameEnd = skip(tokenBytes, bytes, at, limit);
  if (nameEnd === limit) return incomplete;
  if (nameEnd === at || bytes[nameEnd] !== COLON) return refuse(head, nameRefusal(bytes[nameEnd], nameEnd === at));
  let valueStart = nameEnd + 1;
  while (valueStart < limit && isBlank(bytes[valueStart])) valueStart += 1;
  const stop = skip(fieldValueBytes, bytes, valueStart, limit);
  if (stop === limit) return incomplete;
  const next = endLine(head, stop, refusals.InvalidFieldValue);
  if (next < 0) return next;
  let valueEnd = stop;
  while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd -= 1;
  const base = head.count * stride;
  fields[base] = at;
  fields[base + 1] = nameEnd;
  fields[base + 2] = valueStart;
  fields[base + 3] = valueEnd;
  addField(head);
  return next;
}

const isBlank = (byte: number | undefined): boolean => byte === SP || byte === HTAB;

function nameRefusal(stoppedAt: number | undefined, atStart: boolean): Refusal {
  if (isBlank(stoppedAt)) return atStart ? refusals.ObsoleteFold : refusals.WhitespaceBeforeColon;
  if (stoppedAt === LF) return refusals.BareLineFeed;
  return stoppedAt === CR ? refusals.MissingColon : refusals.InvalidFieldName;
}
