/**
 * Up to this size a latin1 string is the cheapest write: libuv tries it from a stack buffer of this size (Node's StreamBase) and copies only
 * the part that the kernel did not accept.
 */
const maxStringWrite = 16 * 1024;

import type { Range } from './tcp-socket.ts';

export const noBytes = Buffer.alloc(0);

/** Returns the texts around the bytes [from, to) as one write without a reference to `bytes`, which the next read overwrites. */
export function joinedCopy(before: string, bytes: Buffer, { from, to }: Range, after = ''): string | Buffer {
  const length = before.length + to - from + after.length;
  if (length <= maxStringWrite) return before + bytes.toString('latin1', from, to) + after;
  const copy = Buffer.allocUnsafe(length);
  copy.write(before, 'latin1');
  bytes.copy(copy, before.length, from, to);
  copy.write(after, length - after.length, 'latin1');
  return copy;
}

/** Returns the earlier bytes, followed by [0, length) of the new ones. */
export function appended(kept: Buffer | undefined, bytes: Buffer, length: number): Buffer {
  const piece = bytes.subarray(0, length);
  return kept === undefined ? Buffer.from(piece) : Buffer.concat([kept, piece]);
}
