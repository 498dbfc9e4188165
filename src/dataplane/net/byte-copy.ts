/**
 * Up to this size a latin1 string is the cheapest write: libuv tries it from a stack buffer of this size (Node's StreamBase) and copies only
 * the part that the kernel did not accept.
 */
export const maxStringWrite = 16 * 1024;

export const noBytes = Buffer.alloc(0);

/** Returns `prefix` and the bytes [from, to) as one write without a reference to `bytes`, which the next read overwrites. */
export function joinedCopy(prefix: string, bytes: Buffer, from: number, to: number): string | Buffer {
  if (prefix.length + to - from <= maxStringWrite) return prefix + bytes.toString('latin1', from, to);
  const copy = Buffer.allocUnsafe(prefix.length + to - from);
  copy.write(prefix, 'latin1');
  bytes.copy(copy, prefix.length, from, to);
  return copy;
}

/** Returns the earlier bytes, followed by [0, length) of the new ones. */
export function appended(kept: Buffer | undefined, bytes: Buffer, length: number): Buffer {
  const piece = bytes.subarray(0, length);
  return kept === undefined ? Buffer.from(piece) : Buffer.concat([kept, piece]);
}
