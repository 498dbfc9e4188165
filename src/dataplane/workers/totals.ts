/** What all workers count at an endpoint: for each of them, the rest is what the others count. */
import type { EndpointSlot, EndpointSlots } from '../sessions/endpoint-slots.ts';

type Counted = Pick<EndpointSlot, 'sessions' | 'unconfirmed' | 'starting' | 'startingConfirmed' | 'open'>;

export type EndpointTotal = { endpoint: string; backend: number } & Counted;

export const totalOf = ({ endpoint, backend, ...slot }: EndpointSlot): EndpointTotal => ({
  endpoint: endpoint.id,
  backend: backend.id,
  sessions: slot.sessions,
  unconfirmed: slot.unconfirmed,
  starting: slot.starting,
  startingConfirmed: slot.startingConfirmed,
  open: slot.open,
});

/** A session that several workers have is in the total once: the rest of it is of this one. */
export function applyTotals(slots: Pick<EndpointSlots, 'ofEndpoint'>, totals: readonly EndpointTotal[]): void {
  for (const { endpoint, backend, ...total } of totals) {
    const slot = slots.ofEndpoint(endpoint).find((one) => one.backend.id === backend);
    if (slot === undefined) continue;
    const rest = (measure: (counted: Counted) => number) => Math.max(0, measure(total) - measure(slot));
    slot.elsewhere = {
      sessions: rest(({ sessions, unconfirmed, starting }) => sessions + unconfirmed + starting),
      confirmed: rest(({ sessions, startingConfirmed }) => sessions + startingConfirmed),
      requests: rest(({ open, starting }) => open + starting),
    };
  }
}
