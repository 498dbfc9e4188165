/**
 * The counts of this proxy per endpoint of a backend: a pod of several backends has a slot in each, with the limits and counters of that
 * backend. Rows of sessions refer to a slot by its number.
 */
import type { EndpointLoad, LoadElsewhere } from '../../core/balance/balance.ts';
import type { Endpoint, SessionLimits } from '../../wire/routing-table.ts';
import type { BackendCounters } from './counters.ts';

/** The state of a backend that outlives a table. */
export type BackendRecord = {
  /** As in tokens. */
  readonly id: number;
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
  readonly backend: BackendRecord;
  /** From the newest table that contains it. */
  endpoint: Endpoint;
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
  elsewhere: LoadElsewhere | undefined;
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
  /** Among those that `takeChanged` returns next. */
  isChanged: boolean;
};

export interface EndpointSlots {
  /** The slots of an endpoint, by its id or its alias: one for each backend. */
  ofEndpoint(id: string): readonly EndpointSlot[];
  /** That of this backend; undefined if it has never had the endpoint. */
  find(id: string, backend: BackendRecord): EndpointSlot | undefined;
  byNumber(number: number): EndpointSlot | undefined;
  /** Returns the slot of an endpoint of the table, which is created if it does not exist. */
  attach(endpoint: Endpoint, backend: BackendRecord): EndpointSlot;
  /** The endpoint left the backend: its slot stays only while it counts something. */
  detach(slot: EndpointSlot): void;
  /** Must be called when a count of a slot decreased: a slot whose endpoint left the table is removed when nothing is counted. */
  releaseIfUnused(slot: EndpointSlot): void;
  /** Must be called when a count or a date of a slot changes. */
  noteChange(slot: EndpointSlot): void;
  /** Returns the slots that have changed since the last call; before the first, nothing is noted. */
  takeChanged(): readonly EndpointSlot[];
}

const none: readonly EndpointSlot[] = [];

const isCounting = ({ sessions, unconfirmed, starting }: EndpointSlot): boolean =>
  sessions > 0 || unconfirmed > 0 || starting > 0;

/** Returns one that is in the table, of any backend. */
export function inTable(slots: readonly EndpointSlot[]): EndpointSlot | undefined {
  for (const slot of slots) if (slot.inTable) return slot;
  return undefined;
}

/** By the UID if `endpointIdentity` has changed: an alias alone may name an earlier pod. */
const isSame = (one: Endpoint, other: Endpoint): boolean => one.id === other.id || one.uid === other.uid;

export function createEndpointSlots(): EndpointSlots {
  const byId = new Map<string, readonly EndpointSlot[]>();
  // Number 0 is never assigned: it marks a free row.
  const byNumber: (EndpointSlot | undefined)[] = [undefined];
  const free: number[] = [];
  let changed: EndpointSlot[] | undefined;

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
      elsewhere: undefined,
      lastSeenS: 0,
      unconfirmedSeenS: 0,
      connectFailures: 0,
      ejectedUntilMs: 0,
      unhealthy: false,
      unanswered: false,
      isChanged: false,
    };
    byNumber[number] = slot;
    return slot;
  };
  const ofEndpoint = (id: string) => byId.get(id) ?? none;
  const forgetId = (id: string, slot: EndpointSlot) => {
    const others = ofEndpoint(id).filter((one) => one !== slot);
    if (others.length > 0) byId.set(id, others);
    else byId.delete(id);
  };
  const forgetIds = (slot: EndpointSlot) => {
    forgetId(slot.endpoint.id, slot);
    if (slot.endpoint.alias !== undefined) forgetId(slot.endpoint.alias, slot);
  };
  /** In place of one of the same backend: pods of a StatefulSet have the same name one after another. */
  const rememberId = (id: string, slot: EndpointSlot) => {
    byId.set(id, [...ofEndpoint(id).filter(({ backend }) => backend !== slot.backend), slot]);
  };
  const find = (id: string, backend: BackendRecord) => {
    for (const slot of ofEndpoint(id)) if (slot.backend === backend) return slot;
    return undefined;
  };
  const releaseIfUnused = (slot: EndpointSlot) => {
    if (slot.inTable || isCounting(slot) || byNumber[slot.number] !== slot) return;
    byNumber[slot.number] = undefined;
    forgetIds(slot);
    free.push(slot.number);
  };
  return {
    ofEndpoint,
    find,
    byNumber: (number) => byNumber[number],
    attach(endpoint, backend) {
      const known = find(endpoint.id, backend);
      const slot = known !== undefined && isSame(known.endpoint, endpoint) ? known : add(endpoint, backend);
      forgetIds(slot);
      slot.inTable = true;
      slot.endpoint = endpoint;
      rememberId(endpoint.id, slot);
      if (endpoint.alias !== undefined) rememberId(endpoint.alias, slot);
      return slot;
    },
    detach(slot) {
      slot.inTable = false;
      releaseIfUnused(slot);
    },
    releaseIfUnused,
    noteChange(slot) {
      if (slot.isChanged || changed === undefined) return;
      slot.isChanged = true;
      changed.push(slot);
    },
    takeChanged() {
      const taken = changed ?? [];
      changed = [];
      for (const slot of taken) slot.isChanged = false;
      return taken;
    },
  };
}
