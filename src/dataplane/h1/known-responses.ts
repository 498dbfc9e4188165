/**
 * The heads of responses that a pod repeats byte for byte, as it does for all that has not changed, within the second of its Date: these are not
 * parsed and not judged again (docs/design/0044).
 *
 *     once ──again──► known ──another one in its place, twice──► forgotten
 */
import { Field } from '../http/fields.ts';
import { copyHead, type Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { createRepeatedHead } from '../http/repeated-head.ts';
import { Recurrence } from './recurrence.ts';

const places = 8;
const maxHeadBytes = 1024;

type Place = { head: Head | undefined; readonly recurrence: Recurrence };

/** Of one pod: another one may have a name or an address of its own in its heads. */
export class KnownResponses {
  private readonly places: (Place | undefined)[] = Array.from({ length: places });

  /** Returns the head with which the first `length` bytes begin, if it is known: one with bytes of its own. */
  find(bytes: Buffer, length: number): Head | undefined {
    const head = this.places[length % places]?.head;
    if (head === undefined || head.end > length) return undefined;
    return head.bytes.compare(bytes, 0, head.end) === 0 ? head : undefined;
  }

  /** Called after `find` of a head that was not known. Returns the one to use: a copy if it may come again. */
  learn(length: number, head: Head): Head {
    const place = (this.places[length % places] ??= { head: undefined, recurrence: new Recurrence() });
    if (!mayBeKnown(head) || !place.recurrence.isAgain(head)) return head;
    place.head = copyHead(head);
    place.head.repeated = createRepeatedHead();
    return place.head;
  }
}

/** Returns a function for the heads of each group of connections to a pod; they are forgotten with the group. */
export function createKnownResponses(): (group: object) => KnownResponses {
  const byGroup = new WeakMap<object, KnownResponses>();
  return (group) => {
    const known = byGroup.get(group) ?? new KnownResponses();
    byGroup.set(group, known);
    return known;
  };
}

const mayBeKnown = (head: Head): boolean =>
  head.status >= 200 && head.start === 0 && head.end <= maxHeadBytes && countOf(head, Field.SetCookie) === 0;
