/**
 * The framing of a forwarded chunked body is the proxy's own (RFC 9112 §7.1): sizes without leading zeros that fit into 31 bits, no extensions.
 * Receivers differ in how they read anything else. Framing that already has this form, which is all that usual senders write, is forwarded
 * with the content around it in one piece; only other lines are edited, so the content costs no more than without this.
 */
import { joinedCopy, maxStringWrite } from '../net/byte-copy.ts';

/** Bytes [from, to) of the current read, which are replaced by `text`. */
export type ChunkEdit = { from: number; to: number; text: string };

/** The edits of one read, in ascending order. */
export type ChunkEdits = readonly ChunkEdit[];

/** A larger chunk is forwarded as one chunk for each received piece: some parsers have sizes of 32 bits. */
export const maxForwardedChunk = 2 ** 31 - 1;

/** Whether a size was sent without leading zeros. */
export const isShortest = (size: number, digits: number): boolean => digits === 1 || size >= 16 ** (digits - 1);

export const sizeLine = (size: number): string => `${size.toString(16)}\r\n`;

/** Returns `prefix` and the edited bytes [from, to), without a reference to `bytes`. */
export function editedCopy(prefix: string, bytes: Buffer, range: { from: number; to: number; edits: ChunkEdits }) {
  const { from, to, edits } = range;
  if (edits.length === 0) return joinedCopy(prefix, bytes, from, to);
  const length = edits.reduce((sum, edit) => sum + edit.text.length - (edit.to - edit.from), to - from);
  return prefix.length + length <= maxStringWrite
    ? editedText(prefix, bytes, range)
    : editedBuffer(prefix, bytes, { ...range, length: prefix.length + length });
}

function editedText(prefix: string, bytes: Buffer, range: { from: number; to: number; edits: ChunkEdits }): string {
  let text = prefix;
  let at = range.from;
  for (const edit of range.edits) {
    text += bytes.toString('latin1', at, edit.from) + edit.text;
    at = edit.to;
  }
  return text + bytes.toString('latin1', at, range.to);
}

function editedBuffer(
  prefix: string,
  bytes: Buffer,
  { from, to, edits, length }: { from: number; to: number; edits: ChunkEdits; length: number },
): Buffer {
  const copy = Buffer.allocUnsafe(length);
  let end = copy.write(prefix, 'latin1');
  let at = from;
  for (const edit of edits) {
    end += bytes.copy(copy, end, at, edit.from);
    end += copy.write(edit.text, end, 'latin1');
    at = edit.to;
  }
  bytes.copy(copy, end, at, to);
  return copy;
}
