/** The proxy's metrics: names, types, labels and help from the catalogue, values from the counters of the request path and the sessions. */
import { metrics, type MetricName } from '../../api/metrics.ts';
import { registerMetric, type Sample } from '../../platform/metrics.ts';
import type { ProcessFaults } from '../../platform/process-faults.ts';
import type { Backend, EndpointState, RoutingTable } from '../../wire/routing-table.ts';
import type { LineCounts } from '../access-log/line-writer.ts';
import type { ServerCounters } from '../counters.ts';
import type { ProxyServer } from '../server.ts';
import type { BackendCounters, SessionCounters } from '../sessions/counters.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';

/** The metrics of the catalogue that the proxy exports. */
type ProxyMetric = { [N in MetricName]: (typeof metrics)[N]['part'] extends 'proxy' ? N : never }[MetricName];

/** By name: returns the current samples of the metric. A metric without samples does not compile. */
type MetricSamples<N extends ProxyMetric = ProxyMetric> = Record<N, () => Iterable<Sample>>;

type Registry = Parameters<typeof registerMetric>[0];

export function registerProxyMetrics(registry: Registry, samples: MetricSamples): void {
  const isExported = (name: string): name is ProxyMetric => name in samples;
  for (const name of Object.keys(samples).filter(isExported)) {
    registerMetric(registry, { name, ...metrics[name], read: samples[name] });
  }
}

const single = (read: () => number) => (): Sample[] => [{ value: read() }];

const byReason = (counts: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));

type ProcessMetric = 'holdfast_proxy_faults_total';

export const processSamples = (faults: ProcessFaults['counts']): MetricSamples<ProcessMetric> => ({
  holdfast_proxy_faults_total: () => Object.entries(faults).map(([kind, value]) => ({ labels: { kind }, value })),
});

type WorkerMetric = Extract<ProxyMetric, `holdfast_proxy_worker${string}`>;

/** Of a proxy with workers. */
export type WorkerFigures = { deaths: number; counts(): Record<string, number> };

export const workerSamples = (workers: WorkerFigures | undefined): MetricSamples<WorkerMetric> => ({
  holdfast_proxy_workers: () =>
    Object.entries(workers?.counts() ?? {}).map(([state, value]) => ({ labels: { state }, value })),
  holdfast_proxy_worker_deaths_total: () => (workers === undefined ? [] : [{ value: workers.deaths }]),
});

type HttpMetric = Extract<ProxyMetric, `holdfast_${'http' | 'tls' | 'upstream'}_${string}`>;

/** `server`: its connections to endpoints, and its limit of client connections. */
export const httpSamples = (
  counters: ServerCounters,
  server: Pick<ProxyServer, 'upstreamCounts' | 'maxConnections'>,
  accessLines: Readonly<LineCounts>,
): MetricSamples<HttpMetric> => ({
  holdfast_http_connections_total: single(() => counters.connectionsAccepted),
  holdfast_http_accept_errors_total: single(() => counters.acceptErrors),
  holdfast_http_requests_total: single(() => counters.requests),
  holdfast_http_upgrades_total: single(() => counters.upgrades),
  holdfast_http_responses_total: () =>
    counters.responsesByClass.map((value, digit) => ({ labels: { class: `${digit}xx` }, value })).slice(1),
  holdfast_http_refusals_total: () => byReason(counters.refusals),
  holdfast_http_limit_refusals_total: () =>
    Object.entries(counters.limitRefusals).map(([limit, value]) => ({ labels: { limit }, value })),
  holdfast_http_proxy_protocol_refusals_total: () => byReason(counters.proxyProtocolRefusals),
  holdfast_http_http2_errors_total: () =>
    Object.entries(counters.http2Errors).flatMap(([scope, counts]) =>
      Object.entries(counts).map(([reason, value]) => ({ labels: { scope, reason }, value })),
    ),
  holdfast_tls_handshakes_total: single(() => counters.tlsHandshakes),
  holdfast_tls_handshake_failures_total: () => byReason(counters.tlsHandshakeFailures),
  holdfast_http_mirrors_total: () =>
    Object.entries(counters.mirrors).map(([result, value]) => ({ labels: { result }, value })),
  holdfast_http_retries_total: () =>
    Object.entries(counters.retries).map(([result, value]) => ({ labels: { result }, value })),
  holdfast_http_access_log_lines_total: () =>
    Object.entries(accessLines).map(([result, value]) => ({ labels: { result }, value })),
  holdfast_http_replies_total: () => byReason(counters.replies),
  holdfast_http_responses_truncated_total: single(() => counters.responsesTruncated),
  holdfast_http_faults_total: () =>
    Object.entries(counters.faults).map(([scope, value]) => ({ labels: { scope }, value })),
  holdfast_http_clients_gone_total: single(() => counters.clientsGone),
  holdfast_http_connections_limit: single(() => server.maxConnections()),
  holdfast_http_connections_open: single(() => counters.connectionsOpen),
  holdfast_http_requests_open: single(() => counters.requestsOpen),
  holdfast_http_upgrades_open: single(() => counters.upgradesOpen),
  holdfast_upstream_connect_failures_total: single(() => counters.upstreamConnectFailures),
  holdfast_upstream_local_errors_total: () =>
    Object.entries(counters.upstreamLocalErrors).map(([error, value]) => ({ labels: { error }, value })),
  holdfast_upstream_tls_failures_total: () => byReason(counters.upstreamTlsFailures),
  holdfast_upstream_retries_total: single(() => counters.upstreamRetries),
  holdfast_upstream_connections: () => {
    const { open, idle } = server.upstreamCounts();
    return [
      { labels: { state: 'busy' }, value: open - idle },
      { labels: { state: 'idle' }, value: idle },
    ];
  },
});

export type SessionMetricPorts = {
  counters: SessionCounters;
  /** Of the endpoint of a backend. */
  slotOf: (backendKey: string, endpointId: string) => EndpointSlot | undefined;
  table: () => RoutingTable | undefined;
  /** Returns the number of operator replicas whose stream is open. */
  connectedReplicas: () => number;
  /** Whether the table in use is that of the table file; undefined without one. */
  fileIsCurrent: () => boolean | undefined;
  /** Returns the time since the table was last known to be current; undefined without a table. */
  tableAgeMs: () => number | undefined;
};

export function sessionSamples({
  counters,
  slotOf,
  table,
  connectedReplicas,
  fileIsCurrent,
  tableAgeMs,
}: SessionMetricPorts): MetricSamples<Exclude<ProxyMetric, HttpMetric | ProcessMetric | WorkerMetric>> {
  const perBackend = (read: (backend: BackendCounters) => Sample[]) => () =>
    [...counters.backends].flatMap(([key, backend]) => labelled(key, read(backend)));
  const perTableBackend = (read: (backend: Backend) => Sample[]) => () =>
    Object.values(table()?.backends ?? {})
      .filter(({ sessions }) => sessions !== undefined)
      .flatMap((backend) => labelled(backend.key, read(backend)));
  return {
    holdfast_sessions: perTableBackend((backend) => byState(backend, (id) => confirmedAt(slotOf(backend.key, id)))),
    holdfast_unconfirmed_sessions: perTableBackend((backend) =>
      byState(backend, (id) => unconfirmedAt(slotOf(backend.key, id))),
    ),
    holdfast_sessions_started_total: perBackend(({ started }) => [{ value: started }]),
    holdfast_sessions_confirmed_total: perBackend(({ confirmed }) => [{ value: confirmed }]),
    holdfast_ended_sessions_forgotten_total: single(() => counters.endsForgotten),
    holdfast_sessions_ended_total: perBackend(({ ended }) => byReason(ended)),
    holdfast_sessions_lost_total: perBackend(({ lost }) => byReason(lost)),
    holdfast_new_sessions_refused_total: perBackend(({ refused }) => byReason(refused)),
    holdfast_session_requests_refused_total: perBackend(({ keptRefused }) => byReason(keptRefused)),
    holdfast_carrier_conflicts_total: perBackend(({ carrierConflicts }) => [{ value: carrierConflicts }]),
    holdfast_unpinned_ids_total: perBackend(({ unpinnedIds }) => [{ value: unpinnedIds }]),
    holdfast_bad_tokens_total: () => byReason(counters.badTokens),
    holdfast_table_waits_total: single(() => counters.waited),
    holdfast_table_age_seconds: () =>
      [tableAgeMs()].filter((ageMs) => ageMs !== undefined).map((ageMs) => ({ value: ageMs / 1000 })),
    holdfast_table_file_current: () =>
      [fileIsCurrent()]
        .filter((isCurrent) => isCurrent !== undefined)
        .map((isCurrent) => ({ value: Number(isCurrent) })),
    holdfast_endpoints: perTableBackend((backend) => byState(backend, () => 1)),
    holdfast_endpoints_ejected: perTableBackend(({ key, endpoints }) => [
      { value: endpoints.filter(({ id }) => isFailing(slotOf(key, id))).length },
    ]),
    holdfast_discovery_connected_replicas: single(connectedReplicas),
  };
}

type Slot = EndpointSlot | undefined;

const confirmedAt = (slot: Slot): number => (slot === undefined ? 0 : slot.sessions + slot.startingConfirmed);

const unconfirmedAt = (slot: Slot): number =>
  slot === undefined ? 0 : slot.unconfirmed + slot.starting - slot.startingConfirmed;

/** Whether it refused its last connection, during its ejection and after it. */
const isFailing = (slot: Slot): boolean => slot !== undefined && slot.connectFailures > 0;

const states = ['Pending', 'Accepting', 'Draining'] as const satisfies readonly EndpointState[];

/**
 * Returns all three states, including those with 0: a series that appears and disappears cannot be summed. An absent pod is pending: it
 * gets no new sessions, and has those that wait for it.
 */
function byState({ endpoints }: Backend, numberAt: (endpointId: string) => number): Sample[] {
  const sums: Record<(typeof states)[number], number> = { Pending: 0, Accepting: 0, Draining: 0 };
  for (const { id, state } of endpoints) sums[state === 'Absent' ? 'Pending' : state] += numberAt(id);
  return states.map((state) => ({ labels: { state }, value: sums[state] }));
}

function labelled(key: string, samples: Sample[]): Sample[] {
  const [namespace = '', workload = ''] = key.split('/');
  return samples.map(({ labels, value }) => ({ labels: { namespace, workload, ...labels }, value }));
}
