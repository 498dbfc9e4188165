/** What this proxy counts per endpoint. Rows of sessions name an endpoint by the number of its slot. */
import type { Endpoint, Persistence } from '../../core/table/routing-table.ts';

export type EndpointSlot = {
  readonly number: number;
  /** See `endpointId`. */
  readonly id: string;
  limits: Persistence;
  inTable: boolean;
  /** Live sessions, those with nothing open included. */
  sessions: number;
  /** Requests that are about to begin a session: sent, or being sent, but not yet answered. */
  starting: number;
  /** Open requests and streams of its sessions. */
  open: number;
  /** When a session here was last seen to begin, go on or pause. */
  lastSeenS: number;
};

export interface EndpointSlots {
  byId(id: string): EndpointSlot | undefined;
  /** The slot of an endpoint, made where it has none. */
  of(endpoint: Endpoint, limits: Persistence): EndpointSlot;
  byNumber(number: number): EndpointSlot | undefined;
  /** The table was swapped: slots for these; the others stay only as long as they count something. */
  sync(endpoints: Iterable<{ endpoint: Endpoint; limits: Persistence }>): void;
  /** To be called when a slot's count fell: it goes when its endpoint left the table and nothing is counted. */
  releaseIfUnused(slot: EndpointSlot): void;
}

export function createEndpointSlots(): EndpointSlots {
  const byId = new Map<string, EndpointSlot>();
  // Number 0 is never given: it marks a free row.
  const byNumber: (EndpointSlot | undefined)[] = [undefined];
  const free: number[] = [];

  const add = (id: string, limits: Persistence): EndpointSlot => {
    const number = free.pop() ?? byNumber.length;
    const slot = { number, id, limits, inTable: true, sessions: 0, starting: 0, open: 0, lastSeenS: 0 };
    byNumber[number] = slot;
    byId.set(id, slot);
    return slot;
  };
  const releaseIfUnused = (slot: EndpointSlot) => {
    if (slot.inTable || slot.sessions > 0 || slot.starting > 0 || byNumber[slot.number] !== slot) return;
    byNumber[slot.number] = undefined;
    byId.delete(slot.id);
    free.push(slot.number);
  };
  return {
    byId: (id) => byId.get(id),
    of: (endpoint, limits) => byId.get(endpoint.id) ?? add(endpoint.id, limits),
    byNumber: (number) => byNumber[number],
    sync(endpoints) {
      for (const slot of byId.values()) slot.inTable = false;
      for (const { endpoint, limits } of endpoints) {
        const slot = byId.get(endpoint.id) ?? add(endpoint.id, limits);
        slot.inTable = true;
        slot.limits = limits;
      }
      for (const slot of byId.values()) releaseIfUnused(slot);
    },
    releaseIfUnused,
  };
}
