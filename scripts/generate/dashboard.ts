/**
 * `manifests/dashboards/holdfast.json`: the Grafana dashboard. A test holds its queries against the catalogue of metrics; an
 * end-to-end test runs each of them on a Prometheus that scraped a real cluster.
 */
import { layOut, type Row } from './dashboard-panels.ts';
import type { GeneratedFile } from './file.ts';

const chosen = 'namespace=~"$namespace",workload=~"$workload"';
// Gauges of workloads come from the leader alone; for the moment in which two think they lead, the larger one counts.
const byWorkload = 'by (namespace, workload)';

export const dashboardRows: readonly Row[] = [
  {
    title: 'Sessions',
    panels: [
      {
        type: 'stat',
        width: 6,
        title: 'Live sessions',
        description: 'Over all proxies. Empty while a proxy has not reported.',
        queries: [{ expr: `sum(max by (namespace, workload, state) (holdfast_workload_sessions{${chosen}}))` }],
      },
      {
        type: 'stat',
        width: 6,
        title: 'On draining pods',
        description: 'Sessions that a pod on its way out still waits for.',
        queries: [{ expr: `sum(max ${byWorkload} (holdfast_workload_sessions{${chosen},state="Draining"}))` }],
      },
      {
        type: 'stat',
        width: 6,
        title: 'Lost, last hour',
        description:
          'Sessions whose client came back and found its pod gone, and sessions that were still there when their pod stopped. The goal is 0: see the table of reasons below.',
        redFrom: 1,
        queries: [
          {
            expr: `sum(increase(holdfast_sessions_lost_total{${chosen}}[1h])) + (sum(increase(holdfast_drain_sessions_cut_total{${chosen}}[1h])) or vector(0))`,
          },
        ],
      },
      {
        type: 'stat',
        width: 6,
        title: 'Workloads not ready',
        description: 'kubectl describe sw says why.',
        redFrom: 1,
        queries: [{ expr: `count(max ${byWorkload} (holdfast_workload_ready{${chosen}}) == 0) or vector(0)` }],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Live sessions by the state of their pod',
        description: 'Accepting pods get new sessions; draining ones only keep those they have.',
        queries: [
          {
            expr: `max by (namespace, workload, state) (holdfast_workload_sessions{${chosen}})`,
            legend: '{{namespace}}/{{workload}} {{state}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Sessions begun and ended',
        description: 'Per second, over all proxies.',
        queries: [
          {
            expr: `sum ${byWorkload} (rate(holdfast_sessions_started_total{${chosen}}[5m]))`,
            legend: '{{namespace}}/{{workload}} begun',
          },
          {
            expr: `sum by (namespace, workload, reason) (rate(holdfast_sessions_ended_total{${chosen}}[5m]))`,
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
        title: 'Who holds up a pod',
        description:
          'Draining pods with the sessions they wait for. One that stays here holds a session nobody uses any more: shorten idleTimeout, or end it in the app (Holdfast-Session: end).',
        queries: [{ expr: `max by (namespace, workload, pod) (holdfast_draining_pod_sessions{${chosen}})` }],
      },
      {
        type: 'table',
        width: 12,
        title: 'When a draining pod goes at the latest',
        description: 'At that time what is left of its sessions is cut.',
        unit: 's',
        queries: [
          {
            expr: `max by (namespace, workload, pod) (holdfast_draining_pod_deadline_timestamp_seconds{${chosen}}) - time()`,
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Pods by state',
        description: 'Pending pods are not ready, draining ones are on their way out.',
        queries: [
          {
            expr: `max by (namespace, workload, state) (holdfast_workload_endpoints{${chosen}})`,
            legend: '{{namespace}}/{{workload}} {{state}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Drains ended, by how',
        description:
          'DrainComplete is as it should be. DrainDeadline: the limit came first. DrainCutShort: somebody shortened the grace.',
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_drains_total{${chosen}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'How long drains took',
        description: 'Median and the slowest twentieth.',
        unit: 's',
        queries: [
          {
            expr: 'histogram_quantile(0.5, sum by (le) (rate(holdfast_drain_duration_seconds_bucket[30m])))',
            legend: 'median',
          },
          {
            expr: 'histogram_quantile(0.95, sum by (le) (rate(holdfast_drain_duration_seconds_bucket[30m])))',
            legend: '95 %',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'Holding right now, as the sidecars say',
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
        title: 'Sessions lost, by why',
        description:
          'EndpointRemoved, NotInTable, ConnectFailed: the client came back and its pod was gone. The rest: cut at the end of a drain.',
        redFrom: 1,
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_sessions_lost_total{${chosen}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_drain_sessions_cut_total{${chosen}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
          },
        ],
      },
      {
        type: 'timeseries',
        width: 12,
        title: 'New sessions refused',
        description: 'Nobody lost anything, but somebody was turned away with 503: no pod accepts, or all are full.',
        redFrom: 1,
        queries: [
          {
            expr: `sum by (namespace, workload, reason) (increase(holdfast_new_sessions_refused_total{${chosen}}[5m]))`,
            legend: '{{namespace}}/{{workload}} {{reason}}',
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
        description: 'Per second and proxy.',
        unit: 'reqps',
        queries: [{ expr: 'sum by (pod) (rate(holdfast_http_requests_total[5m]))', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Age of the routing table',
        description: 'Seconds. It grows while no operator is heard; sessions go on by the last table.',
        unit: 's',
        redFrom: 60,
        queries: [{ expr: 'max by (pod) (holdfast_table_age_seconds)', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Open upgrades (WebSockets)',
        description: 'By proxy: they end only when their proxy goes.',
        queries: [{ expr: 'sum by (pod) (holdfast_http_upgrades_open)', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'Writes to the API server',
        description: 'An operator with nothing to do writes its lease and nothing else.',
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
        description: 'The replica of the operator that writes; exactly one.',
        queries: [{ expr: 'max by (pod) (holdfast_operator_leader)', legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        width: 8,
        title: 'CPU',
        description: 'Cores, by part and pod.',
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
