/**
 * Every metric that a part of Holdfast shows on its admin port: name, type, labels and what it means. The parts register what
 * stands here and nothing else; the reference is generated from it, and dashboards and alerts are checked against it.
 *
 * Labels are bounded: by what exists in the cluster (namespace, workload), by a closed list of words (state, reason, …), or by a
 * limit that is said in the help (pod). What a client sends never becomes a label.
 */
export type MetricType = 'counter' | 'gauge' | 'histogram';
export type MetricPart = 'operator' | 'proxy' | 'sidecar';
export type MetricDefinition = { part: MetricPart; type: MetricType; help: string; labels: readonly string[] };

const perWorkload = ['namespace', 'workload'] as const;

export const metrics = {
  // Operator
  holdfast_operator_leader: {
    part: 'operator',
    type: 'gauge',
    labels: [],
    help: 'Whether this replica is the one that writes: 1 or 0.',
  },
  holdfast_operator_injections_total: {
    part: 'operator',
    type: 'counter',
    labels: ['outcome'],
    help: 'Pods that the webhook was asked about, by what became of them.',
  },
  holdfast_operator_kube_writes_total: {
    part: 'operator',
    type: 'counter',
    labels: ['verb', 'kind', 'result'],
    help: 'Writes to the API server.',
  },
  holdfast_operator_cache_age_seconds: {
    part: 'operator',
    type: 'gauge',
    labels: [],
    help: 'Time since the cache that is furthest behind last heard of the API server.',
  },
  holdfast_operator_reports_total: {
    part: 'operator',
    type: 'counter',
    labels: ['result'],
    help: 'Reports of proxies: Taken, Late or Refused.',
  },
  holdfast_workload_sessions: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Live sessions over all proxies, by the state of their pod. Absent while unknown. Shown by the leader.',
  },
  holdfast_workload_endpoints: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Pods by state. Shown by the leader.',
  },
  holdfast_workload_ready: {
    part: 'operator',
    type: 'gauge',
    labels: perWorkload,
    help: 'Whether the condition Ready is True: 1 or 0. Shown by the leader.',
  },
  holdfast_workload_pods_not_injected: {
    part: 'operator',
    type: 'gauge',
    labels: perWorkload,
    help: 'Pods that run without the sidecar. Shown by the leader.',
  },
  holdfast_draining_pod_sessions: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'pod'],
    help: 'Sessions that hold up a draining pod; at most 50 pods a workload. Absent while unknown. Shown by the leader.',
  },
  holdfast_draining_pod_deadline_timestamp_seconds: {
    part: 'operator',
    type: 'gauge',
    labels: [...perWorkload, 'pod'],
    help: 'When a draining pod goes even with sessions, Unix time; at most 50 pods a workload. Shown by the leader.',
  },
  holdfast_drains_total: {
    part: 'operator',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Drains that ended, as the sidecars told this replica, by how.',
  },
  holdfast_drain_duration_seconds: {
    part: 'operator',
    type: 'histogram',
    labels: ['reason'],
    help: 'How long drains took.',
  },
  holdfast_drain_sessions_cut_total: {
    part: 'operator',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Sessions that were still there when their pod stopped: lost.',
  },
  holdfast_key_rotations_total: {
    part: 'operator',
    type: 'counter',
    labels: ['step'],
    help: 'Steps of rotations of session keys: Added, Promoted, Retired.',
  },
  holdfast_deletion_cost_writes_total: {
    part: 'operator',
    type: 'counter',
    labels: ['result'],
    help: 'Writes of pod-deletion-cost: Written, or Deferred where the write budget was spent.',
  },
  // Proxy
  holdfast_sessions: {
    part: 'proxy',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Live sessions of this replica with those about to begin, by the state of their pod.',
  },
  holdfast_sessions_started_total: {
    part: 'proxy',
    type: 'counter',
    labels: perWorkload,
    help: 'Sessions that began at this replica.',
  },
  holdfast_sessions_ended_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Sessions that ended at this replica.',
  },
  holdfast_sessions_lost_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'Sessions whose client came back and found its pod gone.',
  },
  holdfast_new_sessions_refused_total: {
    part: 'proxy',
    type: 'counter',
    labels: [...perWorkload, 'reason'],
    help: 'New sessions that no pod took, by why: NoEndpointAccepting, AllFull, UpstreamConnectFailed.',
  },
  holdfast_bad_tokens_total: {
    part: 'proxy',
    type: 'counter',
    labels: ['reason'],
    help: 'Session tokens that were refused.',
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
    help: 'Time since the routing table was last known to be current.',
  },
  holdfast_endpoints: {
    part: 'proxy',
    type: 'gauge',
    labels: [...perWorkload, 'state'],
    help: 'Endpoints of the routing table, by state.',
  },
  holdfast_endpoints_unreachable: {
    part: 'proxy',
    type: 'gauge',
    labels: perWorkload,
    help: 'Endpoints that refuse connections at this moment and get no new session.',
  },
  holdfast_discovery_connected_replicas: {
    part: 'proxy',
    type: 'gauge',
    labels: [],
    help: 'Replicas of the operator whose table stream is open.',
  },
  holdfast_http_connections_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Connections accepted from clients.',
  },
  holdfast_http_accept_errors_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Connections that could not be accepted.',
  },
  holdfast_http_requests_total: { part: 'proxy', type: 'counter', labels: [], help: 'Requests read from clients.' },
  holdfast_http_upgrades_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Connections upgraded, WebSockets among them.',
  },
  holdfast_http_responses_total: {
    part: 'proxy',
    type: 'counter',
    labels: ['class'],
    help: 'Responses of apps, by class of status.',
  },
  holdfast_http_refusals_total: {
    part: 'proxy',
    type: 'counter',
    labels: ['reason'],
    help: 'Requests refused as malformed or too large.',
  },
  holdfast_http_replies_total: {
    part: 'proxy',
    type: 'counter',
    labels: ['reason'],
    help: 'Answers of the proxy itself.',
  },
  holdfast_http_responses_truncated_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Responses that broke off.',
  },
  holdfast_http_clients_gone_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Exchanges given up because the client was gone.',
  },
  holdfast_http_connections_open: { part: 'proxy', type: 'gauge', labels: [], help: 'Open connections of clients.' },
  holdfast_http_requests_open: { part: 'proxy', type: 'gauge', labels: [], help: 'Requests under way.' },
  holdfast_http_upgrades_open: {
    part: 'proxy',
    type: 'gauge',
    labels: [],
    help: 'Upgraded connections that are open.',
  },
  holdfast_upstream_connections: {
    part: 'proxy',
    type: 'gauge',
    labels: ['state'],
    help: 'Connections to endpoints: busy or idle.',
  },
  holdfast_upstream_connect_failures_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Connections that an endpoint refused.',
  },
  holdfast_upstream_retries_total: {
    part: 'proxy',
    type: 'counter',
    labels: [],
    help: 'Requests sent again because an idle connection was closed.',
  },
  // Sidecar
  holdfast_sidecar_holding: {
    part: 'sidecar',
    type: 'gauge',
    labels: [],
    help: 'Whether a preStop hook is held open at this moment: 1 or 0.',
  },
  holdfast_sidecar_hold_seconds: {
    part: 'sidecar',
    type: 'gauge',
    labels: [],
    help: 'How long the hook has been held; 0 while none is.',
  },
  holdfast_sidecar_deadline_timestamp_seconds: {
    part: 'sidecar',
    type: 'gauge',
    labels: [],
    help: 'When the hold ends even with sessions, Unix time; absent while nothing is held.',
  },
  holdfast_sidecar_sessions: {
    part: 'sidecar',
    type: 'gauge',
    labels: ['source'],
    help: 'Sessions that each source counted last during a hold; absent while unknown.',
  },
  holdfast_sidecar_releases_total: {
    part: 'sidecar',
    type: 'counter',
    labels: ['reason'],
    help: 'Hooks that were answered, by why.',
  },
  holdfast_sidecar_operator_errors_total: {
    part: 'sidecar',
    type: 'counter',
    labels: [],
    help: 'Questions to the operator that got no answer.',
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metrics;
