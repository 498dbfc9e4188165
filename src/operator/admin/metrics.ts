/** The operator's Prometheus metrics. Names, labels and help texts come from `src/api/metrics.ts`. */
import { metrics, type MetricName } from '../../api/metrics.ts';
import { registerMetric, type createRegistry, type Sample } from '../../platform/metrics.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Counts } from '../counters.ts';
import { heldSessions } from '../../core/status/endpoints.ts';
import type { Operator } from '../operator.ts';
import { certificateSamples } from './certificate-figures.ts';
import { createWorkloadFigures, type WorkloadFigures } from './workload-figures.ts';

/** Metrics whose values are read at scrape time. */
type ReadMetric = {
  [Name in MetricName]: (typeof metrics)[Name] extends { part: 'operator'; type: 'counter' | 'gauge' } ? Name : never;
}[MetricName];

type Register = (name: ReadMetric, read: () => Sample[]) => void;

export function registerOperatorMetrics(
  registry: ReturnType<typeof createRegistry>,
  operator: Operator,
  clock: Clock,
): void {
  const register: Register = (name, read) => {
    registerMetric(registry, { name, ...metrics[name], read });
  };
  registerCounters(register, operator);
  registerState(register, operator);
  registerCertificates(register, operator);
  registerWorkloads(register, operator, clock);
  operator.core.drainDurations.register(registry);
}

function registerCounters(register: Register, { core: { counters } }: Operator): void {
  const show = (name: ReadMetric, counts: Counts) => {
    register(name, () => samplesOf(metrics[name].labels, counts));
  };
  show('holdfast_operator_watch_events_total', counters.watchEvents);
  show('holdfast_operator_translations_total', counters.translations);
  show('holdfast_operator_reconciles_total', counters.reconciles);
  show('holdfast_operator_injections_total', counters.injections);
  show('holdfast_operator_kube_writes_total', counters.kubeWrites);
  show('holdfast_operator_reports_total', counters.reports);
  show('holdfast_operator_resource_refused_total', counters.refusedResources);
  show('holdfast_drains_total', counters.drains);
  show('holdfast_drain_sessions_cut_total', counters.sessionsCut);
  show('holdfast_key_rotations_total', counters.keyRotations);
  show('holdfast_deletion_cost_writes_total', counters.deletionCostWrites);
}

/** The parts of a key are the label values, in the order of the metric's labels. */
function samplesOf(labels: readonly string[], counts: Counts): Sample[] {
  return [...counts].map(([key, value]) => {
    const parts = key.split('/');
    return { labels: Object.fromEntries(labels.map((label, index) => [label, parts[index] ?? ''])), value };
  });
}

function registerState(register: Register, operator: Operator): void {
  register('holdfast_operator_leader', () => [{ value: operator.isLeader() ? 1 : 0 }]);
  register('holdfast_operator_untranslatable_objects', () => {
    const faults = operator.translations.latest()?.faults ?? [];
    return [...Map.groupBy(faults, ({ kind }) => kind)].map(([kind, { length }]) => ({
      labels: { kind },
      value: length,
    }));
  });
  register('holdfast_operator_cache_age_seconds', () => {
    const staleMs = operator.core.caches.staleMs();
    // Before the first list no cache can be behind.
    return Number.isFinite(staleMs) ? [{ value: staleMs / 1000 }] : [];
  });
}

const registerCertificates = (register: Register, operator: Operator): void =>
  register('holdfast_certificate_not_after_timestamp_seconds', () => {
    const gateways = operator.translations.latest()?.translation.gateways ?? {};
    return operator.isLeader() ? certificateSamples(Object.values(gateways)) : [];
  });

function registerWorkloads(register: Register, operator: Operator, clock: Clock): void {
  const figures = createWorkloadFigures(operator.core, clock);
  const show = (name: ReadMetric, toSamples: (of: WorkloadFigures) => Sample[]) => {
    register(name, () => {
      if (!operator.isLeader()) return [];
      return figures().flatMap((of) =>
        toSamples(of).map(({ labels, value }) => ({ labels: { ...of.labels, ...labels }, value })),
      );
    });
  };
  show('holdfast_workload_sessions', ({ states }) =>
    states.flatMap(({ state, sessions }) => known({ state }, sessions?.confirmed)),
  );
  show('holdfast_workload_unconfirmed_sessions', ({ states }) =>
    states.flatMap(({ state, sessions }) => known({ state }, sessions?.unconfirmed)),
  );
  show('holdfast_workload_endpoints', ({ states }) =>
    states.map(({ state, endpoints }) => ({ labels: { state }, value: endpoints })),
  );
  show('holdfast_workload_ready', ({ isReady }) => [{ value: isReady ? 1 : 0 }]);
  show('holdfast_workload_pods_not_injected', ({ podsNotInjected }) => [{ value: podsNotInjected }]);
  show('holdfast_draining_pod_sessions', ({ draining }) =>
    draining.flatMap((endpoint) => known({ pod: endpoint.pod }, heldSessions(endpoint))),
  );
  show('holdfast_draining_pod_deadline_timestamp_seconds', ({ draining }) =>
    draining.flatMap(({ pod, deadline }) =>
      known({ pod }, deadline === undefined ? undefined : Date.parse(deadline) / 1000),
    ),
  );
}

/** Unknown is not zero: an unknown value has no series. */
const known = (labels: Record<string, string>, value: number | undefined): Sample[] =>
  value === undefined ? [] : [{ labels, value }];
