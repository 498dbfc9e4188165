/** The proxy's metrics: names, types, labels and help from the catalogue, values from the parts that keep them. */
import { metrics, type MetricName } from '../../api/metrics.ts';
import { registerMetric, type Sample } from '../../platform/metrics.ts';

/** Those that the catalogue gives to the proxy. */
export type ProxyMetric = { [N in MetricName]: (typeof metrics)[N]['part'] extends 'proxy' ? N : never }[MetricName];

/** By name: what the metric is at this moment. */
export type Readings<N extends ProxyMetric = ProxyMetric> = Record<N, () => Iterable<Sample>>;

type Registry = Parameters<typeof registerMetric>[0];

export function registerProxyMetrics(registry: Registry, readings: Readings): void {
  const isReading = (name: string): name is ProxyMetric => name in readings;
  for (const name of Object.keys(readings).filter(isReading)) {
    registerMetric(registry, { name, ...metrics[name], read: readings[name] });
  }
}

export const single = (read: () => number) => (): Sample[] => [{ value: read() }];

export const byReason = (counts: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(counts).map(([reason, value]) => ({ labels: { reason }, value }));
