/** The counts of this proxy per endpoint. Rows of sessions refer to an endpoint by the number of its slot. */
import type { EndpointLoad } from '../../core/balance/balance.ts';
import type { Endpoint, SessionLimits } from '../../wire/routing-table.ts';
import type { BackendCounters } from './counters.ts';

/** The state of a backend that outlives a table. */
export type BackendRecord = {
  limits: SessionLimits;
  readonly counters: BackendCounters;
  /** UID of the pod that got the last new session; undefined before the first. */
  previousUid: string | undefined;
  /** When an id that leaves no room for a token was last logged, Unix ms; 0 before the first. */
  unpinnedIdLoggedAtMs: number;
};

/** An EndpointLoad of `core/balance`. */
export type EndpointSlot = EndpointLoad & {
  readonly number: number;
  /** From the newest table that contains it. */
  endpoint: Endpoint;
  backend: BackendRecord;
  inTable: boolean;
  /** Confirmed sessions, including those without an open request. */
  sessions: number;
  /** Sessions whose client has not returned yet. */
  unconfirmed: number;
  /** Requests without a session: sent, or being sent, but without a response. Most are about to start one. */
  starting: number;
  /** Those of `starting` that start a confirmed session. */
  startingConfirmed: number;
  /** Open requests and streams of its sessions. */
  open: number;
  /** When a request or stream of its confirmed sessions last began or ended, and of the others. */
  lastSeenS: number;
  unconfirmedSeenS: number;
  /** Consecutive ejections; 0 since its last response. See `outlier.ts`. */
  connectFailures: number;
  ejectedUntilMs: number;
  /** A request of one of its sessions could not reach it for as long as the restart of a container may take. */
  unhealthy: boolean;
  /** Its last failure was silence, not a refusal. */
  unanswered: boolean;
};

export interface EndpointSlots {
  /** By the id or the alias of its endpoint. */
  byId(id: string): EndpointSlot | undefined;
  byNumber(number: number): EndpointSlot | undefined;
  /** Returns the slot of an endpoint of the table, which is created if it does not exist. */
  attach(endpoint: Endpoint, backend: BackendRecord): EndpointSlot;
  /** The endpoint left the table: its slot stays only while it counts something. */
  detach(slot: EndpointSlot): void;
  /** Must be called when a count of a slot decreased: a slot whose endpoint left the table is removed when nothing is counted. */
  releaseIfUnused(slot: EndpointSlot): void;
}

const isCounting = ({ sessions, unconfirmed, starting }: EndpointSlot): boolean =>
  sessions > 0 || unconfirmed > 0 || starting > 0;

/** By the UID if `endpointIdentity` has changed: an alias alone may name an earlier pod. */
const isSame = (one: Endpoint, other: Endpoint): boolean => one.id === other.id || one.uid === other.uid;

export function createEndpointSlots(): EndpointSlots {
  const byId = new Map<string, EndpointSlot>();
  // Number 0 is never assigned: it marks a free row.
  const byNumber: (EndpointSlot | undefined)[] = [undefined];
  const free: number[] = [];

  const add = (endpoint: Endpoint, backend: BackendRecord): EndpointSlot => {
    const number = free.pop() ?? byNumber.length;
    const slot = {
      number,
      endpoint,
      backend,
      inTable: true,
      sessions: 0,
      unconfirmed: 0,
      starting: 0,
      startingConfirmed: 0,
      open: 0,
      lastSeenS: 0,
      unconfirmedSeenS: 0,
      connectFailures: 0,
      ejectedUntilMs: 0,
      unhealthy: false,
      unanswered: false,
    };
    byNumber[number] = slot;
    return slot;
  };
  // An id may belong to a newer slot by now: pods of a StatefulSet have the same name one after another.
  const forgetId = (id: string, slot: EndpointSlot) => {
    if (byId.get(id) === slot) byId.delete(id);
  };
  const forgetIds = (slot: EndpointSlot) => {
    forgetId(slot.endpoint.id, slot);
    if (slot.endpoint.alias !== undefined) forgetId(slot.endpoint.alias, slot);
  };
  const releaseIfUnused = (slot: EndpointSlot) => {
    if (slot.inTable || isCounting(slot) || byNumber[slot.number] !== slot) return;
    byNumber[slot.number] = undefined;
    forgetIds(slot);
    free.push(slot.number);
  };
  return {
    byId: (id) => byId.get(id),
    byNumber: (number) => byNumber[number],
    attach(endpoint, backend) {
      const known = byId.get(endpoint.id);
      const slot = known !== undefined && isSame(known.endpoint, endpoint) ? known : add(endpoint, backend);
      forgetIds(slot);
      byId.set(endpoint.id, slot);
      if (endpoint.alias !== undefined) byId.set(endpoint.alias, slot);
      slot.inTable = true;
      slot.endpoint = endpoint;
      slot.backend = backend;
      return slot;
    },
    detach(slot) {
      slot.inTable = false;
      releaseIfUnused(slot);
    },
    releaseIfUnused,
  };
}
