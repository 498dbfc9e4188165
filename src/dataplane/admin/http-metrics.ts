/** The request path's numbers, as Prometheus metrics. */
import { registerCounter, registerGauge } from '../../platform/metrics.ts';
import type { Http1Counters } from '../http1/counters.ts';
import { reasonSamples } from './session-metrics.ts';

type Registry = Parameters<typeof registerCounter>[0];
type NumberField = { [K in keyof Http1Counters]: Http1Counters[K] extends number ? K : never }[keyof Http1Counters];

const totals: readonly { field: NumberField; name: string; help: string }[] = [
  { field: 'connectionsAccepted', name: 'holdfast_http_connections_total', help: 'Connections accepted from clients.' },
  { field: 'acceptErrors', name: 'holdfast_http_accept_errors_total', help: 'Connections that could not be accepted.' },
  { field: 'requests', name: 'holdfast_http_requests_total', help: 'Requests read from clients.' },
  { field: 'upgrades', name: 'holdfast_http_upgrades_total', help: 'Connections upgraded, WebSockets among them.' },
  { field: 'upstreamConnectFailures', name: 'holdfast_upstream_connect_failures_total', help: 'Connections that an endpoint refused.' },
  { field: 'upstreamRetries', name: 'holdfast_upstream_retries_total', help: 'Requests sent again because an idle connection was closed.' },
  { field: 'responsesTruncated', name: 'holdfast_http_responses_truncated_total', help: 'Responses that broke off.' },
  { field: 'clientsGone', name: 'holdfast_http_clients_gone_total', help: 'Exchanges given up because the client was gone.' },
];

const gauges: readonly { field: NumberField; name: string; help: string }[] = [
  { field: 'connectionsOpen', name: 'holdfast_http_connections_open', help: 'Open connections of clients.' },
  { field: 'requestsOpen', name: 'holdfast_http_requests_open', help: 'Requests under way.' },
  { field: 'upgradesOpen', name: 'holdfast_http_upgrades_open', help: 'Upgraded connections that are open.' },
];

export function registerHttpMetrics(registry: Registry, counters: Http1Counters, pool: () => { open: number; idle: number }): void {
  for (const { field, name, help } of totals) registerCounter(registry, { name, help, read: () => [{ value: counters[field] }] });
  for (const { field, name, help } of gauges) registerGauge(registry, { name, help, read: () => [{ value: counters[field] }] });
  registerCounter(registry, {
    name: 'holdfast_http_responses_total',
    help: 'Responses of apps, by class of status.',
    labelNames: ['class'],
    read: () => counters.responsesByClass.map((value, digit) => ({ labels: { class: `${digit}xx` }, value })).slice(1),
  });
  registerCounter(registry, { name: 'holdfast_http_refusals_total', help: 'Requests refused as malformed.', labelNames: ['reason'], read: () => reasonSamples(counters.refusals) });
  registerCounter(registry, { name: 'holdfast_http_replies_total', help: 'Answers of the proxy itself.', labelNames: ['reason'], read: () => reasonSamples(counters.replies) });
  registerGauge(registry, {
    name: 'holdfast_upstream_connections',
    help: 'Connections to endpoints.',
    labelNames: ['state'],
    read: () => {
      const { open, idle } = pool();
      return [
        { labels: { state: 'busy' }, value: open - idle },
        { labels: { state: 'idle' }, value: idle },
      ];
    },
  });
}
