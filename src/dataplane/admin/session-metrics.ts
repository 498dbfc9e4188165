/** The session side's numbers, as metrics. */
import type { Backend, EndpointState, RoutingTable } from '../../wire/routing-table.ts';
import type { Sample } from '../../platform/metrics.ts';
import type { BackendCounters, SessionCounters } from '../sessions/counters.ts';
import type { EndpointSlots } from '../sessions/endpoint-slots.ts';
import type { HttpMetric } from './http-metrics.ts';
import { byReason, single, type ProxyMetric, type Readings } from './proxy-metrics.ts';

export type SessionNumbers = {
  counters: SessionCounters;
  slots: Pick<EndpointSlots, 'byId'>;
  table: () => RoutingTable | undefined;
  /** Replicas of the operator whose stream is open. */
  connectedReplicas: () => number;
  /** How long ago the table was last known to be current; undefined without a table. */
  tableAgeMs: () => number | undefined;
};

export function sessionReadings({
  counters,
  slots,
  table,
  connectedReplicas,
  tableAgeMs,
}: SessionNumbers): Readings<Exclude<ProxyMetric, HttpMetric>> {
  const perBackend = (read: (backend: BackendCounters) => Sample[]) => () =>
    [...counters.backends].flatMap(([key, backend]) => labelled(key, read(backend)));
  const perTableBackend = (read: (backend: Backend) => Sample[]) => () =>
    Object.values(table()?.backends ?? {}).flatMap((backend) => labelled(backend.key, read(backend)));
  return {
    holdfast_sessions: perTableBackend((backend) => byState(backend, (id) => sessionsAt(slots.byId(id)))),
    holdfast_sessions_started_total: perBackend(({ started }) => [{ value: started }]),
    holdfast_sessions_ended_total: perBackend(({ ended }) => byReason(ended)),
    holdfast_sessions_lost_total: perBackend(({ lost }) => byReason(lost)),
    holdfast_new_sessions_refused_total: perBackend(({ refused }) => byReason(refused)),
    holdfast_bad_tokens_total: () => byReason(counters.badTokens),
    holdfast_table_waits_total: single(() => counters.waited),
    holdfast_table_age_seconds: () =>
      [tableAgeMs()].filter((ageMs) => ageMs !== undefined).map((ageMs) => ({ value: ageMs / 1000 })),
    holdfast_endpoints: perTableBackend((backend) => byState(backend, () => 1)),
    holdfast_endpoints_unreachable: perTableBackend(({ endpoints }) => [
      { value: endpoints.filter(({ id }) => isRefusing(slots.byId(id))).length },
    ]),
    holdfast_discovery_connected_replicas: single(connectedReplicas),
  };
}

type Slot = ReturnType<EndpointSlots['byId']>;

const sessionsAt = (slot: Slot): number => (slot === undefined ? 0 : slot.sessions + slot.starting);

/** Since its last connection and until its next response, whether or not its time of being left alone is over. */
const isRefusing = (slot: Slot): boolean => slot !== undefined && slot.connectFailures > 0;

const states = ['Pending', 'Accepting', 'Draining'] as const satisfies readonly EndpointState[];

/** All three states, also with 0: a series that comes and goes cannot be added up. */
function byState({ endpoints }: Backend, numberAt: (endpointId: string) => number): Sample[] {
  const sums: Record<EndpointState, number> = { Pending: 0, Accepting: 0, Draining: 0 };
  for (const { id, state } of endpoints) sums[state] += numberAt(id);
  return states.map((state) => ({ labels: { state }, value: sums[state] }));
}

function labelled(key: string, samples: Sample[]): Sample[] {
  const [namespace = '', workload = ''] = key.split('/');
  return samples.map(({ labels, value }) => ({ labels: { namespace, workload, ...labels }, value }));
}
