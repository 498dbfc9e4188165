/**
 * Every metric that a component of Holdfast exposes on its admin port: name, type, labels and help text. Components register
 * these metrics and no others; the reference is generated from this file, and dashboards and alert rules are tested against it.
 *
 * Label values are bounded: by the objects in the cluster (namespace, workload), by a closed set of words (state, reason, …), or
 * by a limit given in the help text (pod). Nothing that a client sends becomes a label value.
 */
import type { MetricDefinition } from './metric-definition.ts';
export type { MetricDefinition, MetricPart } from './metric-definition.ts';
import { requestPathMetrics } from './request-path-metrics.ts';

const perWorkload = ['namespace', 'workload'] as const;

export const metrics = {
  // Operator
  holdfast_operator_leader: {
    part: 'operator',
    type: 'gauge',
    labels: [],
    help: 'Whether this replica is the leader: 1 or 0.',
  },
  holdfast_operator_watch_events_total: {
    part: 'operator',
    type: 'counter',
    labels: ['kind', 'result'],
    help: 'Changes received from the API server, by kind of object and result: Changed, StatusOnly (only what the operator writes, such as a status), Unchanged (no field that the operator reads), or Unreadable (a defect; the previous version stays in effect). Only Changed causes a translation.',
  },
  holdfast_operator_translations_total: {
    part: 'operator',
    type: 'counter',
    labels: [],
    help: 'Translations of the cluster state into routing tables.',
  },
  holdfast_operator_untranslatable_objects: {
    part: 'operator',
    type: 'gauge',
    labels: ['kind'],
    help: 'Objects that cannot be translated, by kind, because of a defect of Holdfast. Their previous versions stay in effect; see the events and conditions with reason TranslationFailed.',
  },
  holdfast_operator_reconciles_total: {
    part: 'operator',
    type: 'counter',
    labels: ['kind'],
    help: 'Objects reconciled, by kind. Session counts cause none.',
  },
  holdfast_operator_injections_total: {
    part: 'operator',
    type: 'counter',
    labels: ['outcome'],
    help: 'Pods reviewed by the injection webhook, by outcome.',
  },
  holdfast_operator_faults_total: {
    part: 'operator',
    type: 'counter',
    labels: ['kind'],
    help: 'Internal errors that nothing handled, by kind: uncaughtException or unhandledRejection. The operator exits after the first.',
  },
  holdfast_operator_kube_writes_total: {
    part: 'operator',
    type: 'counter',
    labels: ['verb', 'kind', 'result'],
    help: 'Write requests to the API server, by verb, kind and result.',
  },
  holdfast_operator_cache_age_seconds: {
    part: 'operator',
    type: 'gauge',
    labels: [],
    help: 'Seconds since the last update from the API server, for the cache that lags most.',
  },
  holdfast_operator_reports_total: {
    part: 'operator',
    type: 'counter',
    labels: ['result'],
    help: 'Session reports from proxies: Accepted; Reduced (accepted without entries about endpoints of other Gateways); Stale (older than one already received); Invalid (breaks the format); UnknownProxy (the caller is not a proxy of its Gateway).',
  },
  holdfast_certificate_not_after_timestamp_seconds: {
    part: 'operator',
    type: 'gauge',
    labels: ['namespace', 'gateway', 'listener', 'secret'],
    help: 'When a certificate that the proxies of a Gateway present expires, as a Unix timestamp; secret is namespace/name. listener is empty for the certificate that they present to pods, and namespace/set/name for a listener of a ListenerSet. Exported by the leader only.',
  },
  holdfast_operator_resource_refused_total: {
    part: 'operator',
    type: 'counter',
    labels: ['type'],
    help: 'Parts of their configuration that proxies could not use, by type (listeners, route, backend, endpoints, certificate and others): they keep the previous version.',
  },
  holdfast_workload_sessions: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Confirmed sessions on all proxies, by state of their pod. Absent while unknown. Exported by the leader only.',
  },
  holdfast_workload_unconfirmed_sessions: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Sessions on all proxies whose client has not returned yet, by state of their pod. Absent while unknown. Exported by the leader only.',
  },
  holdfast_workload_endpoints: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Pods by state. Exported by the leader only.',
  },
  holdfast_workload_ready: {
    part: 'operator',
    type: 'gauge',
    labels: perWorkload,
    help: 'Whether condition Ready is True: 1 or 0. Exported by the leader only.',
  },
  holdfast_workload_pods_not_injected: {
    part: 'operator',
    type: 'gauge',
    labels: perWorkload,
    help: 'Pods without the sidecar. Exported by the leader only.',
  },
  holdfast_draining_pod_sessions: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'pod'],
    help: 'Sessions that a draining pod waits for, confirmed or not; at most 50 pods per workload. Absent while unknown. Exported by the leader only.',
  },
  holdfast_draining_pod_deadline_timestamp_seconds: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'pod'],
    help: 'Time at which a draining pod stops waiting for its sessions, in Unix seconds; at most 50 pods per workload. Exported by the leader only.',
  },
  holdfast_drains_total: {
    part: 'operator',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Completed drains reported to this replica by sidecars, by reason. Absent from 10 minutes after the StickyWorkload is deleted.',
  },
  holdfast_drain_duration_seconds: {
    part: 'operator',
    type: 'histogram',
    labels: ['reason'],
    help: 'Duration of completed drains, by reason.',
  },
  holdfast_drain_sessions_cut_total: {
    part: 'operator',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Sessions that were still live when their pod stopped, by reason, and are lost: they do not wait for the next pod of its name. Absent from 10 minutes after the StickyWorkload is deleted.',
  },
  holdfast_key_rotations_total: {
    part: 'operator',
    type: 'counter',
    labels: ['step'],
    help: 'Steps of session key rotations: Added, Promoted or Retired.',
  },
  holdfast_deletion_cost_writes_total: {
    part: 'operator',
    type: 'counter',
    labels: ['result'],
    help: 'Writes of pod-deletion-cost: Written, or Deferred because the write budget was exhausted.',
  },
  // Proxy
  holdfast_sessions: {
    part: 'proxy',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Confirmed sessions on this replica, including those about to start, by state of their pod.',
  },
  holdfast_unconfirmed_sessions: {
    part: 'proxy',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Sessions on this replica whose client has not returned yet, and first requests in flight, by state of their pod.',
  },
  holdfast_sessions_started_total: {
    part: 'proxy',
    type: 'counter',
    labels: perWorkload,
    help: 'Sessions started on this replica, confirmed or not.',
  },
  holdfast_sessions_confirmed_total: {
    part: 'proxy',
    type: 'counter',
    labels: perWorkload,
    help: 'Sessions confirmed on this replica: their client returned, held a request open, or started them with an unsafe method.',
  },
  holdfast_ended_sessions_forgotten_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Ended sessions that this replica no longer remembers, or could not report to others, although their tokens could still be valid: more ended than it has room for.',
  },
  holdfast_sessions_ended_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Sessions ended on this replica, by reason.',
  },
  holdfast_sessions_lost_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Sessions whose client returned after their pod was gone, by reason: EndpointRemoved, NotInTable, NodeLost, Unconfirmed: the client returned for the first time, after confirmTimeout, or PossiblyIdle: the session is in a cookie or header of the app, and the proxy has not been connected for long enough to know whether it had been idle.',
  },
  holdfast_new_sessions_refused_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'New sessions that no pod could accept, by reason: NoEndpointAccepting, AllFull, UpstreamConnectFailed, ProxyOutOfResources or TooManyRequests.',
  },
  holdfast_session_requests_refused_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Requests of existing sessions that received 503 because their pod could not be reached, by reason: UpstreamConnectFailed, ProxyOutOfResources, TooManyRequests, or TableOutdated: the session is newer than the routing table of the proxy. The sessions are kept.',
  },
  holdfast_carrier_conflicts_total: {
    part: 'proxy',
    type: 'counter',
    labels: perWorkload,
    help: "Cookies and headers removed from responses of the workload's app, because their name is that of a cookie or header that carries session tokens.",
  },
  holdfast_unpinned_ids_total: {
    part: 'proxy',
    type: 'counter',
    labels: perWorkload,
    help: 'Session ids of the app (type Application) that leave no room for a token, because a cookie or header with it would exceed 4096 bytes. Their sessions are not pinned to a pod and not counted.',
  },
  holdfast_bad_tokens_total: {
    part: 'proxy',
    type: 'counter',
    labels: ['reason'],
    help: 'Session tokens rejected, by reason.',
  },
  holdfast_table_waits_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Requests that waited for a newer routing table.',
  },
  holdfast_table_age_seconds: {
    part: 'proxy',
    type: 'gauge',
    labels: [],
    help: 'Seconds since the routing table was last known to be current.',
  },
  holdfast_table_file_current: {
    part: 'proxy',
    type: 'gauge',
    labels: [],
    help: 'Only with --table: 1 if the table in use is that of the file, 0 if the file is invalid and the last good table stays in use.',
  },
  holdfast_endpoints: {
    part: 'proxy',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Endpoints in the routing table, by state.',
  },
  holdfast_endpoints_ejected: {
    part: 'proxy',
    type: 'gauge',
    labels: perWorkload,
    help: 'Endpoints that are ejected: they did not accept connections and get no new sessions while there is another.',
  },
  holdfast_discovery_connected_replicas: {
    part: 'proxy',
    type: 'gauge',
    labels: [],
    help: 'Operator replicas with an open routing table stream.',
  },
  ...requestPathMetrics,

  // Sidecar
  holdfast_sidecar_faults_total: {
    part: 'sidecar',
    type: 'counter',
    labels: ['kind'],
    help: 'Internal errors, by kind: uncaughtException, unhandledRejection or poll. The sidecar continues to hold its pod.',
  },
  holdfast_sidecar_holding: {
    part: 'sidecar',
    type: 'gauge',
    labels: [],
    help: 'Whether a preStop hook is currently held open: 1 or 0.',
  },
  holdfast_sidecar_hold_seconds: {
    part: 'sidecar',
    type: 'gauge',
    labels: [],
    help: 'How long the preStop hook has been held; 0 when none is held.',
  },
  holdfast_sidecar_deadline_timestamp_seconds: {
    part: 'sidecar',
    type: 'gauge',
    labels: [],
    help: 'Time at which the hold ends regardless of sessions, in Unix seconds; absent when no hook is held.',
  },
  holdfast_sidecar_sessions: {
    part: 'sidecar',
    type: 'gauge',
    labels: ['source'],
    help: 'Sessions in the latest count of each source during a hold; absent while unknown.',
  },
  holdfast_sidecar_releases_total: {
    part: 'sidecar',
    type: 'counter',
    labels: ['reason'],
    help: 'preStop hooks released, by reason.',
  },
  holdfast_sidecar_refused_total: {
    part: 'sidecar',
    type: 'counter',
    labels: ['reason'],
    help: 'Refused callers: NotLocal (a preStop call that came neither from the node nor from the pod itself) or TooManyConnections.',
  },
  holdfast_sidecar_operator_errors_total: {
    part: 'sidecar',
    type: 'counter',
    labels: [],
    help: 'Requests to the operator that failed.',
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metrics;
