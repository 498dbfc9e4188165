/** One StickyWorkload: what is wanted of it is brought in place, and what is seen of it is written into its status. */
import { gatewayKey, planServing } from '../../core/accept/plan.ts';
import type { Accept } from '../../core/accept/accept.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { judgeGateway, judgeGatewayClass, judgeRoute } from '../../core/status/gateway-status.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import { judgeStatus } from '../../core/status/status.ts';
import type { ProxyParams } from '../../core/render/proxy-pod.ts';
import { backendKey, gatewayClassName, keyRingName, proxyName } from '../../core/names/names.ts';
import type { ObjectWriter } from '../../kube/ports.ts';
import { gatewayClasses, gateways, httpRoutes } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { Translated, TranslationFeed } from '../feed/translation-feed.ts';
import type { Caches } from '../gather/caches.ts';
import type { CachedOwned } from '../gather/owned.ts';
import { keyRingOf } from '../gather/world.ts';
import { createKeyRing } from './key-ring.ts';
import type { OwnedObjects } from './owned-objects.ts';
import { provision } from './provision.ts';
import type { StatusWriter } from './status-writer.ts';

export type ReconcileTools = {
  feed: TranslationFeed;
  caches: Caches;
  writer: ObjectWriter;
  owned: OwnedObjects;
  statuses: StatusWriter;
  proxy: ProxyParams;
  /** Sessions by pod UID, over all proxies; a pod that is absent is unknown. */
  countsOf: (podUids: string[], nowMs: number) => ReadonlyMap<string, number>;
  nowMs: () => number;
};

/** `key`: `namespace/name`. Throws what is worth another try; a StickyWorkload that is gone needs nothing, its objects go with it. */
export async function reconcile(key: string, tools: ReconcileTools): Promise<Recheck | undefined> {
  const translated = tools.feed.latest();
  const workload = translated?.snapshot.workloads.find(({ metadata }) => backendKey(metadata.namespace, metadata.name) === key);
  const accept = translated?.translation.accepts[key];
  if (!translated || !workload || !accept || workload.metadata.deletionTimestamp !== undefined) return undefined;
  const outcome = await provision(accept, translated, tools);
  // A status written now would warn of keys that are on their way; their translation calls us again.
  if (accept.kind === 'accepted' && !(key in translated.snapshot.keyRings) && (await keysAreComing(workload, tools))) return undefined;
  if (accept.kind === 'accepted' && translated.snapshot.gatewayApi.installed) await writeGatewayStatuses(accept, translated, tools);
  return writeStatus({ workload, accept, outcome }, translated, tools);
}

/** Creates the key ring where there is none. False where there is one that cannot be used: that has to be said. */
async function keysAreComing(workload: StickyWorkload, { caches, writer }: ReconcileTools): Promise<boolean> {
  const { namespace, name, uid } = workload.metadata;
  const secret = caches.get('keyRings', { namespace, name: keyRingName(name) });
  if (secret) return keyRingOf(secret, uid) !== undefined;
  return (await createKeyRing(writer, workload)) === 'Created';
}

type Judged = { workload: StickyWorkload; accept: Accept; outcome: ApplyOutcome };

// What lifts a refusal (a quota, a policy, a permission) is nothing that we watch.
const refusedEveryMs = 30_000;

async function writeStatus({ workload, accept, outcome }: Judged, { snapshot, translation }: Translated, tools: ReconcileTools): Promise<Recheck | undefined> {
  const plan = planServing(workload);
  const backend = translation.tables[gatewayKey(plan.gateway)]?.backends[plan.key];
  const previous = tools.statuses.before(workload);
  const nowMs = tools.nowMs();
  const status = judgeStatus({
    workload: { ...workload, ...(previous && { status: previous }) },
    accept,
    apply: outcome,
    ...(backend && { backend }),
    pods: snapshot.pods.filter(
      ({ namespace, controller }) => namespace === plan.namespace && controller?.kind === plan.target.kind && controller.name === plan.target.name,
    ),
    sessions: tools.countsOf(backend?.endpoints.map(({ uid }) => uid) ?? [], nowMs),
    proxyReadyReplicas: readyReplicas(snapshot, plan.gateway),
    gatewayApi: snapshot.gatewayApi,
    nowMs,
  });
  const recheck = await tools.statuses.write(workload, status);
  return recheck ?? (outcome.kind === 'failed' ? { recheckAfterMs: refusedEveryMs } : undefined);
}

const readyReplicas = ({ proxies }: Translated['snapshot'], gateway: { namespace: string; name: string }): number =>
  proxies.find(({ namespace, name }) => namespace === gateway.namespace && name === proxyName(gateway.name))?.readyReplicas ?? 0;

async function writeGatewayStatuses({ plan }: Extract<Accept, { kind: 'accepted' }>, { snapshot, translation }: Translated, tools: ReconcileTools): Promise<void> {
  const { caches, statuses } = tools;
  const nowMs = tools.nowMs();
  const gatewayClass = caches.get('gatewayClasses', { name: gatewayClassName });
  if (gatewayClass) await statuses.writeOther(gatewayClasses, gatewayClass, judgeGatewayClass(gatewayClass.observed, nowMs));

  const gateway = caches.get('gateways', plan.gateway);
  const gatewayPlan = translation.gateways[gatewayKey(plan.gateway)];
  if (gateway && gatewayPlan && isOwnedBy(gateway, gatewayPlan.plans)) {
    const status = judgeGateway(gatewayPlan, readyReplicas(snapshot, plan.gateway), gateway.observed, nowMs);
    await statuses.writeOther(gateways, gateway, status);
  }

  const route = caches.get('httpRoutes', plan);
  if (route && isOwnedBy(route, [plan])) await statuses.writeOther(httpRoutes, route, judgeRoute(plan, route.observed, nowMs));
}

// One of somebody else has a controller of its own, whose status ours would replace.
const isOwnedBy = ({ owned }: CachedOwned, owners: readonly { uid: string }[]): boolean => owners.some(({ uid }) => owned.ownerUids.includes(uid));
