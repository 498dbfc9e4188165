/** The request path's numbers, as metrics. */
import type { Http1Counters } from '../exchange/counters.ts';
import { byReason, single, type ProxyMetric, type Readings } from './proxy-metrics.ts';

export type HttpMetric = Extract<ProxyMetric, `holdfast_http_${string}` | `holdfast_upstream_${string}`>;

/** `pool`: connections to endpoints. */
export const httpReadings = (
  counters: Http1Counters,
  pool: () => { open: number; idle: number },
): Readings<HttpMetric> => ({
  holdfast_http_connections_total: single(() => counters.connectionsAccepted),
  holdfast_http_accept_errors_total: single(() => counters.acceptErrors),
  holdfast_http_requests_total: single(() => counters.requests),
  holdfast_http_upgrades_total: single(() => counters.upgrades),
  holdfast_http_responses_total: () =>
    counters.responsesByClass.map((value, digit) => ({ labels: { class: `${digit}xx` }, value })).slice(1),
  holdfast_http_refusals_total: () => byReason(counters.refusals),
  holdfast_http_replies_total: () => byReason(counters.replies),
  holdfast_http_responses_truncated_total: single(() => counters.responsesTruncated),
  holdfast_http_clients_gone_total: single(() => counters.clientsGone),
  holdfast_http_connections_open: single(() => counters.connectionsOpen),
  holdfast_http_requests_open: single(() => counters.requestsOpen),
  holdfast_http_upgrades_open: single(() => counters.upgradesOpen),
  holdfast_upstream_connect_failures_total: single(() => counters.upstreamConnectFailures),
  holdfast_upstream_retries_total: single(() => counters.upstreamRetries),
  holdfast_upstream_connections: () => {
    const { open, idle } = pool();
    return [
      { labels: { state: 'busy' }, value: open - idle },
      { labels: { state: 'idle' }, value: idle },
    ];
  },
});
