/**
 * Whether the heads from one place come again, found out at little cost where they do not: only one of the same length has a checksum, and when
 * such heads were different ones again and again, more and more heads pass between two looks.
 *
 *     length ──the same──► checksum ──the same──► it came again
 *        ▲                     └─another one─┐
 *        └── heads pass, if many were ◄──────┘
 */
import { crc32 } from 'node:zlib';
import type { Head } from '../http/head.ts';

const looksWithoutPause = 8;
/** Heads between two looks: a client that begins to poll is noticed within this many. */
const longestPause = 64;

export class Recurrence {
  private length = 0;
  private sum = -1;
  private misses = 0;
  private paused = 0;

  /** Returns whether this is the head before it again, as far as a checksum can say. */
  isAgain({ bytes, end }: Pick<Head, 'bytes' | 'end'>): boolean {
    if (this.paused > 0) {
      this.paused -= 1;
      return false;
    }
    const before = this.length === end ? this.sum : undefined;
    this.length = end;
    this.sum = before === undefined ? -1 : crc32(bytes.subarray(0, end));
    if (before === undefined || before < 0) return false;
    if (before !== this.sum) this.miss();
    else this.misses = 0;
    return before === this.sum;
  }

  private miss(): void {
    this.misses += 1;
    if (this.misses <= looksWithoutPause) return;
    this.paused = Math.min(2 ** (this.misses - looksWithoutPause), longestPause);
    this.length = 0;
  }
}
