/** Reconciles Gateways with their proxies, and writes their statuses and those of the routes of StickyWorkloads. */
import { untilNextDateMs } from '../../core/listener/certificate.ts';
import { certificatesOf, type GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { gatewayKey, type ServingPlan } from '../../core/resolve/plan.ts';
import { controllerName } from '../../core/names/names.ts';
import { judgeFaultyObject } from '../../core/status/fault-status.ts';
import { judgeGateway, judgeGatewayVerdicts } from '../../core/status/gateway-status.ts';
import { judgeHttpRoute } from '../../core/status/route-status.ts';
import { gateways } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import { findFault } from '../translation/find-fault.ts';
import type { Fault } from '../gather/faults.ts';
import type { Translated, TranslationStore } from '../translation/translation-store.ts';
import type { Caches } from '../gather/caches.ts';
import type { CachedOwned, CachedWithStatus } from '../gather/owned.ts';
import { routePlaces } from '../gather/routes.ts';
import { isNewer } from './generations.ts';
import { writeListenerSets } from './listener-sets.ts';
import { provisionGateway, type ProvisionTools } from './provision.ts';
import { viewProxy } from './proxy-view.ts';
import type { RepeatedFailures } from '../apply/repeated-failures.ts';
import type { StatusWriter } from '../apply/status-writer.ts';
import { workOfGateway } from '../translation/work-keys.ts';
import { explainRefused, resourceRefused } from '../../core/status/refused-resources.ts';
import type { Refusal } from '../../wire/messages.ts';
import type { EventNote, EventSink } from '../../kube/ports.ts';
import type { RefusedResources } from '../discovery/refused-resources.ts';
import { runningProxies } from '../proxies/serving-proxies.ts';
import type { GatewayOutcomes } from './gateway-outcomes.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';

export type GatewayTools = ProvisionTools & {
  translations: TranslationStore;
  caches: Caches;
  statuses: StatusWriter;
  failures: RepeatedFailures;
  gatewayOutcomes: GatewayOutcomes;
  refused: Pick<RefusedResources, 'of'>;
  events: EventSink;
  nowMs: () => number;
};

// A refusal ends by a change of a quota, a policy or a permission, none of which is watched.
export const refusedEveryMs = 30_000;

/** `key`: `namespace/name`. Nothing else writes the objects of a Gateway. */
export async function reconcileGateway(key: string, tools: GatewayTools): Promise<Recheck | undefined> {
  const translated = tools.translations.latest();
  const fault = findFault(translated, 'Gateway', key);
  try {
    const plan = translated?.translation.gateways[key];
    if (translated && plan) return await reconcilePlan({ plan, translated, isFaulty: fault !== undefined }, tools);
    tools.failures.forget(workOfGateway(key));
    tools.gatewayOutcomes.forget(key);
    return undefined;
  } finally {
    // Last: the API server may refuse any write of an object that its definition does not accept any more.
    if (translated && fault) await writeFault(fault, translated, tools);
  }
}

/** `isFaulty`: the plan is that of an earlier version, and the status says so. */
async function reconcilePlan(
  { plan, translated, isFaulty }: Planned & { isFaulty: boolean },
  tools: GatewayTools,
): Promise<Recheck | undefined> {
  const cached = tools.caches.get('gateways', plan.gateway);
  if (!isFaulty && isOutdated(plan, cached)) return undefined;
  const { outcome, retry } = await applyGateway({ plan, translated }, tools);
  if (cached && isOurs(plan, cached)) await writeStatuses({ plan, cached, outcome, isFaulty }, translated, tools);
  if (retry) throw retry.error;
  return outcome.kind === 'failed' ? { recheckAfterMs: refusedEveryMs } : recheckDates(plan, tools.nowMs());
}

const isOutdated = ({ userManaged }: GatewayPlan, cached: CachedWithStatus | undefined): boolean =>
  userManaged !== undefined && (cached === undefined || isNewer(cached, userManaged.object));

/** The Gateway is served as it was last, or not yet. */
async function writeFault(
  fault: Fault,
  { snapshot }: Translated,
  { caches, statuses, nowMs }: GatewayTools,
): Promise<void> {
  const cached = caches.get('gateways', fault);
  const isServed = snapshot.gatewayClasses.some(
    (one) => one.controllerName === controllerName && one.name === cached?.gateway.className,
  );
  if (!cached || !isServed) return;
  await statuses.writeOther(gateways, cached, judgeFaultyObject(fault.message, cached.observed, nowMs()));
}

type Planned = { plan: GatewayPlan; translated: Translated };

/** `retry`: what to throw once the outcome is reported, so that the queue tries again. */
type Applied = { outcome: ApplyOutcome; retry?: { error: unknown } };

/** A write that keeps failing is an outcome too. */
async function applyGateway({ plan, translated }: Planned, tools: GatewayTools): Promise<Applied> {
  const key = gatewayKey(plan.gateway);
  if (!isNeeded(plan, translated)) return { outcome: { kind: 'applied' } };
  try {
    const outcome = await provisionGateway(plan, translated, tools);
    tools.failures.forget(workOfGateway(key));
    tools.gatewayOutcomes.settle(key, outcome, plan.parameters);
    return { outcome };
  } catch (error) {
    const lasting = tools.failures.note(workOfGateway(key), error);
    if (lasting === undefined) throw error;
    tools.gatewayOutcomes.settle(key, lasting, plan.parameters);
    return { outcome: lasting, retry: { error } };
  }
}

/**
 * StickyWorkloads that are deleted keep the Gateway that they have, and get no new objects. One that was served and is refused later does need it:
 * its sessions depend on the proxies.
 */
function isNeeded({ userManaged, generatedFor }: GatewayPlan, { translation }: Translated): boolean {
  const { candidates } = translation.workloads;
  return (
    userManaged !== undefined ||
    generatedFor.some(({ key }) => candidates.get(key)?.workload.metadata.deletionTimestamp === undefined)
  );
}

type Judged = { plan: GatewayPlan; cached: CachedWithStatus; outcome: ApplyOutcome; isFaulty: boolean };

/** ListenerSets may have other authors: their statuses do not wait until a faulty Gateway is repaired. */
async function writeStatuses(
  { plan, cached, outcome, isFaulty }: Judged,
  translated: Translated,
  tools: GatewayTools,
): Promise<void> {
  const refused = tools.refused.of(runningProxies(translated.translation.index, gatewayKey(plan.gateway)));
  if (refused.length > 0) tools.events.emit(refusedEvent(cached, refused));
  const proxy = {
    ...viewProxy(plan.gateway, translated),
    refused,
    ...(outcome.kind !== 'applied' && { obstacle: outcome.message }),
  };
  if (!isFaulty) {
    await tools.statuses.writeOther(gateways, cached, judgeGateway(plan, proxy, cached.observed, tools.nowMs()));
  }
  const verdicts = judgeGatewayVerdicts(plan, proxy);
  await writeListenerSets(plan, { translated, verdicts }, tools);
}

const refusedEvent = ({ apiVersion, kind, metadata }: CachedWithStatus, refused: readonly Refusal[]): EventNote => ({
  type: 'Warning',
  reason: resourceRefused,
  action: 'Route',
  note: explainRefused(refused),
  regarding: {
    apiVersion,
    kind,
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    ...(metadata.uid !== undefined && { uid: metadata.uid }),
  },
});

/** A generated Gateway that another controller owns has the same name only. */
const isOurs = ({ userManaged, generatedFor }: GatewayPlan, cached: CachedWithStatus): boolean =>
  userManaged !== undefined || isOwnedBy(cached, generatedFor);

// A timer of Node waits 24 days at most.
const longestWaitMs = 86_400_000;

/** Certificates expire without an event. */
function recheckDates(plan: GatewayPlan, nowMs: number): Recheck | undefined {
  const nextMs = untilNextDateMs(certificatesOf(plan), nowMs);
  return nextMs === undefined ? undefined : { recheckAfterMs: Math.min(nextMs, longestWaitMs) };
}

/** Writes the status of a StickyWorkload's route, if Holdfast owns it. */
export async function writeRouteStatus(
  plan: ServingPlan,
  { snapshot, translation }: Translated,
  { caches, statuses, nowMs }: GatewayTools,
): Promise<Recheck | undefined> {
  const route = translation.routes[plan.key];
  const { cache, resource } = routePlaces[plan.routeKind];
  const cached = caches.get(cache, plan);
  if (!snapshot.gatewayApi.installed || !route || !cached || !isOwnedBy(cached, [plan])) return undefined;
  const status = judgeHttpRoute(route.judged, cached.observed, nowMs(), route.shadows);
  return status && statuses.writeShared(resource, cached, status);
}

// An object of another owner has a controller whose status Holdfast's would replace.
const isOwnedBy = ({ owned }: CachedOwned, owners: readonly { uid: string }[]): boolean =>
  owners.some(({ uid }) => owned.ownerUids.includes(uid));
