/**
 * The head that the client of a connection sends again and again, as one does that polls: it is neither parsed, nor judged, nor written again
 * (docs/design/0044).
 *
 *     once ──a head of its length──► compared by a sum ──again──► known ──another one, the same way──► forgotten
 */
import { crc32 } from 'node:zlib';
import { Field } from '../http/fields.ts';
import { copyHead, type Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { createRepeatedHead } from '../http/repeated-head.ts';

/** A larger one would make an idle connection large. */
const maxHeadBytes = 1024;

export class KnownRequest {
  private head: Head | undefined;
  private seenLength = 0;
  private seenSum = 0;

  /** Returns the head with which the first `length` bytes begin, if it is known: one with bytes of its own. */
  find(bytes: Buffer, length: number): Head | undefined {
    const { head } = this;
    return head !== undefined && head.end <= length && head.bytes.compare(bytes, 0, head.end) === 0 ? head : undefined;
  }

  /** Called with each head. Returns the one to use: a copy if it may come again. */
  learn(head: Head): Head {
    if (head.repeated !== undefined) return head;
    const { start, end, bytes } = head;
    const mayBeSame = end === this.seenLength;
    this.seenLength = end;
    if (!mayBeSame || start > 0 || end > maxHeadBytes || countOf(head, Field.Upgrade) > 0) return head;
    const sum = crc32(bytes.subarray(0, end));
    const isSame = sum === this.seenSum;
    this.seenSum = sum;
    if (!isSame) return head;
    this.head = copyHead(head);
    this.head.repeated = createRepeatedHead();
    return this.head;
  }
}
