/**
 * `manifests/dashboards/holdfast.json`: the Grafana dashboard. A test compares its queries with the list of metrics; an end-to-end
 * test runs each of them on a Prometheus that scraped a real cluster.
 */
import { layOut, type Row } from './dashboard-panels.ts';
import type { GeneratedFile } from './file.ts';

const selection = 'namespace=~"$namespace",workload=~"$workload"';
// Only the leader exports gauges of workloads. If two replicas export them during a change of leader, the larger value counts.
const byWorkload = 'by (namespace, workload)';

export const dashboardRows: readonly Row[] = [
  {
    title: 'Sessions',
    panels: [
      {
        type: 'stat',
        width: 5,
        title: 'Confirmed sessions',
        description:
          'Their clients have returned, or have changed something. Over all proxies. Empty while the number is unknown.',
        queries: [{ expr: `sum(max by (namespace, workload, state) (holdfast_workload_sessions{${selection}}))` }],
      },
      {
        type: 'stat',
        width: 4,
        title: 'Unconfirmed sessions',
        description: 'Visitors of the last confirmTimeout that have not returned yet: new users, crawlers, probes.',
        queries: [
          { expr: `sum(max by (namespace, workload, state) (holdfast_workload_unconfirmed_sessions{${selection}}))` },
        ],
      },
      {
        type: 'stat',
        width: 5,
        title: 'On draining pods',
        description: 'Sessions that draining pods wait for, confirmed or not.',
        queries: [
          {
            expr: `sum(max ${byWorkload} (holdfast_workload_sessions{${selection},state="Draining"})) + (sum(max ${byWorkload} (holdfast_workload_unconfirmed_sessions{${selection},state="Draining"})) or vector(0))`,
          },
        ],
      },
      {
        type: 'stat',
        width: 5,
        title: 'Lost, last hour',
        description:
          'Confirmed sessions whose client returned after their pod was gone, and sessions that were still live when their pod stopped. The goal is 0; see the reasons below, also for unconfirmed ones.',
        redFrom: 1,
        queries: [
          {
            expr: `sum(increase(holdfast_sessions_lost_total{${selection},reason!~"Unconfirmed|PossiblyIdle"}[1h])) + (sum(increase(holdfast_drain_sessions_cut_total{${selection}}[1h])) or vector(0))`,
          },
        ],
      },
      {
        type: 'stat',
        width: 5,
        title: 'Workloads not ready',
        description: 'kubectl describe sw shows the reason and what to do.',
        redFrom: 1,
        queries: [{ expr: `count(max ${byWorkload} (holdfast_workload_ready{${selection}}) == 0) or vector(0)` }],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Live sessions by state of their pod',
        description: 'Accepting pods get new sessions; draining pods only keep their existing ones.',
        queries: [
          {
            expr: `max by (namespace, workload, state) (holdfast_workload_sessions{${selection}})`,
            legend: '{{namespace}}/{{workload}} {{state}}',
          },
          {
            expr: `max by (namespace, workload, state) (holdfast_workload_unconfirmed_sessions{${selection}})`,
            legend: '{{namespace}}/{{workload}} {{state}}, unconfirmed',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Sessions started, confirmed and ended',
        description: 'Per second, over all proxies. Unconfirmed: the client never returned.',
        queries: [
          {
            expr: `sum ${byWorkload} (rate(holdfast_sessions_started_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} started',
          },
          {
            expr: `sum ${byWorkload} (rate(holdfast_sessions_confirmed_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} confirmed',
          },
          {
            expr: `sum by (namespace, workload, reason) (rate(holdfast_sessions_ended_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Drains',
    panels: [
      {
        type: 'table',
        width: 12,
        title: 'Sessions that draining pods wait for',
        description:
          'A pod that stays in this list has sessions that are no longer used: shorten idleTimeout, or end them in the app (Holdfast-Session: end).',
        queries: [{ expr: `max by (namespace, workload, pod) (holdfast_draining_pod_sessions{${selection}})` }],
      },
      {
        type: 'table',
        width: 12,
        title: 'Time until the drain deadline',
        description: 'The sessions that are live at the deadline are cut.',
        unit: 's',
        queries: [
          {
            expr: `max by (namespace, workload, pod) (holdfast_draining_pod_deadline_timestamp_seconds{${selection}}) - time()`,
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Pods by state',
        description: 'Pending pods are not ready; draining pods are terminating.',
        queries: [
          {
            expr: `max by (namespace, workload, state) (holdfast_workload_endpoints{${selection}})`,
            legend: '{{namespace}}/{{workload}} {{state}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Completed drains by reason',
        description:
          'DrainComplete is the normal end. DrainDeadline: the deadline passed first. DrainCutShort: the grace period was shortened during the drain.',
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_drains_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Duration of drains',
        description: 'Median and 95th percentile.',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.5, sum by (le) (rate(holdfast_drain_duration_seconds_bucket[30m])))',
            legend: 'median',
          },
          {
            expr: 'histogram_quantile(0.95, sum by (le) (rate(holdfast_drain_duration_seconds_bucket[30m])))',
            legend: '95th percentile',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Pods held by their sidecars',
        description: 'Pods whose preStop hook is held open.',
        queries: [{ expr: 'sum(holdfast_sidecar_holding)', legend: 'pods' }],
      },
    ],
  },
  {
    title: 'Losses',
    panels: [
      {
        type: 'timeseries',
        width: 12,
        title: 'Lost sessions by reason',
        description:
          'EndpointRemoved, NotInTable, NodeLost: the client returned after its pod was gone. Unconfirmed: it returned for the first time, after confirmTimeout. Other reasons: cut at the end of a drain.',
        redFrom: 1,
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_sessions_lost_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_drain_sessions_cut_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'New sessions refused',
        description: 'Clients got 503 because no pod accepts new sessions or all pods are full. No session was lost.',
        redFrom: 1,
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_new_sessions_refused_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Requests of sessions refused',
        description:
          'Clients got 503 with Retry-After, because their pod does not accept connections or the proxy has no resources. They keep their sessions.',
        redFrom: 1,
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_session_requests_refused_total{${selection}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Refused by limits',
        description: 'Connections and requests that a limit of HoldfastProxy ended, by limit. No session was lost.',
        redFrom: 1,
        queries: [
          {
            expr: 'sum by (limit) (increase(holdfast_http_limit_refusals_total[5m]))',
            legend: '{{limit}}',
          },
        ],
      },
    ],
  },
  {
    title: 'Holdfast itself',
    panels: [
      {
        type: 'timeseries',
        width: 8,
        title: 'Requests',
        description: 'Per second, by proxy.',
        unit: 'reqps',
        queries: [{ expr: 'sum by (pod) (rate(holdfast_http_requests_total[5m]))', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Age of the routing table',
        description:
          'It grows while a proxy receives no updates from an operator replica; sessions continue with the last table.',
        unit: 's',
        redFrom: 60,
        queries: [{ expr: 'max by (pod) (holdfast_table_age_seconds)', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Open upgrades (WebSockets)',
        description: 'By proxy. A proxy that shuts down closes its own.',
        queries: [{ expr: 'sum by (pod) (holdfast_http_upgrades_open)', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Writes to the API server',
        description: 'An idle operator writes only its Lease.',
        queries: [
          {
            expr: 'sum by (kind, result) (rate(holdfast_operator_kube_writes_total[5m]))',
            legend: '{{kind}} {{result}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Leader',
        description: 'Exactly one operator replica leads; only the leader writes.',
        queries: [{ expr: 'max by (pod) (holdfast_operator_leader)', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'CPU',
        description: 'Cores, by component and pod.',
        queries: [
          {
            expr: 'sum by (job, pod) (rate(process_cpu_seconds_total{job=~"holdfast-.*"}[5m]))',
            legend: '{{job}} {{pod}}',
          },
        ],
      },
    ],
  },
];

const variable = (name: string, query: string): object => ({
  name,
  label: name.charAt(0).toUpperCase() + name.slice(1),
  type: 'query',
  datasource: { type: 'prometheus', uid: '${datasource}' },
  query,
  refresh: 2,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
});

const dashboard = {
  uid: 'holdfast',
  title: 'Holdfast: sessions, drains and losses',
  description:
    'Generated by `npm run generate` from scripts/generate/dashboard.ts; import it into Grafana 10 or newer.',
  tags: ['holdfast', 'kubernetes'],
  schemaVersion: 39,
  editable: true,
  time: { from: 'now-1h', to: 'now' },
  refresh: '10s',
  timezone: 'browser',
  templating: {
    list: [
      { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', refresh: 1, hide: 0 },
      variable('namespace', 'label_values(holdfast_workload_ready, namespace)'),
      variable('workload', 'label_values(holdfast_workload_ready{namespace=~"$namespace"}, workload)'),
    ],
  },
  panels: layOut(dashboardRows),
};

export const dashboardFile: GeneratedFile = {
  path: 'manifests/dashboards/holdfast.json',
  body: `${JSON.stringify(dashboard, undefined, 2)}\n`,
};
