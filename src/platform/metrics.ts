/**
 * Prometheus metrics. Hot paths keep plain numbers by hand; a metric made here reads them when it is scraped,
 * because a labelled observation costs hundreds of nanoseconds and a field increment costs one.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Sample = { labels?: Record<string, string>; value: number };

/** The definition of a metric, as in the catalogue. */
type Definition<Type extends string> = { name: string; type: Type; help: string; labels: readonly string[] };

/** `read` returns the current value of every series. A series that it leaves out is not exported. */
export type MetricSource = Definition<'counter' | 'gauge'> & { read: () => Iterable<Sample> };

/** `buckets`: upper bounds, in the unit of the metric. */
export type HistogramOptions = Definition<'histogram'> & { buckets: readonly number[] };

export interface HistogramHandle {
  observe(labels: Record<string, string>, value: number): void;
  /** Exports it through a registry. */
  register(registry: Registry): void;
}

/** A registry of its own, so that two parts in one process (or two tests) never share series. */
export function createRegistry(options: { processMetrics: boolean } = { processMetrics: true }): Registry {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}

/** Registers a counter or a gauge whose values the caller keeps. */
export function registerMetric(registry: Registry, { name, type, help, labels, read }: MetricSource): void {
  const config = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'counter') {
    const counter: Counter = new Counter({
      ...config,
      collect: () => {
        counter.reset();
        for (const sample of read()) counter.inc(sample.labels ?? {}, sample.value);
      },
    });
    return;
  }
  const gauge: Gauge = new Gauge({
    ...config,
    collect: () => {
      gauge.reset();
      for (const sample of read()) gauge.set(sample.labels ?? {}, sample.value);
    },
  });
}

/** Creates a histogram that is in no registry yet. Hot paths must not observe into it. */
export function createHistogram({ name, help, labels, buckets }: HistogramOptions): HistogramHandle {
  const histogram: Histogram = new Histogram({
    name,
    help,
    labelNames: [...labels],
    buckets: [...buckets],
    registers: [],
  });
  return {
    observe: (values, value) => {
      histogram.observe(values, value);
    },
    register: (registry) => {
      registry.registerMetric(histogram);
    },
  };
}
