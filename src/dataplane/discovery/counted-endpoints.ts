/**
 * The endpoints of the table by which requests are routed, with what was last reported of each. A table may have 10,000 of them, of which few
 * change between two reports: reading costs what has changed, in the table or in the counts, and a walk over the references of a changed list.
 */
import type { EndpointReport } from '../../wire/messages.ts';
import type { Backend, Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import { compareSorted } from '../../wire/compare-sorted.ts';
import type { EndpointSlots } from '../sessions/endpoint-slots.ts';
import { reportEndpoint, unchangedUntilMs } from './report.ts';

/** Since an earlier version, or all endpoints. `gone`: UIDs of those that have left the table. */
export type EndpointChanges = { version: number; isComplete: boolean; endpoints: EndpointReport[]; gone: string[] };

/** `backends`: how many have it. `report`: absent until it has been counted. */
type Listed = { endpoint: Endpoint; backends: number; report: EndpointReport | undefined };

/** Of changes in addition to two for each endpoint. A replica whose last report is older gets all endpoints. */
const minRemembered = 1000;

export class CountedEndpoints {
  readonly #slots: Pick<EndpointSlots, 'ofEndpoint' | 'takeChanged'>;
  readonly #listed = new Map<string, Listed>();
  #backends: RoutingTable['backends'] = {};
  /** UIDs whose reports may have changed. */
  readonly #touched = new Set<string>();
  /** UIDs whose reports also change with time, and when the first does. */
  readonly #inUse = new Set<string>();
  #unchangedUntilMs = Number.POSITIVE_INFINITY;
  #nowMs = 0;
  /** The UIDs of each change, the oldest first, and the version before the first. */
  #changes: string[] = [];
  #firstVersion = 0;

  constructor(slots: Pick<EndpointSlots, 'ofEndpoint' | 'takeChanged'>) {
    this.#slots = slots;
  }

  /** `table`: the one by which requests are currently routed. */
  read({ backends }: RoutingTable, nowMs: number): void {
    this.#nowMs = nowMs;
    for (const slot of this.#slots.takeChanged()) this.#touched.add(slot.endpoint.uid);
    if (backends !== this.#backends) this.#compare(this.#backends, backends);
    this.#backends = backends;
    if (nowMs > this.#unchangedUntilMs) {
      this.#unchangedUntilMs = Number.POSITIVE_INFINITY;
      for (const uid of this.#inUse) this.#touched.add(uid);
    }
    for (const uid of this.#touched) this.#count(uid);
    this.#touched.clear();
    this.#forgetOld();
  }

  /** As of the last `read`. `version`: of what the replica has; absent: nothing. All endpoints are counted again, whatever has changed. */
  since(version: number | undefined): EndpointChanges {
    const isComplete = version === undefined || version < this.#firstVersion;
    const uids = isComplete ? this.#listed.keys() : new Set(this.#changes.slice(version - this.#firstVersion));
    const endpoints: EndpointReport[] = [];
    const gone: string[] = [];
    for (const uid of uids) {
      if (isComplete) this.#count(uid);
      const report = this.#listed.get(uid)?.report;
      if (report) endpoints.push(report);
      else gone.push(uid);
    }
    return { version: this.#firstVersion + this.#changes.length, isComplete, endpoints, gone };
  }

  #compare(before: RoutingTable['backends'], after: RoutingTable['backends']): void {
    for (const [key, backend] of Object.entries(before)) {
      if (!Object.hasOwn(after, key)) compareSorted(countedOf(backend), none, uidOf, this);
    }
    for (const [key, backend] of Object.entries(after)) {
      const known = before[key];
      if (known === backend) continue;
      compareSorted(countedOf(known), countedOf(backend), uidOf, this);
      // Also those of pods that have left the backend, and still have sessions there.
      if (known && known.sessions?.limits !== backend.sessions?.limits) this.#touchAll();
    }
  }

  #touchAll(): void {
    for (const uid of this.#listed.keys()) this.#touched.add(uid);
  }

  come(endpoint: Endpoint): void {
    // No pod is held for the sessions of an absent one; they count again for the next pod of its name.
    if (endpoint.state === 'Absent') return;
    const known = this.#listed.get(endpoint.uid);
    if (known === undefined) this.#listed.set(endpoint.uid, { endpoint, backends: 1, report: undefined });
    else {
      known.endpoint = endpoint;
      known.backends += 1;
    }
    this.#touched.add(endpoint.uid);
  }

  gone({ uid, state }: Endpoint): void {
    const known = this.#listed.get(uid);
    if (known === undefined || state === 'Absent') return;
    known.backends -= 1;
    if (known.backends > 0) return;
    this.#listed.delete(uid);
    this.#inUse.delete(uid);
    this.#changes.push(uid);
  }

  #count(uid: string): void {
    const known = this.#listed.get(uid);
    if (known === undefined) return;
    const counts = this.#slots.ofEndpoint(known.endpoint.id);
    const report = reportEndpoint(uid, counts, this.#nowMs);
    if (!isAlike(known.report, report)) {
      known.report = report;
      this.#changes.push(uid);
    }
    const untilMs = unchangedUntilMs(counts, this.#nowMs);
    if (untilMs === Number.POSITIVE_INFINITY) this.#inUse.delete(uid);
    else this.#inUse.add(uid);
    this.#unchangedUntilMs = Math.min(this.#unchangedUntilMs, untilMs);
  }

  #forgetOld(): void {
    const max = 2 * this.#listed.size + minRemembered;
    if (this.#changes.length <= max) return;
    this.#firstVersion += this.#changes.length - max / 2;
    this.#changes = this.#changes.slice(-max / 2);
  }
}

const none: readonly Endpoint[] = [];

const uidOf = ({ uid }: Endpoint): string => uid;

const countedOf = (backend: Backend | undefined): readonly Endpoint[] =>
  backend?.sessions === undefined ? none : backend.endpoints;

const isAlike = (one: EndpointReport | undefined, other: EndpointReport): boolean =>
  one?.sessions === other.sessions &&
  one.expiresAtMs === other.expiresAtMs &&
  one.unconfirmed?.sessions === other.unconfirmed?.sessions &&
  one.unconfirmed?.expiresAtMs === other.unconfirmed?.expiresAtMs;
