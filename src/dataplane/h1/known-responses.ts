/**
 * The heads of responses that apps repeat byte for byte, as they do for all that has not changed, within the second of its Date: these are not parsed and
 * not judged again.
 *
 *     once ──again──► known ──another one in its place, twice──► forgotten
 */
import { Field } from '../http/fields.ts';
import { copyHead, type Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { createRepeatedHead } from '../http/repeated-head.ts';

const places = 16;
const maxHeadBytes = 1024;

type Place = { readonly seen: Buffer; seenLength: number; head: Head | undefined };

export class KnownResponses {
  private readonly places = Array.from({ length: places }, (): Place => ({
    seen: Buffer.alloc(maxHeadBytes),
    seenLength: 0,
    head: undefined,
  }));

  /** Returns the head with which the first `length` bytes begin, if it is known: one with bytes of its own. */
  find(bytes: Buffer, length: number): Head | undefined {
    const head = this.places[length % places]?.head;
    if (head === undefined || head.end > length) return undefined;
    return head.bytes.compare(bytes, 0, head.end) === 0 ? head : undefined;
  }

  /** Called after `find` of a head that was not known. Returns the one to use: a copy if it may come again. */
  learn(length: number, head: Head): Head {
    const place = this.places[length % places];
    const mayRepeat = head.status >= 200 && head.start === 0 && head.end <= maxHeadBytes;
    if (place === undefined || !mayRepeat || countOf(head, Field.SetCookie) > 0) return head;
    if (place.seenLength !== head.end || place.seen.compare(head.bytes, 0, head.end, 0, head.end) !== 0) {
      place.seenLength = head.bytes.copy(place.seen, 0, 0, head.end);
      return head;
    }
    place.head = copyHead(head);
    place.head.repeated = createRepeatedHead();
    return place.head;
  }
}
