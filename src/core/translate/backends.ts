/** The backend of each StickyWorkload: its keys, its limits, and its pods. */
import type { ServingPlan } from '../resolve/plan.ts';
import { targetKey } from '../names/names.ts';
import type { Pod, Snapshot } from '../snapshot/snapshot.ts';
import type { Backend } from '../../wire/routing-table.ts';
import { deriveEndpoints } from './endpoints.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';

/** A backend with everything that it was built from: as long as that is the same, it is not built again. */
export type BuiltBackend = { backend: Backend; builtFrom: readonly unknown[] };

export type BackendSources = Pick<Snapshot, 'keyRings' | 'removedPods'> & { index: ClusterIndex };

/** `before`: the backends of an earlier translation. They save work and do not change the result. */
export function buildBackends(
  plans: Iterable<ServingPlan>,
  sources: BackendSources,
  before: ReadonlyMap<string, BuiltBackend>,
): Map<string, BuiltBackend> {
  const built = new Map<string, BuiltBackend>();
  for (const plan of plans) {
    const one = buildBackend(plan, sources, before.get(plan.key));
    if (one) built.set(plan.key, one);
  }
  return built;
}

/** Without keys no token can be signed or verified: every request would start a session that nothing holds. */
function buildBackend(
  plan: ServingPlan,
  { keyRings, removedPods, index }: BackendSources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const { key, limits, policy, maxSessionsPerEndpoint } = plan;
  const keyRing = keyRings[key];
  if (keyRing === undefined) return undefined;
  const removed = removedPods[key];
  const settings = [
    policy,
    maxSessionsPerEndpoint,
    limits.idleTimeoutMs,
    limits.confirmTimeoutMs,
    limits.absoluteTimeoutMs,
    plan.target.kind,
    plan.target.name,
    plan.targetPort,
    plan.endpointIdentity,
    ...templateOf(plan, index),
  ];
  const builtFrom = [...settings, keyRing, removed, ownsService(plan, index), ...objectsOf(plan, index)];
  if (before && isSame(before.builtFrom, builtFrom)) return before;
  const backend = {
    key,
    policy,
    sessions: {
      limits,
      ...(maxSessionsPerEndpoint !== undefined && { maxPerEndpoint: maxSessionsPerEndpoint }),
      keyRing,
    },
    ...deriveEndpoints(plan, index, removed ?? []),
  };
  return { backend, builtFrom };
}

/** The Deployment is another object with each update of its status. */
function templateOf({ namespace, target }: ServingPlan, { targets }: ClusterIndex): unknown[] {
  const { containerPorts = [], ordinals } = targets.get(targetKey(namespace, target)) ?? {};
  return [JSON.stringify(containerPorts), ordinals?.start, ordinals?.replicas];
}

/** Returns every object that `deriveEndpoints` reads. Such objects are never modified, only replaced. */
function objectsOf(
  { key, namespace, target }: ServingPlan,
  { slicesByService, podsByTarget, podsByUid, lostNodes }: ClusterIndex,
): unknown[] {
  const pods: (Pod | undefined)[] = [...(podsByTarget.get(targetKey(namespace, target)) ?? [])];
  const slices = slicesByService.get(key) ?? [];
  for (const { endpoints } of slices) for (const { podUid } of endpoints) pods.push(podsByUid.get(podUid ?? ''));
  const onLostNodes = pods.filter((pod) => pod?.node !== undefined && lostNodes.has(pod.node));
  return [...pods, ...slices, onLostNodes.length, ...onLostNodes];
}

const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => item === other[at]);
