/** The current figures of each StickyWorkload. */
import type { EndpointStatus } from '../../api/status.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { drainLimits } from '../../core/resolve/plan.ts';
import { backendKey } from '../../core/names/names.ts';
import { isPodTerminal, type Pod, type Snapshot } from '../../core/snapshot/snapshot.ts';
import { countSessions, describeEndpoints, type SessionTotals } from '../../core/status/endpoints.ts';
import type { Backend } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Translated } from '../translation/translation-store.ts';
import type { Core } from '../options.ts';

export type WorkloadFigures = {
  labels: { namespace: string; workload: string };
  isReady: boolean;
  podsNotInjected: number;
  /** `sessions`: undefined while the count of any of the pods is unknown. */
  states: { state: EndpointStatus['state']; endpoints: number; sessions: SessionTotals | undefined }[];
  draining: EndpointStatus[];
};

// Per StickyWorkload: each pod is a label value, so the number of series must be bounded.
const shownDraining = 50;
const states = ['Pending', 'Accepting', 'Draining'] as const;

// One scrape reads several metrics in a row.
const sameScrapeMs = 100;

/** Returns a function that returns the current figures, computed at most once per scrape. */
export function createWorkloadFigures(
  core: Pick<Core, 'translations' | 'ledger' | 'clusterState'>,
  clock: Clock,
): () => WorkloadFigures[] {
  let last: { atMs: number; figures: WorkloadFigures[] } | undefined;
  return () => {
    const nowMs = clock.nowMs();
    if (!last || nowMs - last.atMs > sameScrapeMs) last = { atMs: nowMs, figures: gatherFigures(core, nowMs) };
    return last.figures;
  };
}

function gatherFigures(
  { translations, ledger, clusterState }: Pick<Core, 'translations' | 'ledger' | 'clusterState'>,
  nowMs: number,
): WorkloadFigures[] {
  const translated = translations.latest();
  if (!translated) return [];
  const backends = indexBackends(translated);
  const pods = indexPods(translated.snapshot);
  return translated.snapshot.workloads.map((workload) => {
    const { namespace, name } = workload.metadata;
    const { kind, name: target } = workload.spec.targetRef;
    const { endpoints = [] } = backends.get(backendKey(namespace, name)) ?? {};
    const own = pods.get(`${namespace}/${kind}/${target}`) ?? [];
    const sessions = ledger.countsOf(
      endpoints.map(({ uid }) => uid),
      nowMs,
    );
    const limits = drainLimits(workload.spec.drain);
    // A status that is written causes no translation.
    const { status } = clusterState.workload(workload.metadata) ?? workload;
    return figuresOf(
      { ...workload, ...(status && { status }) },
      own,
      describeEndpoints({ endpoints, pods: own, sessions, previous: [], limits, nowMs }),
    );
  });
}

function figuresOf(
  { metadata, status }: StickyWorkload,
  pods: readonly Pod[],
  endpoints: readonly EndpointStatus[],
): WorkloadFigures {
  const alive = pods.filter((pod) => !isPodTerminal(pod));
  return {
    labels: { namespace: metadata.namespace, workload: metadata.name },
    isReady: status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false,
    podsNotInjected: alive.filter(({ injection }) => !injection.injected).length,
    states: states.map((state) => {
      const those = endpoints.filter((endpoint) => endpoint.state === state);
      return { state, endpoints: those.length, sessions: countSessions(those) };
    }),
    draining: endpoints.filter(({ state }) => state === 'Draining').slice(0, shownDraining),
  };
}

// A backend that several Gateways serve is the same in the table of each.
const indexBackends = ({ translation }: Translated): Map<string, Backend> =>
  new Map(Object.values(translation.tables).flatMap(({ backends }) => Object.entries(backends)));

const indexPods = ({ pods }: Snapshot): Map<string, Pod[]> =>
  Map.groupBy(pods, ({ namespace, controller }) => `${namespace}/${controller?.kind}/${controller?.name}`);
