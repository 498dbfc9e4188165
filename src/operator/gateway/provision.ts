/** Applies the owned objects of a StickyWorkload or of a Gateway, and returns the outcome. */
import type { Accept } from '../../core/resolve/accept.ts';
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { gatewayKey } from '../../core/resolve/plan.ts';
import { attachedGateways } from '../../core/route/attach.ts';
import type { WorkloadPlan } from '../../core/resolve/workload-plan.ts';
import { controllerName, gatewayClassName, targetKey } from '../../core/names/names.ts';
import { findConflicts } from '../../core/render/conflicts.ts';
import { renderGateway } from '../../core/render/gateway.ts';
import type { OwnedObject } from '../../core/render/owned-object.ts';
import { explainReplicas, findUnwantedAutoscaler } from '../../core/render/proxy-replicas.ts';
import { findOlderReference } from '../../core/resolve/proxy-parameters.ts';
import type { ProxyParams } from '../../core/render/proxy-pod.ts';
import { renderWorkload } from '../../core/render/workload.ts';
import { isLeftToUser, ownedKey } from '../../core/translate/cluster-index.ts';
import type { Pod } from '../../core/snapshot/snapshot.ts';
import type { ApplyOutcome } from '../../core/status/input.ts';
import { findRouteShortfall } from '../../core/route/shortfall.ts';
import * as resources from '../../kube/resources.ts';
import type { ObjectWriter, Resource } from '../../kube/ports.ts';
import { AppError } from '../../platform/errors.ts';
import type { Translated } from '../translation/translation-store.ts';
import type { OwnedObjects } from '../apply/owned-objects.ts';
import { proxyOf } from './proxy-view.ts';

const byKind: Record<string, Resource> = Object.fromEntries(
  [
    resources.services,
    resources.httpRoutes,
    resources.grpcRoutes,
    resources.serviceAccounts,
    resources.deployments,
    resources.podDisruptionBudgets,
    resources.horizontalPodAutoscalers,
    resources.gateways,
  ].map((resource) => [resource.kind, resource]),
);

export type ProvisionTools = {
  owned: Pick<OwnedObjects, 'ensure'>;
  writer: Pick<ObjectWriter, 'delete'>;
  proxy: ProxyParams;
};

/**
 * Applies the objects of a StickyWorkload, but those that conflict with another owner's. A refused StickyWorkload gets no new objects and keeps its
 * existing ones. The reconcile of its Gateways applies theirs.
 */
export async function provision(accept: Accept, translated: Translated, tools: ProvisionTools): Promise<ApplyOutcome> {
  if (accept.kind === 'refused') return { kind: 'applied' };
  const { plan } = accept;
  await removeRoutes(plan, translated, tools);
  const applied = await applyFree(renderObjects(plan, translated), translated, tools);
  if (applied.kind !== 'applied') return applied;
  const gateways = gatewaysOf(plan, translated);
  const generated = gateways.filter(({ userManaged }) => userManaged === undefined);
  const proxies = gateways
    .filter(({ userManaged }) => userManaged !== undefined)
    .flatMap((gateway) => renderFor(gateway, translated, tools));
  const obstacle =
    findClassObstacle(generated, translated) ??
    findOlderObstacle(plan, generated) ??
    findConflicts(proxies, translated.translation.index)[0] ??
    findShortfall(plan, gateways, translated);
  return obstacle ? { kind: 'conflict', reason: obstacle.reason, message: obstacle.message } : applied;
}

const renderObjects = (plan: WorkloadPlan, { snapshot, translation }: Translated): OwnedObject[] =>
  renderWorkload(plan, {
    ...snapshot,
    pods: podsOf(plan, translation),
    isServiceOfUser: isLeftToUser(plan, translation.index),
  });

/** Deletes our route once the StickyWorkload has one of another kind, or leaves routes to its users. */
async function removeRoutes(
  plan: WorkloadPlan,
  { translation }: Translated,
  { writer }: Pick<ProvisionTools, 'writer'>,
): Promise<void> {
  for (const resource of [resources.httpRoutes, resources.grpcRoutes]) {
    const route = translation.index.owned.get(ownedKey(resource.kind, plan));
    const isWanted = plan.parents.length > 0 && plan.routeKind === resource.kind;
    if (!isWanted && route?.ownerUids.includes(plan.uid)) await writer.delete(resource, route, route.uid);
  }
}

/** Applies the objects of a Gateway: its proxy, and the Gateway itself if Holdfast generates it. */
export async function provisionGateway(
  gateway: GatewayPlan,
  translated: Translated,
  tools: ProvisionTools,
): Promise<ApplyOutcome> {
  await removeAutoscaler(gateway, translated, tools);
  const applied = await applyFree(renderFor(gateway, translated, tools), translated, tools);
  const obstacle = applied.kind === 'applied' ? findParametersObstacle(gateway, translated) : undefined;
  return obstacle ? { kind: 'conflict', ...obstacle } : applied;
}

const renderFor = (
  gateway: GatewayPlan,
  { snapshot, translation }: Translated,
  { proxy }: ProvisionTools,
): OwnedObject[] => renderGateway(gateway, { gatewayApi: snapshot.gatewayApi, proxy, seen: translation.index });

/** Deletes our HorizontalPodAutoscaler once the HoldfastProxy has no autoscaling, or another one scales the proxies. */
async function removeAutoscaler(
  { gateway, parameters }: GatewayPlan,
  { translation }: Translated,
  { writer }: ProvisionTools,
): Promise<void> {
  if (parameters.kind === 'broken') return;
  const unwanted = findUnwantedAutoscaler({ spec: parameters.spec, gateway }, translation.index);
  if (unwanted) await writer.delete(resources.horizontalPodAutoscalers, unwanted, unwanted.uid);
}

/** Returns the Gateways that accept the route of a StickyWorkload. */
export function gatewaysOf({ key }: WorkloadPlan, { translation: { routes, gateways } }: Translated): GatewayPlan[] {
  return attachedGateways(routes[key]?.judged.parents ?? []).flatMap((gateway) => gateways[gateway] ?? []);
}

type Obstacle = Pick<Extract<ApplyOutcome, { kind: 'conflict' }>, 'reason' | 'message'>;

function findClassObstacle(generated: readonly GatewayPlan[], { snapshot }: Translated): Obstacle | undefined {
  const foreign = snapshot.gatewayClasses.find(
    (one) => one.name === gatewayClassName && one.controllerName !== controllerName,
  );
  if (foreign === undefined || generated.length === 0 || !snapshot.gatewayApi.installed) return undefined;
  return {
    reason: 'GatewayConflict',
    message: `GatewayClass ${gatewayClassName} belongs to ${foreign.controllerName}: delete it so that Holdfast can create its own. Traffic is still served.`,
  };
}

/** Returns the part of the HoldfastProxy that is not applied. */
function findParametersObstacle(
  { gateway, parameters }: GatewayPlan,
  { translation }: Translated,
): Obstacle | undefined {
  if (parameters.kind === 'broken') return { reason: 'InvalidParameters', message: parameters.message };
  const message = explainReplicas(parameters.spec, gateway, translation.index);
  return message === undefined ? undefined : { reason: 'AutoscalerConflict', message };
}

/** The StickyWorkloads of a namespace share one generated Gateway, which has one HoldfastProxy. */
function findOlderObstacle(plan: WorkloadPlan, generated: readonly GatewayPlan[]): Obstacle | undefined {
  const older = generated
    .map(({ generatedFor }) => findOlderReference(plan, generatedFor))
    .find((found) => found !== undefined);
  if (older === undefined) return undefined;
  return {
    reason: 'InvalidParameters',
    message:
      `spec.dataplane.parametersRef: StickyWorkload ${older.name} is older and sets HoldfastProxy ${older.parametersRef?.name} for the proxies that both share: ` +
      'use the same, or create a Gateway and name it in spec.route.parentRefs.',
  };
}

/** Returns the part of the route that is not applied, or not yet, while the rest is. */
function findShortfall(
  { key, gateway: first }: WorkloadPlan,
  gateways: readonly GatewayPlan[],
  translated: Translated,
): Obstacle | undefined {
  const { translation } = translated;
  const route = translation.routes[key];
  const shortfall = route && findRouteShortfall(route, translation.gateways);
  if (shortfall) return shortfall;
  // The status itself covers the first Gateway.
  const unready = gateways.find(
    ({ gateway }) =>
      gatewayKey(gateway) !== gatewayKey(first) && proxyOf(gateway, translation.index).readyReplicas === 0,
  );
  if (unready === undefined) return undefined;
  return {
    reason: 'ProxyNotReady',
    message: `No replica of the proxy of Gateway ${gatewayKey(unready.gateway)} is ready: check its pods. The other Gateways still serve traffic.`,
  };
}

const podsOf = ({ namespace, target }: WorkloadPlan, { index }: Translated['translation']): readonly Pod[] =>
  index.podsByTarget.get(targetKey(namespace, target)) ?? [];

/** Applies the objects that conflict with no other owner's. */
async function applyFree(
  objects: readonly OwnedObject[],
  { translation }: Translated,
  { owned }: ProvisionTools,
): Promise<ApplyOutcome> {
  const conflicts = findConflicts(objects, translation.index);
  const conflicting = new Set(conflicts.map(({ object }) => identityOf(object)));
  const free = objects.filter(({ kind, metadata }) => !conflicting.has(identityOf({ kind, ...metadata })));
  const failed = await applyAll(free, owned);
  if (failed) return { kind: 'failed', message: failed.message };
  const [conflict] = conflicts;
  return conflict ? { kind: 'conflict', reason: conflict.reason, message: conflict.message } : { kind: 'applied' };
}

const identityOf = ({ kind, namespace = '', name }: { kind: string; namespace?: string; name: string }): string =>
  `${kind}/${namespace}/${name}`;

type Failed = { object: OwnedObject; error: unknown };

/** Returns the first refusal of the API server. Retryable errors are thrown once the others are applied, so that the queue retries. */
async function applyAll(
  objects: readonly OwnedObject[],
  owned: ProvisionTools['owned'],
): Promise<AppError | undefined> {
  const failed: Failed[] = [];
  for (const object of objects) {
    if (object.kind === 'Deployment' && failed.some(isAwaitedAccount)) continue;
    const resource = resourceOf(object);
    try {
      await owned.ensure(resource, object);
    } catch (error) {
      failed.push({ object, error });
    }
  }
  const errors = failed.map(({ error }) => error);
  for (const error of errors) if (!isRefusal(error)) throw error;
  return errors.find(isRefusal);
}

const isRefusal = (error: unknown): error is AppError => error instanceof AppError && !error.retryable;

/** Without it the Deployment gets no pods, and tries again ever less often. */
const isAwaitedAccount = ({ object, error }: Failed): boolean => object.kind === 'ServiceAccount' && !isRefusal(error);

function resourceOf({ kind }: OwnedObject): Resource {
  const resource = byKind[kind];
  if (resource) return resource;
  throw new AppError('INTERNAL', `no resource for kind ${kind}`, { source: 'internal', retryable: false });
}
