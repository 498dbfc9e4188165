/** The heads of responses that a pod repeats byte for byte, as it does for all that has not changed, within the second of its Date. */
import { Field } from '../http/fields.ts';
import type { Head } from '../http/head.ts';
import { countOf } from '../http/head-fields.ts';
import { KnownHead } from './known-head.ts';

/** A head is found in one of them, by the length of what was read. */
const places = 8;

/** Of one pod: another one may have a name or an address of its own in its heads. */
export class KnownResponses {
  private readonly places: (KnownHead | undefined)[] = Array.from({ length: places });

  /** Returns the head with which the first `length` bytes begin, if it is known: one with bytes of its own. */
  find(bytes: Buffer, length: number): Head | undefined {
    return this.places[length % places]?.find(bytes, length);
  }

  /** Called after `find` of a head that was not known. Returns the one to use: a copy if it may come again. */
  learn(length: number, head: Head): Head {
    if (head.status < 200 || countOf(head, Field.SetCookie) > 0) return head;
    const place = (this.places[length % places] ??= new KnownHead());
    return place.learn(head);
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
