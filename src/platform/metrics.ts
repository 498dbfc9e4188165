/**
 * Prometheus metrics. Hot paths keep plain numbers by hand; a metric made here reads them when it is scraped,
 * because a labelled observation costs hundreds of nanoseconds and a field increment costs one.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type Sample = { labels?: Record<string, string>; value: number };

/** What a metric is, as a catalogue says it. */
type Definition<Type extends string> = { name: string; type: Type; help: string; labels: readonly string[] };

/** `read` answers every series of the metric as it is now; what it leaves out is gone from the scrape. */
export type MetricSource = Definition<'counter' | 'gauge'> & { read: () => Iterable<Sample> };

/** `buckets`: upper bounds, in the unit of the metric. */
export type HistogramOptions = Definition<'histogram'> & { buckets: readonly number[] };

export interface HistogramHandle {
  observe(labels: Record<string, string>, value: number): void;
  /** Shows it in a registry. */
  register(registry: Registry): void;
}

/** A registry of its own, so that two parts in one process (or two tests) never share series. */
export function createRegistry(options: { processMetrics: boolean } = { processMetrics: true }): Registry {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}

/** A counter (values that only grow) or a gauge (values that go up and down), kept by the caller. */
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

/** A distribution, in no registry yet. Nothing that happens often may observe into it. */
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
