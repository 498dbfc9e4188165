/**
 * The head that the client of a connection sends again and again, as one does that polls: it is neither parsed, nor judged, nor written again
 * (docs/design/0044).
 *
 *     once ──again──► known ──another one, twice──► forgotten
 */
import { Field } from '../http/fields.ts';
import { copyHead, type Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { createRepeatedHead } from '../http/repeated-head.ts';
import { Recurrence } from './recurrence.ts';

/** A larger one would make an idle connection large. */
const maxHeadBytes = 1024;

export class KnownRequest {
  private head: Head | undefined;
  private readonly recurrence = new Recurrence();

  /** Returns the head with which the first `length` bytes begin, if it is known: one with bytes of its own. */
  find(bytes: Buffer, length: number): Head | undefined {
    const { head } = this;
    return head !== undefined && head.end <= length && head.bytes.compare(bytes, 0, head.end) === 0 ? head : undefined;
  }

  /** Called with each head. Returns the one to use: a copy if it may come again. */
  learn(head: Head): Head {
    if (head.repeated !== undefined || !mayBeKnown(head) || !this.recurrence.isAgain(head)) return head;
    this.head = copyHead(head);
    this.head.repeated = createRepeatedHead();
    return this.head;
  }
}

const mayBeKnown = (head: Head): boolean =>
  head.start === 0 && head.end <= maxHeadBytes && countOf(head, Field.Upgrade) === 0;
