/** How large the ReplicaSets of a Deployment become: the arithmetic of kube-controller-manager's deployment controller. Pure. */
import { resolveCount } from '../int-or-percent.ts';
import type { Deployment, ReplicaSet } from '../objects.ts';
import { byAge } from '../objects.ts';

export type ReplicaSets = { newest: ReplicaSet; old: readonly ReplicaSet[] };
/** New sizes by name; those that stay are left out. */
export type Sizes = ReadonlyMap<string, number>;

export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

export const sizeOf = ({ spec }: ReplicaSet | Deployment): number => spec.replicas ?? 1;
const total = (replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number): number =>
  replicaSets.reduce((sum, replicaSet) => sum + count(replicaSet), 0);
/** A ReplicaSet that was just made smaller may not have updated its status: its surplus is on its way out, and must not be counted on. */
const availableOf = (replicaSet: ReplicaSet): number =>
  Math.min(replicaSet.status?.availableReplicas ?? 0, sizeOf(replicaSet));
export const isRollingUpdate = ({ spec }: Deployment): boolean =>
  (spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
export const active = (replicaSets: readonly ReplicaSet[]): ReplicaSet[] =>
  replicaSets.filter((replicaSet) => sizeOf(replicaSet) > 0);

/** Surge is rounded up and unavailability down. Both 0 would stand still for ever: then one may be unavailable. */
export function rolloutLimits(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  const replicas = sizeOf(deployment);
  if (!isRollingUpdate(deployment)) return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = resolveCount(maxSurge, replicas, 'up');
  const unavailable = resolveCount(maxUnavailable, replicas, 'down');
  return { maxSurge: surge, maxUnavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

/** The size of the newest ReplicaSet after the next step. */
export function newestSize(deployment: Deployment, newestNow: number, allNow: number): number {
  const wanted = sizeOf(deployment);
  if (newestNow >= wanted || !isRollingUpdate(deployment)) return wanted;
  const room = wanted + rolloutLimits(deployment).maxSurge - allNow;
  return room <= 0 ? newestNow : newestNow + Math.min(room, wanted - newestNow);
}

/** One step of a rolling update: the newest grows; where it cannot, the old ones shrink as far as enough pods stay available. */
export function rollingSizes(deployment: Deployment, { newest, old }: ReplicaSets): Sizes {
  const all = [newest, ...old];
  const grown = newestSize(deployment, sizeOf(newest), total(all, sizeOf));
  if (grown !== sizeOf(newest)) return new Map([[newest.metadata.name, grown]]);

  const minAvailable = sizeOf(deployment) - rolloutLimits(deployment).maxUnavailable;
  const newestUnavailable = sizeOf(newest) - availableOf(newest);
  const removable = total(all, sizeOf) - minAvailable - newestUnavailable;
  if (removable <= 0) return new Map();
  const oldest = old.toSorted(byAge);
  // First the pods that serve nobody anyway; what remains of the budget then goes by what is really available.
  const sizes = shrink(oldest, removable, (replicaSet) => sizeOf(replicaSet) - availableOf(replicaSet));
  const spare = total(all, availableOf) - minAvailable;
  const left = oldest.map((replicaSet) => {
    const replicas = sizes.get(replicaSet.metadata.name) ?? sizeOf(replicaSet);
    return { ...replicaSet, spec: { ...replicaSet.spec, replicas } };
  });
  return new Map([...sizes, ...shrink(left, spare, sizeOf)]);
}

function shrink(
  replicaSets: readonly ReplicaSet[],
  budget: number,
  removableFrom: (replicaSet: ReplicaSet) => number,
): Map<string, number> {
  const sizes = new Map<string, number>();
  let left = budget;
  for (const replicaSet of active(replicaSets)) {
    const removed = Math.min(left, removableFrom(replicaSet));
    if (removed <= 0) continue;
    sizes.set(replicaSet.metadata.name, sizeOf(replicaSet) - removed);
    left -= removed;
  }
  return sizes;
}

/** Whether the Deployment was resized since its ReplicaSets were last: the annotation remembers what it was. */
export const wasResized = (deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean =>
  active(replicaSets).some(({ metadata }) => {
    const before = metadata.annotations?.[desiredReplicasAnnotation];
    return before !== undefined && Number(before) !== sizeOf(deployment);
  });

/** A change of size in the middle of a rollout, or while paused: the ReplicaSets share it in proportion to their sizes. */
export function resizedSizes(
  deployment: Deployment,
  newest: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Sizes {
  const all = newest === undefined ? old : [newest, ...old];
  const alone = onlyActive(newest, all);
  if (alone !== undefined) return new Map([[alone.metadata.name, sizeOf(deployment)]]);
  if (newest !== undefined && isSaturated(deployment, newest)) {
    return new Map(active(old).map(({ metadata }) => [metadata.name, 0]));
  }
  return isRollingUpdate(deployment) ? proportionalSizes(deployment, active(all)) : new Map();
}

/** The one ReplicaSet that has a size; where none has, the newest; undefined where several have. */
function onlyActive(newest: ReplicaSet | undefined, all: readonly ReplicaSet[]): ReplicaSet | undefined {
  const [first, ...more] = active(all);
  if (first === undefined) return newest ?? all.toSorted(byAge).at(-1);
  return more.length === 0 ? first : undefined;
}

const isSaturated = (deployment: Deployment, newest: ReplicaSet): boolean =>
  sizeOf(newest) === sizeOf(deployment) &&
  Number(newest.metadata.annotations?.[desiredReplicasAnnotation]) === sizeOf(deployment) &&
  availableOf(newest) === sizeOf(deployment);

function proportionalSizes(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Sizes {
  const allowed = sizeOf(deployment) === 0 ? 0 : sizeOf(deployment) + rolloutLimits(deployment).maxSurge;
  const toAdd = allowed - total(replicaSets, sizeOf);
  if (toAdd === 0) return new Map();
  const younger = (a: ReplicaSet, b: ReplicaSet): number => (toAdd > 0 ? byAge(b, a) : byAge(a, b));
  const largestFirst = replicaSets.toSorted((a, b) => sizeOf(b) - sizeOf(a) || younger(a, b));
  const sizes = new Map<string, number>();
  let added = 0;
  for (const replicaSet of largestFirst) {
    const share = shareOf(deployment, replicaSet);
    const part = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    sizes.set(replicaSet.metadata.name, sizeOf(replicaSet) + part);
    added += part;
  }
  const [largest] = largestFirst;
  // What rounding left over goes to the largest.
  if (largest !== undefined) {
    sizes.set(largest.metadata.name, Math.max(0, (sizes.get(largest.metadata.name) ?? 0) + toAdd - added));
  }
  return sizes;
}

function shareOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  if (sizeOf(deployment) === 0) return -sizeOf(replicaSet);
  const maxBefore =
    Number(replicaSet.metadata.annotations?.[maxReplicasAnnotation] ?? 0) || (deployment.status?.replicas ?? 0);
  if (maxBefore === 0) return 0;
  const max = sizeOf(deployment) + rolloutLimits(deployment).maxSurge;
  return Math.round((sizeOf(replicaSet) * max) / maxBefore) - sizeOf(replicaSet);
}
