/**
 * The buffers into which sockets read. Most are shared by all sockets: without this Node allocates 64 KiB for each read of each connection, memory
 * that neither V8 nor malloc returns soon when many clients send at once and disconnect.
 */

/**
 * A head comes in pieces of at most this size, so this is also what a connection may have to keep of requests that its client sent ahead. libuv
 * writes strings of this size without allocating.
 */
const headBytes = 16 * 1024;
const streamBytes = 64 * 1024;
/** Larger pieces save system calls: 1 MiB costs half of what it costs in pieces of 64 KiB. */
const largeBytes = 256 * 1024;

export const sharedBuffers = {
  Heads: Buffer.allocUnsafeSlow(headBytes),
  Stream: Buffer.allocUnsafeSlow(streamBytes),
};

/** Whether these bytes are overwritten by the next read of any socket. */
export const isShared = ({ buffer }: Buffer): boolean =>
  buffer === sharedBuffers.Heads.buffer || buffer === sharedBuffers.Stream.buffer;

/** Clients that read slowly may keep this many for themselves; the bodies of others are copied then. */
const maxLent = 64;
const free: Buffer[] = [];
let lent = 0;

/** Returns a buffer for one socket; undefined if too many are lent. */
export function borrowLarge(): Buffer | undefined {
  if (lent === maxLent) return undefined;
  lent += 1;
  return free.pop() ?? Buffer.allocUnsafeSlow(largeBytes);
}

/** `isFree`: its bytes are not being written any more; otherwise it is not used again. */
export function returnLarge(bytes: Buffer, isFree: boolean): void {
  lent -= 1;
  if (isFree) free.push(bytes);
}
