/** Access to the fields of a parsed head. */
import { byteAt, lowerCase } from './ascii.ts';
import { Field } from './fields.ts';
import type { FieldId } from './fields.ts';
import { neverIndexed, stride } from './head.ts';
import type { Head } from './head.ts';

/** Returns the offset of the line of field `index`. */
export function lineStart(head: Head, index: number): number {
  return head.fields[index * stride] ?? 0;
}

/** Returns the offset after the line of field `index`: the next line, or the empty line. */
export function lineEnd(head: Head, index: number): number {
  return index + 1 < head.count ? lineStart(head, index + 1) : head.end - 2;
}

/** Returns the offset after the first line: the first field, or the empty line if there is none. */
export const linesStart = (head: Head): number => (head.count > 0 ? lineStart(head, 0) : head.end - 2);

export function fieldId(head: Head, index: number): FieldId {
  return (head.fields[index * stride + 4] ?? Field.Other) & ~neverIndexed;
}

export const countOf = (head: Head, id: FieldId): number => head.known[id * 2] ?? 0;

/** Returns the index of the first field of a known name; meaningful only if there is one. */
export const firstOf = (head: Head, id: FieldId): number => head.known[id * 2 + 1] ?? 0;

/**
 * Returns a part of the head as a string. The whole head is converted once and sliced: a slice costs a tenth of a conversion from bytes. It
 * keeps the whole head in memory, so it is for strings that live no longer than the message; for others use `valueText`.
 */
export function piece(head: Head, from: number, to: number): string {
  return headText(head).slice(from - head.start, to - head.start);
}

/** Returns the whole head as a string. */
export function headText(head: Head): string {
  head.text ??= head.bytes.toString('latin1', head.start, head.end);
  return head.text;
}

/** The peer asked that no intermediary put the field into a table of its own (RFC 7541 §7.1.3). */
export const isNeverIndexed = (head: Head, index: number): boolean =>
  ((head.fields[index * stride + 4] ?? 0) & neverIndexed) !== 0;

export const valueStart = (head: Head, index: number): number => head.fields[index * stride + 2] ?? 0;

export const valueEnd = (head: Head, index: number): number => head.fields[index * stride + 3] ?? 0;

/** Returns the offset after the name of field `index`. */
export const nameEnd = (head: Head, index: number): number => head.fields[index * stride + 1] ?? 0;

export function nameText(head: Head, index: number): string {
  return piece(head, lineStart(head, index), nameEnd(head, index));
}

/** Returns a value that must not outlive the message. */
export const valuePiece = (head: Head, index: number): string =>
  piece(head, head.fields[index * stride + 2] ?? 0, head.fields[index * stride + 3] ?? 0);

/** Returns a value as a separate string, which may be kept. */
export function valueText(head: Head, index: number): string {
  return head.bytes.toString('latin1', head.fields[index * stride + 2], head.fields[index * stride + 3]);
}

/** Returns all values of a known name as one list (RFC 9110 §5.3), or an empty string. */
export function listText(head: Head, id: FieldId): string {
  let list = '';
  let left = countOf(head, id);
  for (let index = firstOf(head, id); left > 0; index++) {
    if (fieldId(head, index) === id) {
      const value = valuePiece(head, index);
      list = list === '' ? value : `${list},${value}`;
      left -= 1;
    }
  }
  return list;
}

/** Returns whether field `index` has this name, which is in lower case. */
export function hasName(head: Head, index: number, name: string): boolean {
  const start = lineStart(head, index);
  if (head.fields[index * stride + 1] !== start + name.length) return false;
  for (let at = 0; at < name.length; at++) {
    if (lowerCase[byteAt(head.bytes, start + at)] !== name.charCodeAt(at)) return false;
  }
  return true;
}
