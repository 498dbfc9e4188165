/**
 * Writes header blocks (RFC 7541). Only the static table is used, and no Huffman code: both would cost more CPU than the bytes that they save are worth
 * between a proxy and its neighbours, and a table that does not grow cannot leak what it has in it.
 */
import { byteAt, lowerCase } from '../http/ascii.ts';
import type { Head } from '../http/head.ts';
import { isNeverIndexed, lineStart, nameEnd, valueEnd, valueStart } from '../http/head-fields.ts';
import { staticTable } from './hpack-table.ts';

/** By the length of a name: those of the static table, with their first index. */
const namesByLength: { bytes: Uint8Array; index: number }[][] = [];
for (const [at, { bytes, nameLength }] of staticTable.entries()) {
  const name = bytes.subarray(0, nameLength);
  const sameLength = (namesByLength[nameLength] ??= []);
  if (!sameLength.some((known) => Buffer.compare(known.bytes, name) === 0)) {
    sameLength.push({ bytes: name, index: at + 1 });
  }
}

const literal = { bits: 0x00, prefix: 4 };
const neverIndexed = { bits: 0x10, prefix: 4 };

export class BlockWriter {
  private bytes = Buffer.allocUnsafeSlow(16 * 1024);
  private length = 0;

  begin(): void {
    this.length = 0;
  }

  /** Returns the block as a latin1 string. */
  end(): string {
    return this.bytes.toString('latin1', 0, this.length);
  }

  /** A field of the static table. */
  indexed(index: number): void {
    this.reserve(1);
    this.integer(0x80, 7, index);
  }

  /** `nameIndex`: of the static table. `value`: latin1. */
  named(nameIndex: number, value: string): void {
    this.reserve(value.length);
    this.integer(literal.bits, literal.prefix, nameIndex);
    this.text(value);
  }

  /** `name`, `value`: latin1. */
  field(name: string, value: string): void {
    this.reserve(name.length + value.length);
    const lower = name.toLowerCase();
    const bytes = Buffer.from(lower, 'latin1');
    const index = nameIndex(bytes, 0, bytes.length);
    this.integer(literal.bits, literal.prefix, index);
    if (index === 0) this.text(lower);
    this.text(value);
  }

  /** Field `at` of a head. `value`: another one in its place. */
  fieldOf(head: Head, at: number, value?: string): void {
    const start = lineStart(head, at);
    const end = nameEnd(head, at);
    const [from, to] = [valueStart(head, at), valueEnd(head, at)];
    this.reserve(end - start + (value === undefined ? to - from : value.length));
    const form = isNeverIndexed(head, at) ? neverIndexed : literal;
    const index = nameIndex(head.bytes, start, end);
    this.integer(form.bits, form.prefix, index);
    if (index === 0) this.name(head.bytes, start, end);
    if (value === undefined) this.copy(head.bytes, from, to);
    else this.text(value);
  }

  /** For a field of so many bytes, and the integers before its strings. */
  private reserve(bytes: number): void {
    const needed = this.length + bytes + 16;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(needed * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** RFC 7541 §5.1. */
  private integer(bits: number, prefix: number, value: number): void {
    const most = (1 << prefix) - 1;
    if (value < most) {
      this.bytes[this.length] = bits | value;
      this.length += 1;
      return;
    }
    this.bytes[this.length] = bits | most;
    this.length += 1;
    let rest = value - most;
    for (; rest >= 128; rest = Math.floor(rest / 128)) {
      this.bytes[this.length] = (rest % 128) | 0x80;
      this.length += 1;
    }
    this.bytes[this.length] = rest;
    this.length += 1;
  }

  private text(value: string): void {
    this.integer(0, 7, value.length);
    const { bytes } = this;
    for (let at = 0; at < value.length; at += 1) bytes[this.length + at] = value.charCodeAt(at);
    this.length += value.length;
  }

  /** In lower case, as HTTP/2 requires (RFC 9113 §8.2.1). */
  private name(from: Uint8Array, start: number, end: number): void {
    this.integer(0, 7, end - start);
    const { bytes, length } = this;
    for (let at = start; at < end; at += 1) bytes[length + at - start] = byteAt(lowerCase, byteAt(from, at));
    this.length += end - start;
  }

  private copy(from: Uint8Array, start: number, end: number): void {
    this.integer(0, 7, end - start);
    const { bytes, length } = this;
    for (let at = start; at < end; at += 1) bytes[length + at - start] = byteAt(from, at);
    this.length += end - start;
  }
}

/** Returns the index of a name in the static table; 0 if it has none. */
function nameIndex(bytes: Uint8Array, start: number, end: number): number {
  for (const candidate of namesByLength[end - start] ?? noCandidates) {
    if (isName(bytes, start, candidate.bytes)) return candidate.index;
  }
  return 0;
}

const noCandidates: readonly never[] = [];

function isName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at += 1) {
    if (lowerCase[byteAt(bytes, start + at)] !== name[at]) return false;
  }
  return true;
}
