/**
 * Bytes that wait, in the order in which they came. Pieces are joined: a peer may send each byte in a frame of its own, and a Buffer of one byte takes a
 * hundred.
 */
import { noBytes } from '../net/byte-copy.ts';
import type { Range } from '../net/tcp-socket.ts';

const leastBlockBytes = 64;
/** The most that is allocated for pieces that may follow. */
const mostBlockBytes = 16 * 1024;

export class JoinedBytes {
  length = 0;
  private readonly blocks: Buffer[] = [];
  /** Where the bytes begin in the first block, and end in the last one. */
  private start = 0;
  private end = 0;

  add(bytes: Buffer, { from, to }: Range): void {
    let at = from;
    while (at < to) {
      const block = this.roomFor(to - at);
      const copied = bytes.copy(block, this.end, at, to);
      this.end += copied;
      at += copied;
    }
    this.length += to - from;
  }

  /** Returns the last block, with room for some of them at least. */
  private roomFor(bytes: number): Buffer {
    const last = this.blocks.at(-1);
    if (last !== undefined && this.end < last.length) return last;
    // As much as there is already: the blocks are few, and at most half of their memory is unused.
    const spare = Math.min(mostBlockBytes, Math.max(leastBlockBytes, this.length));
    const block = Buffer.allocUnsafeSlow(Math.max(bytes, spare));
    this.blocks.push(block);
    this.end = 0;
    return block;
  }

  /** Returns the first of them, as many as lie together; none if there are none. */
  first(): Buffer {
    const [block = noBytes] = this.blocks;
    return block.subarray(this.start, this.blocks.length > 1 ? block.length : this.end);
  }

  /** `count`: at most so many as `first` has. */
  drop(count: number): void {
    this.start += count;
    this.length -= count;
    if (this.length === 0) this.clear();
    else if (this.start === this.blocks[0]?.length) {
      this.blocks.shift();
      this.start = 0;
    }
  }

  clear(): void {
    // Costs more than the test, and mostly there are none.
    if (this.blocks.length > 0) this.blocks.length = 0;
    this.length = 0;
    this.start = 0;
    this.end = 0;
  }
}
