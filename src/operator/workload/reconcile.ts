/** Reconciles one StickyWorkload: applies its objects. The status publisher writes what comes of it into its status. */
import { planServing } from '../../core/resolve/plan.ts';
import type { Accept } from '../../core/resolve/accept.ts';
import { decideDrainHold } from '../../core/resolve/drain-hold.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import { targetKey } from '../../core/names/names.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { ObjectReader, ObjectWriter } from '../../kube/ports.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { Translated } from '../translation/translation-store.ts';
import { gatewayClassWork, gatewayOfWork, holdfastProxyWork, kindOfWork } from '../translation/work-keys.ts';
import { keepFinalizer, describeDeletion } from './drain-finalizer.ts';
import type { StatusPublisher } from './status-publisher.ts';
import { reconcileGateway, refusedEveryMs, writeRouteStatus, type GatewayTools } from '../gateway/reconcile.ts';
import { reconcileGatewayClasses } from '../gateway/reconcile-classes.ts';
import { reconcileHoldfastProxies } from '../gateway/reconcile-proxies.ts';
import { routeWork } from '../routes/reconcile.ts';
import { provision } from '../gateway/provision.ts';

export type ReconcileTools = GatewayTools & {
  reader: Pick<ObjectReader, 'get'>;
  writer: ObjectWriter;
  publisher: Pick<StatusPublisher, 'settle' | 'forget'>;
};

/** Reconciles the object of a queue key. Throws errors that are worth a retry. */
export async function reconcile(key: string, tools: ReconcileTools): Promise<Recheck | undefined> {
  if (key === gatewayClassWork) return reconcileGatewayClasses(tools);
  if (key === holdfastProxyWork) return reconcileHoldfastProxies(tools);
  const kind = kindOfWork(key);
  const work = routeWork(kind);
  if (work !== undefined) return work(key.slice(kind.length + 1), tools);
  const gateway = gatewayOfWork(key);
  return gateway === undefined ? reconcileWorkload(key, tools) : reconcileGateway(gateway, tools);
}

/** `key`: `namespace/name`. A deleted StickyWorkload needs no work, its objects are garbage-collected. */
async function reconcileWorkload(key: string, tools: ReconcileTools): Promise<Recheck | undefined> {
  const translated = tools.translations.latest();
  const workload = translated?.translation.workloads.candidates.get(key)?.workload;
  const accept = translated?.translation.accepts[key];
  if (!translated || !workload || !accept) {
    tools.failures.forget(key);
    tools.publisher.forget(key);
    return undefined;
  }
  const judged = { workload, accept };
  let outcome: ApplyOutcome | undefined;
  try {
    outcome = await applyObjects(judged, translated, tools);
    tools.failures.forget(key);
  } catch (error) {
    const lasting = tools.failures.note(key, error);
    if (lasting) tools.publisher.settle(key, lasting);
    throw error;
  }
  if (outcome === undefined) {
    tools.publisher.forget(key);
    return undefined;
  }
  tools.publisher.settle(key, outcome);
  return soonest([
    await writeRouteStatus(planServing(workload), translated, tools),
    releaseCheck(workload, translated, tools),
    outcome.kind === 'failed' ? { recheckAfterMs: refusedEveryMs } : undefined,
  ]);
}

type Judged = { workload: StickyWorkload; accept: Accept };

/** Returns undefined if there is no status to write yet, or there is none any more. */
async function applyObjects(
  { workload, accept }: Judged,
  translated: Translated,
  tools: ReconcileTools,
): Promise<ApplyOutcome | undefined> {
  const hold = decideDrainHold(workload, podsOf(workload, translated), tools.nowMs());
  const refused = await keepFinalizer(workload, hold, tools.writer);
  // A deleted StickyWorkload gets no new objects. Its existing ones keep serving while the finalizer holds it.
  if (workload.metadata.deletionTimestamp !== undefined) {
    return hold.kind === 'hold' ? describeDeletion(workload, hold) : undefined;
  }
  const outcome = await provision(accept, translated, tools);
  // A status written now would warn about keys that are about to be created; their translation triggers the next reconcile.
  const hasKeys = translated.snapshot.masterRing !== undefined || tools.caches.list('masterKeys').length > 0;
  if (accept.kind === 'accepted' && !hasKeys) return undefined;
  return refused ?? outcome;
}

const podsOf = ({ metadata, spec }: StickyWorkload, { translation }: Pick<Translated, 'translation'>): readonly Pod[] =>
  translation.index.podsByTarget.get(targetKey(metadata.namespace, spec.targetRef)) ?? [];

/** A stuck pod triggers no further change, but its StickyWorkload must still be released. */
function releaseCheck(
  workload: StickyWorkload,
  translated: Translated,
  { nowMs }: ReconcileTools,
): Recheck | undefined {
  const hold = decideDrainHold(workload, podsOf(workload, translated), nowMs());
  return hold.kind === 'hold' ? { recheckAfterMs: hold.untilMs - nowMs() } : undefined;
}

function soonest(rechecks: readonly (Recheck | undefined)[]): Recheck | undefined {
  const waits = rechecks.flatMap((recheck) => (recheck ? [recheck.recheckAfterMs] : []));
  return waits.length === 0 ? undefined : { recheckAfterMs: Math.min(...waits) };
}
