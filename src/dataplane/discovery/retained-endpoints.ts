import type { Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import { compareSorted } from '../../wire/compare-sorted.ts';

/** The endpoints of a table whose connections are kept, by UID: a change of one among thousands costs no more than that. */
export class RetainedEndpoints {
  /** How many backends have the endpoint. */
  readonly uids = new Map<string, number>();
  /** The same of those whose node is lost. */
  readonly lost = new Map<string, number>();
  #backends: RoutingTable['backends'] = {};

  /** Returns whether the endpoints may be others. */
  read({ backends }: RoutingTable): boolean {
    const before = this.#backends;
    if (backends === before) return false;
    this.#backends = backends;
    for (const key of Object.keys({ ...before, ...backends })) {
      compareSorted(before[key]?.endpoints ?? none, backends[key]?.endpoints ?? none, uidOf, this);
    }
    return true;
  }

  come({ uid, nodeLost }: Endpoint): void {
    add(this.uids, uid, 1);
    if (nodeLost) add(this.lost, uid, 1);
  }

  gone({ uid, nodeLost }: Endpoint): void {
    add(this.uids, uid, -1);
    if (nodeLost) add(this.lost, uid, -1);
  }
}

const none: readonly Endpoint[] = [];

const uidOf = ({ uid }: Endpoint): string => uid;

function add(counts: Map<string, number>, uid: string, change: 1 | -1): void {
  const count = (counts.get(uid) ?? 0) + change;
  if (count === 0) counts.delete(uid);
  else counts.set(uid, count);
}
