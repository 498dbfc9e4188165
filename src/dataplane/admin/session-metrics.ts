/** The session side's numbers, as Prometheus metrics. */
import type { RoutingTable } from '../../core/table/routing-table.ts';
import { registerCounter, registerGauge, type Sample } from '../../platform/metrics.ts';
import type { SessionCounters } from '../sessions/counters.ts';
import type { EndpointSlots } from '../sessions/endpoint-slots.ts';

type Registry = Parameters<typeof registerCounter>[0];

export type SessionNumbers = {
  counters: SessionCounters;
  slots: Pick<EndpointSlots, 'byId'>;
  table: () => RoutingTable | undefined;
  /** Replicas of the operator whose stream is open. */
  connectedReplicas: () => number;
  /** How long ago the table was last known to be current; undefined without a table. */
  tableAgeMs: () => number | undefined;
};

export function registerSessionMetrics(registry: Registry, numbers: SessionNumbers): void {
  registerTotals(registry, numbers.counters);
  registerGauge(registry, {
    name: 'holdfast_sessions',
    help: 'Live sessions, with those about to begin.',
    labelNames: ['backend'],
    read: () => sessionsByBackend(numbers),
  });
  registerGauge(registry, {
    name: 'holdfast_endpoints',
    help: 'Endpoints of the routing table, by state.',
    labelNames: ['backend', 'state'],
    read: () => endpointsByState(numbers.table()),
  });
  registerGauge(registry, { name: 'holdfast_discovery_connected_replicas', help: 'Replicas of the operator whose table stream is open.', read: () => [{ value: numbers.connectedReplicas() }] });
  registerGauge(registry, {
    name: 'holdfast_table_age_seconds',
    help: 'Time since the routing table was last known to be current.',
    read: () => [numbers.tableAgeMs()].filter((ageMs) => ageMs !== undefined).map((ageMs) => ({ value: ageMs / 1000 })),
  });
}

function registerTotals(registry: Registry, counters: SessionCounters): void {
  const total = (name: string, help: string, read: () => number) => {
    registerCounter(registry, { name, help, read: () => [{ value: read() }] });
  };
  const byReason = (name: string, help: string, counts: Record<string, number>) => {
    registerCounter(registry, { name, help, labelNames: ['reason'], read: () => reasonSamples(counts) });
  };
  total('holdfast_sessions_started_total', 'Sessions that began at this replica.', () => counters.started);
  byReason('holdfast_sessions_ended_total', 'Sessions that ended at this replica.', counters.ended);
  byReason('holdfast_sessions_lost_total', 'Sessions whose client came back and found its pod gone.', counters.lost);
  total('holdfast_new_sessions_refused_total', 'New sessions that no endpoint accepted.', () => counters.refusedNew);
  byReason('holdfast_bad_tokens_total', 'Session tokens that were refused.', counters.badTokens);
  total('holdfast_table_waits_total', 'Requests that waited for a newer routing table.', () => counters.waited);
}

export const reasonSamples = (counts: Readonly<Record<string, number>>): Sample[] => Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));

function sessionsByBackend({ table, slots }: SessionNumbers): Sample[] {
  return Object.values(table()?.backends ?? {}).map(({ key, endpoints }) => {
    const counted = endpoints.flatMap(({ id }) => slots.byId(id) ?? []);
    return { labels: { backend: key }, value: counted.reduce((sum, slot) => sum + slot.sessions + slot.starting, 0) };
  });
}

function endpointsByState(table: RoutingTable | undefined): Sample[] {
  const states = ['Pending', 'Accepting', 'Draining'] as const;
  return Object.values(table?.backends ?? {}).flatMap(({ key, endpoints }) =>
    states.map((state) => ({ labels: { backend: key, state }, value: endpoints.filter((endpoint) => endpoint.state === state).length })),
  );
}
