/** The current figures of each StickyWorkload. */
import type { EndpointStatus } from '../../api/status.ts';
import { addCounts, none, type SessionCount } from '../../core/count/session-count.ts';
import { drainLimits } from '../../core/resolve/plan.ts';
import { backendKey, targetKey } from '../../core/names/names.ts';
import { isPodTerminal } from '../../core/snapshot/snapshot.ts';
import { describeEndpoints } from '../../core/status/endpoints.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Core } from '../options.ts';

export type WorkloadFigures = {
  labels: { namespace: string; workload: string };
  isReady: boolean;
  podsNotInjected: number;
  /** `sessions`: undefined while the count of any of the pods is unknown. */
  states: { state: EndpointStatus['state']; endpoints: number; sessions: SessionCount | undefined }[];
  draining: EndpointStatus[];
};

// Per StickyWorkload: each pod is a label value, so the number of series must be bounded.
const shownDraining = 50;
const states = ['Pending', 'Accepting', 'Draining'] as const;

// One scrape reads several metrics, with a thousand series each, in a row.
const sameScrapeMs = 1000;

type Sources = Pick<Core, 'translations' | 'ledger' | 'clusterState'>;

/** Returns a function that returns the current figures, computed at most once per scrape. */
export function createWorkloadFigures(core: Sources, clock: Clock): () => WorkloadFigures[] {
  let last: { atMs: number; figures: WorkloadFigures[] } | undefined;
  return () => {
    if (!last || clock.nowMs() - last.atMs > sameScrapeMs) {
      const figures = gatherFigures(core, clock.nowMs());
      last = { atMs: clock.nowMs(), figures };
    }
    return last.figures;
  };
}

function gatherFigures({ translations, ledger, clusterState }: Sources, nowMs: number): WorkloadFigures[] {
  const translated = translations.latest();
  if (!translated) return [];
  const { backends, index } = translated.translation;
  return translated.snapshot.workloads.map((workload) => {
    const { namespace, name } = workload.metadata;
    const { endpoints = [] } = backends[backendKey(namespace, name)] ?? {};
    const pods = index.podsByTarget.get(targetKey(namespace, workload.spec.targetRef)) ?? [];
    const uids = endpoints.map(({ uid }) => uid);
    const sessions = ledger.countsOf(uids, nowMs);
    const those = Map.groupBy(endpoints, ({ state }) => state);
    const limits = drainLimits(workload.spec.drain);
    const drains = { endpoints: those.get('Draining') ?? [], pods, sessions, previous: [], limits, nowMs };
    // A status that is written causes no translation.
    const { status } = clusterState.workload(workload.metadata) ?? workload;
    return {
      labels: { namespace, workload: name },
      isReady: status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
      podsNotInjected: pods.filter((pod) => !isPodTerminal(pod) && !pod.injection.injected).length,
      states: states.map((state) => figuresOf(state, those.get(state) ?? [], sessions)),
      draining: describeEndpoints(drains).slice(0, shownDraining),
    };
  });
}

function figuresOf(
  state: EndpointStatus['state'],
  endpoints: readonly Endpoint[],
  sessions: ReadonlyMap<string, SessionCount>,
): WorkloadFigures['states'][number] {
  const counts = endpoints.map(({ uid }) => sessions.get(uid));
  const isKnown = counts.every((count) => count !== undefined);
  return { state, endpoints: counts.length, sessions: isKnown ? counts.reduce(addCounts, none) : undefined };
}
