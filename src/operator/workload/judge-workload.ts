/** The status of a StickyWorkload from the latest translation, the session counts, and the outcome of its last reconcile. */
import type { StickyWorkloadStatus } from '../../api/status.ts';
import type { Ledger } from '../../core/count/ledger.ts';
import { targetKey } from '../../core/names/names.ts';
import type { Accept } from '../../core/resolve/accept.ts';
import type { ServingPlan } from '../../core/resolve/plan.ts';
import type { ApplyOutcome, StatusInput } from '../../core/status/input.ts';
import { judgeStatus } from '../../core/status/status.ts';
import { proxyOf } from '../gateway/proxy-view.ts';
import type { Translated } from '../translation/translation-store.ts';

/** What the translation does not show. `previous`: the last status, whose times are kept. */
export type StatusSources = {
  outcome: ApplyOutcome;
  previous: StickyWorkloadStatus | undefined;
  ledger: Pick<Ledger, 'countsOf'>;
  nowMs: number;
};

/** Returns undefined if there is no StickyWorkload with this key. */
export function judgeWorkload(
  key: string,
  { snapshot, translation }: Translated,
  { outcome, previous, ledger, nowMs }: StatusSources,
): StickyWorkloadStatus | undefined {
  const { workloads, accepts, backends, index } = translation;
  const candidate = workloads.candidates.get(key);
  const accept = accepts[key];
  if (!candidate || !accept) return undefined;
  const { workload, plan } = candidate;
  const target = targetKey(plan.namespace, plan.target);
  const backend = backends[key];
  const found = workloads.targets.get(target);
  const { nodes, autoscaler, gatewayApi } = snapshot;
  return judgeStatus({
    workload: { ...workload, ...(previous && { status: previous }) },
    accept,
    apply: outcome,
    ...(backend && { backend }),
    pods: index.podsByTarget.get(target) ?? [],
    sessions: ledger.countsOf(backend?.endpoints.map(({ uid }) => uid) ?? [], nowMs),
    proxy: proxyFor(plan, accept, translation),
    gatewayApi,
    cluster: { nodes, ...(autoscaler && { autoscaler }), ...(found && { target: found }) },
    nowMs,
  });
}

/** Of the first Gateway, which may not have accepted the route. */
function proxyFor(
  { key, parents }: ServingPlan,
  accept: Accept,
  { index, gateways, gatewaysByBackend }: Translated['translation'],
): StatusInput['proxy'] {
  const byUsers = gateways[gatewaysByBackend.get(key)?.[0] ?? '']?.gateway;
  const own = accept.kind === 'accepted' ? accept.plan.gateway : parents[0]?.gateway;
  const gateway = parents.length === 0 ? byUsers : own;
  return gateway ? { gateway, ...proxyOf(gateway, index) } : { readyReplicas: 0 };
}
