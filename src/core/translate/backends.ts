/** The backend of each StickyWorkload: its keys, its limits, and its pods. */
import type { ServingPlan } from '../resolve/plan.ts';
import { targetKey } from '../names/names.ts';
import type { Pod, Slice, Snapshot } from '../snapshot/snapshot.ts';
import type { Backend } from '../../wire/routing-table.ts';
import { deriveEndpoints } from './endpoints.ts';
import type { Reach } from './reach.ts';
import { buildSessions, readSessions, type RingSources, type SessionSource } from './session-sources.ts';
import type { ClusterIndex } from './cluster-index.ts';

/** A backend with everything that it was built from: as long as that is the same, it is not built again. */
export type BuiltBackend = { backend: Backend; builtFrom: readonly unknown[] };

export type BackendSources = RingSources & Pick<Snapshot, 'removedPods'> & { index: ClusterIndex };

/** `key`: that of the StickyWorkload, or of a Service in a rule of a route. */
export type HeldBackend = { key: string; plan: ServingPlan; reach: Reach; sessions: SessionSource };

/** `before`: the backends of an earlier translation. They save work and do not change the result. */
export function buildBackends(
  held: Iterable<HeldBackend>,
  sources: BackendSources,
  before: ReadonlyMap<string, BuiltBackend>,
): Map<string, BuiltBackend> {
  const built = new Map<string, BuiltBackend>();
  for (const one of held) {
    const backend = buildBackend(one, sources, before.get(one.key));
    if (backend) built.set(one.key, backend);
  }
  return built;
}

/** Without keys no token can be signed or verified: every request would start a session that nothing holds. */
function buildBackend(
  { key, plan, reach, sessions: source }: HeldBackend,
  sources: BackendSources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const { removedPods, index } = sources;
  const from = readSessions(source, sources);
  if (from === undefined) return undefined;
  const { target, targetPort, endpointIdentity } = plan;
  const removed = removedPods[plan.key];
  const { port, slices } = reach;
  const settings = [target.kind, target.name, targetPort, endpointIdentity, port?.name, port?.targetPort];
  const builtFrom = [...settings, ...from, removed, ...templateOf(plan, index), ...objectsOf(plan, slices, index)];
  if (before && isSame(before.builtFrom, builtFrom)) return before;
  const sessions = buildSessions(source, sources);
  const endpoints = deriveEndpoints(plan, reach, { index, removed: removed ?? [] });
  return { backend: { key, policy: source.policy, ...(sessions && { sessions }), ...endpoints }, builtFrom };
}

/** The Deployment is another object with each update of its status. */
function templateOf({ namespace, target }: ServingPlan, { targets }: ClusterIndex): unknown[] {
  const { containerPorts = [], ordinals } = targets.get(targetKey(namespace, target)) ?? {};
  return [JSON.stringify(containerPorts), ordinals?.start, ordinals?.replicas];
}

/** Returns every object that `deriveEndpoints` reads. Such objects are never modified, only replaced. */
function objectsOf(
  { namespace, target }: ServingPlan,
  slices: readonly Slice[],
  { podsByTarget, podsByUid, lostNodes }: ClusterIndex,
): unknown[] {
  const pods: (Pod | undefined)[] = [...(podsByTarget.get(targetKey(namespace, target)) ?? [])];
  for (const { endpoints } of slices) for (const { podUid } of endpoints) pods.push(podsByUid.get(podUid ?? ''));
  const onLostNodes = pods.filter((pod) => pod?.node !== undefined && lostNodes.has(pod.node));
  return [...pods, ...slices, onLostNodes.length, ...onLostNodes];
}

export const isSame = (one: readonly unknown[], other: readonly unknown[]): boolean =>
  one.length === other.length && one.every((item, at) => item === other[at]);
