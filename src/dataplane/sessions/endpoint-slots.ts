/** What this proxy counts per endpoint. Rows of sessions name an endpoint by the number of its slot. */
import type { Target } from '../../core/balance/balance.ts';
import type { Endpoint, SessionLimits } from '../../wire/routing-table.ts';
import type { BackendCounters } from './counters.ts';

/** What is kept of a backend from table to table. */
export type BackendRecord = {
  limits: SessionLimits;
  readonly counters: BackendCounters;
  /** Pod that got the last new session; undefined before the first. */
  previousUid: string | undefined;
};

/** A Target of `core/balance`. */
export type EndpointSlot = Target & {
  readonly number: number;
  /** As the newest table that had it says. */
  endpoint: Endpoint;
  backend: BackendRecord;
  inTable: boolean;
  /** Live sessions, those with nothing open included. */
  sessions: number;
  /** Requests that are about to begin a session: sent, or being sent, but not yet answered. */
  starting: number;
  /** Open requests and streams of its sessions. */
  open: number;
  /** When a session here was last seen to begin, go on or pause. */
  lastSeenS: number;
  /** How often in a row it was left alone and then refused again; 0 since its last response. */
  refusals: number;
  ejectedUntilMs: number;
  /** It refused a session of its own for as long as a container may take to restart. */
  unreachable: boolean;
};

export interface EndpointSlots {
  byId(id: string): EndpointSlot | undefined;
  byNumber(number: number): EndpointSlot | undefined;
  /** The slot of an endpoint that is in the table, made where it has none. */
  enter(endpoint: Endpoint, backend: BackendRecord): EndpointSlot;
  /** The endpoint left the table: its slot stays only as long as it counts something. */
  leave(slot: EndpointSlot): void;
  /** To be called when a slot's count fell: it goes when its endpoint left the table and nothing is counted. */
  releaseIfUnused(slot: EndpointSlot): void;
}

export function createEndpointSlots(): EndpointSlots {
  const byId = new Map<string, EndpointSlot>();
  // Number 0 is never given: it marks a free row.
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
      starting: 0,
      open: 0,
      lastSeenS: 0,
      refusals: 0,
      ejectedUntilMs: 0,
      unreachable: false,
    };
    byNumber[number] = slot;
    byId.set(endpoint.id, slot);
    return slot;
  };
  const releaseIfUnused = (slot: EndpointSlot) => {
    if (slot.inTable || slot.sessions > 0 || slot.starting > 0 || byNumber[slot.number] !== slot) return;
    byNumber[slot.number] = undefined;
    byId.delete(slot.endpoint.id);
    free.push(slot.number);
  };
  return {
    byId: (id) => byId.get(id),
    byNumber: (number) => byNumber[number],
    enter(endpoint, backend) {
      const slot = byId.get(endpoint.id) ?? add(endpoint, backend);
      slot.inTable = true;
      slot.endpoint = endpoint;
      slot.backend = backend;
      return slot;
    },
    leave(slot) {
      slot.inTable = false;
      releaseIfUnused(slot);
    },
    releaseIfUnused,
  };
}
