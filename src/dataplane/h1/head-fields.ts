/** Reads the fields of a parsed head. */
import { byteAt, lowerCase } from '../http/ascii.ts';
import { Field } from '../http/fields.ts';
import type { FieldId } from '../http/fields.ts';
import { stride } from './head-parser.ts';
import type { Head } from './head-parser.ts';

/** Where the line of field `index` begins. */
export function lineStart(head: Head, index: number): number {
  return head.fields[index * stride] ?? 0;
}

/** Just after the line of field `index`: where the next one begins, or the empty line. */
export function lineEnd(head: Head, index: number): number {
  return index + 1 < head.count ? lineStart(head, index + 1) : head.end - 2;
}

/** After the last field of all: the empty line. Before the first: just after the first line. */
export const linesStart = (head: Head): number => (head.count > 0 ? lineStart(head, 0) : head.end - 2);

export function fieldId(head: Head, index: number): FieldId {
  return head.fields[index * stride + 4] ?? Field.Other;
}

export const countOf = (head: Head, id: FieldId): number => head.known[id * 2] ?? 0;

/** The first field of a known name; meaningful only where there is one. */
export const firstOf = (head: Head, id: FieldId): number => head.known[id * 2 + 1] ?? 0;

/**
 * A part of the head as a string. The whole head is made a string once and cut: a piece costs a tenth of one made from bytes.
 * It keeps the whole head alive, so it is for what lives no longer than the message; others take `valueText`.
 */
export function piece(head: Head, from: number, to: number): string {
  head.text ??= textUpTo(head, head.end);
  return head.text.slice(from - head.start, to - head.start);
}

/** Like piece, for a head and the beginning of its body: `end` is where that ends. Before any other piece is asked for. */
export function readText(head: Head, end: number): void {
  head.text = textUpTo(head, end);
}

const textUpTo = (head: Head, end: number): string => head.bytes.toString('latin1', head.start, end);

export function nameText(head: Head, index: number): string {
  return piece(head, lineStart(head, index), head.fields[index * stride + 1] ?? 0);
}

/** A value that is not kept. */
export const valuePiece = (head: Head, index: number): string =>
  piece(head, head.fields[index * stride + 2] ?? 0, head.fields[index * stride + 3] ?? 0);

/** A string of its own, which may be kept. */
export function valueText(head: Head, index: number): string {
  return head.bytes.toString('latin1', head.fields[index * stride + 2], head.fields[index * stride + 3]);
}

/** All values of a known name as one list (RFC 9110 §5.3), or an empty string. */
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

/** Whether field `index` has this name, given in lower case. */
export function hasName(head: Head, index: number, name: string): boolean {
  const start = lineStart(head, index);
  if (head.fields[index * stride + 1] !== start + name.length) return false;
  for (let at = 0; at < name.length; at++) {
    if (lowerCase[byteAt(head.bytes, start + at)] !== name.charCodeAt(at)) return false;
  }
  return true;
}
