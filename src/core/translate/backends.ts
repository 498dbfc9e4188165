/** The backend of each StickyWorkload: its keys, its limits, and the pods behind it. */
import type { ServingPlan } from '../resolve/plan.ts';
import { targetKey } from '../names/names.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Backend } from '../../wire/routing-table.ts';
import { deriveEndpoints } from './endpoints.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';

/** A backend with all that it was made of: from the same again the same comes, and it need not be made again. */
export type BuiltBackend = { backend: Backend; madeOf: readonly unknown[] };

export type BackendSources = Pick<Snapshot, 'keyRings' | 'removedEndpoints'> & { index: ClusterIndex };

/** `before`: what was built of an earlier world. It saves work and changes no result. */
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

/** Without keys no token can be signed or read: every request would begin a session that nothing holds. */
function buildBackend(
  plan: ServingPlan,
  { keyRings, removedEndpoints, index }: BackendSources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const { key, limits, policy, maxSessionsPerEndpoint } = plan;
  const keyRing = keyRings[key];
  if (keyRing === undefined) return undefined;
  const gone = removedEndpoints[key];
  const settings = [
    policy,
    maxSessionsPerEndpoint,
    limits.idleTimeoutMs,
    limits.absoluteTimeoutMs,
    plan.target.kind,
    plan.target.name,
    plan.targetPort,
  ];
  const madeOf = [...settings, keyRing, gone, ownsService(plan, index), ...worldOf(plan, index)];
  if (before && isSame(before.madeOf, madeOf)) return before;
  const endpoints = deriveEndpoints(plan, index, new Set((gone ?? []).map(({ uid }) => uid)));
  const backend = {
    key,
    limits,
    policy,
    ...(maxSessionsPerEndpoint !== undefined && { maxSessionsPerEndpoint }),
    keyRing,
    endpoints,
    removedEndpoints: gone ?? [],
  };
  return { backend, madeOf };
}

/** Every object of the world that `deriveEndpoints` looks at. Such objects are never modified, only replaced. */
function worldOf(
  { key, namespace, target }: ServingPlan,
  { slicesByService, podsByTarget, podsByUid }: ClusterIndex,
): unknown[] {
  const seen: unknown[] = [...(podsByTarget.get(targetKey(namespace, target)) ?? [])];
  for (const slice of slicesByService.get(key) ?? []) {
    seen.push(slice);
    for (const { podUid } of slice.endpoints) seen.push(podsByUid.get(podUid));
  }
  return seen;
}

const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => item === other[at]);
