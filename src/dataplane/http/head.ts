/**
 * The head of a message: its bytes in the form of HTTP/1.1, and where its parts are. The codec of HTTP/1.1 parses what it reads, that of HTTP/2 writes
 * what it decodes: so every rule about heads is one, whichever version brought them.
 */
import { classify, Field, fieldIdCount, type FieldId } from './fields.ts';
import { refusals, type Refusal } from './refusals.ts';
import type { RepeatedHead } from './repeated-head.ts';

/** What the Connection header says, for the two ends of the connection alone (RFC 9110 §7.6.1). */
export type ConnectionOptions = {
  readonly close: boolean;
  readonly keepAlive: boolean;
  /** The requested (or accepted) protocol, if the message upgrades. */
  readonly upgrade: string | undefined;
  /** `TE: trailers`: the sender accepts trailer fields. */
  readonly trailers: boolean;
  /** Lower-case names that Connection lists, which are also hop-by-hop. */
  readonly named: ReadonlySet<string>;
};

const noNames: ReadonlySet<string> = new Set();
export const noConnectionOptions: ConnectionOptions = Object.freeze({
  close: false,
  keepAlive: false,
  upgrade: undefined,
  trailers: false,
  named: noNames,
});

export type HeadLimits = { lineBytes: number; headBytes: number; fields: number };

/** One is reused for many messages, so no caller may keep it beyond the turn in which it was read: see `Request.keep`. */
export type Head = {
  readonly limits: HeadLimits;
  /** nameStart, nameEnd, valueStart, valueEnd, FieldId: five numbers a field. */
  readonly fields: Int32Array;
  count: number;
  /** By FieldId: the number of its fields, and the index of the first. */
  readonly known: Int32Array;
  /** Start to end as a latin1 string, once it was read. */
  text: string | undefined;
  bytes: Buffer;
  /** The end of the bytes, or the limit of the head. */
  limit: number;
  start: number;
  /** Just after the empty line. */
  end: number;
  methodEnd: number;
  targetEnd: number;
  minorVersion: number;
  status: number;
  refusal: Refusal;
  connection: ConnectionOptions;
  /** One of its fields is marked by `markNeverIndexed`, which its bytes do not show. */
  hasNeverIndexed: boolean;
  /** Undefined: another message overwrites it. */
  repeated: RepeatedHead | undefined;
};

/** Numbers of a field in `fields`. */
export const stride = 5;
const noBytes = Buffer.alloc(0);

export function createHead(limits: HeadLimits): Head {
  return {
    limits,
    fields: new Int32Array(limits.fields * stride),
    count: 0,
    known: new Int32Array(fieldIdCount * 2),
    text: undefined,
    bytes: noBytes,
    limit: 0,
    start: 0,
    end: 0,
    methodEnd: 0,
    targetEnd: 0,
    minorVersion: 1,
    status: 0,
    refusal: refusals.InvalidRequestLine,
    connection: noConnectionOptions,
    hasNeverIndexed: false,
    repeated: undefined,
  };
}

/** Returns a head that no other message overwrites. */
export function copyHead(head: Head): Head {
  const bytes = Buffer.from(head.bytes.subarray(0, head.end));
  return { ...head, bytes, fields: head.fields.slice(0, head.count * stride), known: head.known.slice() };
}

export function beginHead(head: Head, bytes: Buffer, start: number, end: number): void {
  head.bytes = bytes;
  head.start = start;
  head.limit = Math.min(end, start + head.limits.headBytes);
  head.count = 0;
  head.text = undefined;
  head.hasNeverIndexed = false;
  head.known.fill(0);
}

/** A bit beside the FieldId. */
export const neverIndexed = 0x100;

/** Marks the field that was added last. */
export function markNeverIndexed(head: Head): void {
  const { fields, count } = head;
  const at = (count - 1) * stride + 4;
  fields[at] = (fields[at] ?? 0) | neverIndexed;
  head.hasNeverIndexed = true;
}

/** The four offsets of the next field have been written: it is one of the head from now on. */
export function addField(head: Head): void {
  const { fields, known, bytes, count } = head;
  const base = count * stride;
  const id: FieldId = classify(bytes, fields[base] ?? 0, fields[base + 1] ?? 0);
  fields[base + 4] = id;
  head.count = count + 1;
  if (id === Field.Other) return;
  const before = known[id * 2] ?? 0;
  known[id * 2] = before + 1;
  if (before === 0) known[id * 2 + 1] = count;
}
