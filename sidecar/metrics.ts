/** The sidecar's metrics in the text format of Prometheus. Written by hand: a client library would use memory in every pod. */
import { metrics } from '../src/api/metrics.ts';
import type { MetricDefinition, MetricName } from '../src/api/metrics.ts';
import { deadlineMs } from '../src/core/drain/limit.ts';
import type { Counters, ReleaseReason } from './counters.ts';
import type { DrainView } from './loop.ts';

type SidecarMetric = {
  [Name in MetricName]: (typeof metrics)[Name]['part'] extends 'sidecar' ? Name : never;
}[MetricName];
type Sample = { labels?: Record<string, string>; value: number };

const releaseReasons = [
  'DrainComplete',
  'DrainDeadline',
  'DrainCutShort',
  'NotTerminating',
] as const satisfies readonly ReleaseReason[];

export function renderMetrics({ state }: DrainView, counters: Counters, nowMs: number): string {
  const held = state?.release ? undefined : state;
  const samples = {
    holdfast_sidecar_holding: [{ value: held ? 1 : 0 }],
    holdfast_sidecar_hold_seconds: [{ value: held ? (nowMs - held.startedAtMs) / 1000 : 0 }],
    holdfast_sidecar_deadline_timestamp_seconds: held ? [{ value: deadlineMs(held) / 1000 }] : [],
    holdfast_sidecar_sessions: (state?.sources ?? []).flatMap((source) =>
      source.known ? [{ labels: { source: source.type }, value: source.sessions }] : [],
    ),
    // All reasons from the start: a counter that appears with its first event hides that event from rate().
    holdfast_sidecar_releases_total: releaseReasons.map((reason) => ({
      labels: { reason },
      value: counters.releases.get(reason) ?? 0,
    })),
    holdfast_sidecar_refused_total: Object.entries(counters.refused).map(([reason, value]) => ({
      labels: { reason },
      value,
    })),
    holdfast_sidecar_faults_total: Object.entries(counters.faults).map(([kind, value]) => ({
      labels: { kind },
      value,
    })),
    holdfast_sidecar_operator_errors_total: [{ value: counters.operatorErrors }],
  } satisfies Record<SidecarMetric, Sample[]>;
  return namesOf(samples)
    .map((name) => renderMetric(name, metrics[name], samples[name]))
    .join('');
}

const namesOf = (samples: Record<SidecarMetric, Sample[]>): SidecarMetric[] =>
  Object.keys(metrics).filter((name): name is SidecarMetric => name in samples);

// Help texts and label values are constants of this project that need no escaping.
function renderMetric(name: string, { type, help }: MetricDefinition, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
    return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
