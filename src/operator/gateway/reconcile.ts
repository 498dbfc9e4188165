/** Reconciles what Holdfast controls in Gateway API: GatewayClasses, Gateways with their proxies, and the statuses of these and of HTTPRoutes. */
import { untilNextDateMs } from '../../core/listener/certificate.ts';
import { certificatesOf, type GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import type { ServingPlan } from '../../core/resolve/plan.ts';
import { controllerName, gatewayClassName } from '../../core/names/names.ts';
import { renderGatewayClass } from '../../core/render/gateway.ts';
import { resolveClassParameters } from '../../core/resolve/proxy-parameters.ts';
import { judgeGatewayClass } from '../../core/status/gateway-class-status.ts';
import { judgeGateway, judgeGatewayVerdicts } from '../../core/status/gateway-status.ts';
import { judgeHttpRoute } from '../../core/status/route-status.ts';
import { gatewayClasses, gateways, httpRoutes } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { Translated, TranslationStore } from '../translation/translation-store.ts';
import type { Caches } from '../gather/caches.ts';
import type { CachedOwned, CachedWithStatus } from '../gather/owned.ts';
import { isNewer } from './generations.ts';
import { writeListenerSets } from './listener-sets.ts';
import { provisionGateway, viewProxy, type ProvisionTools } from './provision.ts';
import type { StatusWriter } from '../apply/status-writer.ts';

export type GatewayTools = ProvisionTools & {
  translations: TranslationStore;
  caches: Caches;
  statuses: StatusWriter;
  nowMs: () => number;
};

// A refusal ends by a change of a quota, a policy or a permission, none of which is watched.
export const refusedEveryMs = 30_000;

/** Creates the GatewayClass before any Gateway uses it, and writes the status of every class that names Holdfast as its controller. */
export async function reconcileGatewayClasses({
  translations,
  caches,
  owned,
  statuses,
  nowMs,
}: GatewayTools): Promise<undefined> {
  const translated = translations.latest();
  if (!translated?.snapshot.gatewayApi.installed) return;
  const { snapshot, translation } = translated;
  const isForeign = snapshot.gatewayClasses.some(
    (one) => one.name === gatewayClassName && one.controllerName !== controllerName,
  );
  if (!isForeign) await owned.ensure(gatewayClasses, renderGatewayClass(snapshot.operatorNamespace));
  for (const one of caches.list('gatewayClasses')) {
    if (one.gatewayClass.controllerName === controllerName) {
      const { gatewayApi } = snapshot;
      const parameters = resolveClassParameters(one.metadata.name, translation.parameters);
      await statuses.writeOther(
        gatewayClasses,
        one,
        judgeGatewayClass({ parameters, gatewayApi }, one.observed, nowMs()),
      );
    }
  }
}

/** `key`: `namespace/name`. A user-managed Gateway gets its proxy here; a generated one gets it together with its StickyWorkloads. */
export async function reconcileGateway(key: string, tools: GatewayTools): Promise<Recheck | undefined> {
  const translated = tools.translations.latest();
  const plan = translated?.translation.gateways[key];
  const cached = plan && tools.caches.get('gateways', plan.gateway);
  if (!translated || !plan || !cached || !isOurs(plan, cached)) return undefined;
  const outcome = plan.userManaged ? await provisionGateway(plan, translated, tools) : { kind: 'applied' as const };
  const proxy = {
    ...viewProxy(plan.gateway, translated),
    ...(outcome.kind !== 'applied' && { obstacle: outcome.message }),
  };
  await tools.statuses.writeOther(gateways, cached, judgeGateway(plan, proxy, cached.observed, tools.nowMs()));
  const verdicts = judgeGatewayVerdicts(plan, proxy);
  await writeListenerSets(plan, { snapshot: translated.snapshot, verdicts }, tools);
  return outcome.kind === 'failed' ? { recheckAfterMs: refusedEveryMs } : recheckDates(plan, tools.nowMs());
}

/** Whether the plan is that of the cached object. A generated Gateway that another controller owns has the same name only. */
const isOurs = ({ userManaged, generatedFor }: GatewayPlan, cached: CachedWithStatus): boolean =>
  userManaged ? !isNewer(cached, userManaged.object) : isOwnedBy(cached, generatedFor);

// A timer of Node waits 24 days at most.
const longestWaitMs = 86_400_000;

/** Certificates expire without an event. */
function recheckDates(plan: GatewayPlan, nowMs: number): Recheck | undefined {
  const nextMs = untilNextDateMs(certificatesOf(plan), nowMs);
  return nextMs === undefined ? undefined : { recheckAfterMs: Math.min(nextMs, longestWaitMs) };
}

/** Writes the status of a StickyWorkload's HTTPRoute, if Holdfast owns it. */
export async function writeRouteStatus(
  plan: ServingPlan,
  { snapshot, translation }: Translated,
  { caches, statuses, nowMs }: GatewayTools,
): Promise<Recheck | undefined> {
  const route = translation.routes[plan.key];
  const cached = caches.get('httpRoutes', plan);
  if (!snapshot.gatewayApi.installed || !route || !cached || !isOwnedBy(cached, [plan])) return undefined;
  const status = judgeHttpRoute(route.judged, cached.observed, nowMs(), route.shadows);
  return status && statuses.writeShared(httpRoutes, cached, status);
}

// An object of another owner has a controller whose status Holdfast's would replace.
const isOwnedBy = ({ owned }: CachedOwned, owners: readonly { uid: string }[]): boolean =>
  owners.some(({ uid }) => owned.ownerUids.includes(uid));
