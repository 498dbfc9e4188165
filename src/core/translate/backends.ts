/** The backend of each StickyWorkload: its keys, its limits, and its pods. */
import type { ServingPlan } from '../resolve/plan.ts';
import { targetKey } from '../names/names.ts';
import type { RemovedPod, Snapshot } from '../snapshot/snapshot.ts';
import { buildFrom, type BuiltBackend, type HeldBackend } from './built-backend.ts';
import { deriveEndpoints, updateEndpoints } from './endpoints.ts';
import { firstPort, type Reach } from './reach.ts';
import { buildSessions, readSessions, sourceOf, type RingSources } from './session-sources.ts';
import { usesService, type ClusterIndex } from './cluster-index.ts';
import { addRemoved, touchedUids, type Touched } from './touched.ts';

/** `touched`: what differs from the translation before; absent without one. */
export type BackendSources = RingSources &
  Pick<Snapshot, 'removedPods'> & { index: ClusterIndex; touched: Touched | undefined };

/** The slices of a Service of another owner do not count, unless it selects the pods in place of the StickyWorkload's own. */
export const ownBackend = (one: ServingPlan, index: ClusterIndex): HeldBackend => ({
  key: one.key,
  plan: one,
  ...(one.protocol && { protocol: one.protocol }),
  sessions: sourceOf(one),
  service: usesService(one, index) ? one.key : undefined,
});

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
export function buildBackend(
  held: HeldBackend,
  sources: BackendSources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const { key, plan, protocol, sessions: source } = held;
  const { index, touched } = sources;
  const from = readSessions(source, sources);
  if (from === undefined) return undefined;
  const reach = reachOf(held, index);
  const removed = sources.removedPods[plan.key] ?? none;
  const steps = {
    of: held,
    builtFrom: [...settingsOf(held), ...from, ...templateOf(plan, index), firstPort(reach), index.lostNodes],
    touched: (known: { removed: readonly RemovedPod[] }) =>
      touched && addRemoved(uidsOf(held, reach, touched), known.removed, removed),
    derive: () => deriveEndpoints({ plan, reach }, { index, removed }),
    update: (...known: UpdateFrom) => updateEndpoints(...known, { plan, reach }, { index, removed }),
    head: () => ({ key, policy: source.policy, ...sessionsOf(source, sources), ...(protocol && { protocol }) }),
  };
  return buildFrom(steps, before);
}

const none: RemovedPod[] = [];

type UpdateFrom = [before: Parameters<typeof updateEndpoints>[0], uids: ReadonlySet<string>];

const sessionsOf = (source: HeldBackend['sessions'], rings: RingSources) => {
  const sessions = buildSessions(source, rings);
  return sessions && { sessions };
};

const reachOf = (
  { service, port }: Pick<HeldBackend, 'service' | 'port'>,
  { slicesByService, podsByUid: pods }: Pick<ClusterIndex, 'slicesByService' | 'podsByUid'>,
): Reach => ({ slices: (service !== undefined && slicesByService.get(service)) || [], pods, ...(port && { port }) });

const uidsOf = ({ plan, service }: HeldBackend, { slices }: Reach, touched: Touched): Set<string> =>
  touchedUids(touched, { target: targetKey(plan.namespace, plan.target), service, slices });

const settingsOf = ({ plan, service, port, protocol }: HeldBackend): unknown[] => [
  plan.target.kind,
  plan.target.name,
  plan.targetPort,
  plan.endpointIdentity,
  service,
  port?.name,
  port?.targetPort,
  protocol,
];

/** The Deployment is another object with each update of its status. */
function templateOf({ namespace, target }: ServingPlan, { targets }: ClusterIndex): unknown[] {
  const { containerPorts = [], ordinals } = targets.get(targetKey(namespace, target)) ?? {};
  return [JSON.stringify(containerPorts), ordinals?.start, ordinals?.replicas];
}
