/**
 * Prometheus metrics. Hot paths keep plain numbers by hand; a metric made here reads them when it is scraped,
 * because a labelled observation costs hundreds of nanoseconds and a field increment costs one.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

export type Sample = { labels?: Record<string, string>; value: number };

/** `read` answers every series of the metric as it is now; what it leaves out is gone from the scrape. */
export type MetricSource = { name: string; help: string; labelNames?: readonly string[]; read: () => Iterable<Sample> };

/** A registry of its own, so that two parts in one process (or two tests) never share series. */
export function createRegistry(options: { processMetrics: boolean } = { processMetrics: true }): Registry {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}

/** Values that only grow, kept by the caller. */
export function registerCounter(registry: Registry, source: MetricSource): void {
  const counter: Counter = new Counter({
    name: source.name,
    help: source.help,
    labelNames: [...(source.labelNames ?? [])],
    registers: [registry],
    collect: () => {
      counter.reset();
      for (const sample of source.read()) counter.inc(sample.labels ?? {}, sample.value);
    },
  });
}

/** Values that go up and down, kept by the caller. */
export function registerGauge(registry: Registry, source: MetricSource): void {
  const gauge: Gauge = new Gauge({
    name: source.name,
    help: source.help,
    labelNames: [...(source.labelNames ?? [])],
    registers: [registry],
    collect: () => {
      gauge.reset();
      for (const sample of source.read()) gauge.set(sample.labels ?? {}, sample.value);
    },
  });
}
