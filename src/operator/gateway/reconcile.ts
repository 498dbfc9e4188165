/** What Holdfast is the controller of in Gateway API: classes, Gateways and their proxies, and the statuses of these and of routes. */
import type { ServingPlan } from '../../core/resolve/plan.ts';
import { controllerName, gatewayClassName } from '../../core/names/names.ts';
import { renderGatewayClass } from '../../core/render/gateway.ts';
import { judgeGateway, judgeGatewayClass, judgeRoute } from '../../core/status/gateway-status.ts';
import { gatewayClasses, gateways, httpRoutes } from '../../kube/resources.ts';
import type { Recheck } from '../../kube/watch/queue.ts';
import type { Translated, TranslationStore } from '../translation/translation-store.ts';
import type { Caches } from '../gather/caches.ts';
import type { CachedOwned } from '../gather/owned.ts';
import { provisionGateway, readyReplicas, type ProvisionTools } from './provision.ts';
import type { StatusWriter } from '../apply/status-writer.ts';

export type GatewayTools = ProvisionTools & {
  translations: TranslationStore;
  caches: Caches;
  statuses: StatusWriter;
  nowMs: () => number;
};

// What lifts a refusal (a quota, a policy, a permission) is nothing that we watch.
export const refusedEveryMs = 30_000;

/** Our class is there before any Gateway of it, and every class that names us as its controller is told so. */
export async function reconcileGatewayClasses({
  translations,
  caches,
  owned,
  statuses,
  nowMs,
}: GatewayTools): Promise<undefined> {
  const snapshot = translations.latest()?.snapshot;
  if (!snapshot?.gatewayApi.installed) return;
  const isForeign = snapshot.gatewayClasses.some(
    (one) => one.name === gatewayClassName && one.controllerName !== controllerName,
  );
  if (!isForeign) await owned.ensure(gatewayClasses, renderGatewayClass());
  for (const one of caches.list('gatewayClasses')) {
    if (one.gatewayClass.controllerName === controllerName) {
      await statuses.writeOther(gatewayClasses, one, judgeGatewayClass(one.observed, nowMs()));
    }
  }
}

/** `key`: `namespace/name`. A Gateway that a user wrote gets its proxy here; one that StickyWorkloads need got it with them. */
export async function reconcileGateway(key: string, tools: GatewayTools): Promise<Recheck | undefined> {
  const translated = tools.translations.latest();
  const plan = translated?.translation.gateways[key];
  const cached = plan && tools.caches.get('gateways', plan.gateway);
  if (!translated || !plan || !cached || !(plan.userManaged || isOwnedBy(cached, plan.generatedFor))) return undefined;
  const outcome = plan.userManaged ? await provisionGateway(plan, translated, tools) : { kind: 'applied' as const };
  const proxy = {
    readyReplicas: readyReplicas(plan.gateway, translated.translation.index),
    ...(outcome.kind !== 'applied' && { obstacle: outcome.message }),
  };
  await tools.statuses.writeOther(gateways, cached, judgeGateway(plan, proxy, cached.observed, tools.nowMs()));
  return outcome.kind === 'failed' ? { recheckAfterMs: refusedEveryMs } : undefined;
}

/** The route of a StickyWorkload, where there is one of ours. */
export async function writeRouteStatus(
  plan: ServingPlan,
  { snapshot, translation }: Translated,
  { caches, statuses, nowMs }: GatewayTools,
): Promise<void> {
  const route = translation.routes[plan.key];
  const cached = caches.get('httpRoutes', plan);
  if (!snapshot.gatewayApi.installed || !route || !cached || !isOwnedBy(cached, [plan])) return;
  await statuses.writeOther(httpRoutes, cached, judgeRoute(plan, route, cached.observed, nowMs()));
}

// One of somebody else has a controller of its own, whose status ours would replace.
const isOwnedBy = ({ owned }: CachedOwned, owners: readonly { uid: string }[]): boolean =>
  owners.some(({ uid }) => owned.ownerUids.includes(uid));
