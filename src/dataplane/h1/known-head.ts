/**
 * A head that came again byte for byte: the next one with the same bytes is neither parsed, nor judged, nor written again (docs/design/0044).
 *
 *     once ──again──► known ──another one, the same way──► forgotten
 */
import { copyHead, type Head } from '../http/head.ts';
import { createRepeatedHead } from '../http/repeated-head.ts';
import { Recurrence } from './recurrence.ts';

/** A larger one would make an idle connection, or a pod, large. */
const maxHeadBytes = 1024;

export class KnownHead {
  private head: Head | undefined;
  private readonly recurrence = new Recurrence();

  /** Returns the head with which the first `length` bytes begin, if it is known: one with bytes of its own. */
  find(bytes: Buffer, length: number): Head | undefined {
    const { head } = this;
    return head !== undefined && head.end <= length && head.bytes.compare(bytes, 0, head.end) === 0 ? head : undefined;
  }

  /** Called with each head that was parsed. Returns the one to use: a copy if it may come again. */
  learn(head: Head): Head {
    if (head.start > 0 || head.end > maxHeadBytes || !this.recurrence.isAgain(head)) return head;
    this.head = copyHead(head);
    this.head.repeated = createRepeatedHead();
    return this.head;
  }
}
