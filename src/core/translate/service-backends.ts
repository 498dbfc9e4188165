/** Backends of Services without a StickyWorkload: the endpoints of their EndpointSlices, pods or not. */
import type { ServingPlan } from '../resolve/plan.ts';
import type { ServiceTarget } from '../route/resolve-refs.ts';
import { endpointId } from '../session/token.ts';
import type { Slice, Snapshot } from '../snapshot/snapshot.ts';
import type { Backend, Endpoint } from '../../wire/routing-table.ts';
import { buildSessions, isSame, limitsOf, type BuiltBackend } from './backends.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { sightEndpoints, type Sighting } from './sightings.ts';

/** `sessions`: the StickyWorkload whose limits and keys its sessions have, in a rule that keeps sessions on its other backends. */
export type ServiceBackend = { key: string; target: ServiceTarget; sessions?: ServingPlan };

type Sources = Pick<Snapshot, 'keyRings'> & { index: Pick<ClusterIndex, 'slicesByService'> };

/** `before`: the backends of an earlier translation. They save work and do not change the result. */
export function buildServiceBackends(
  backends: Iterable<ServiceBackend>,
  sources: Sources,
  before: ReadonlyMap<string, BuiltBackend>,
): Map<string, BuiltBackend> {
  const built = new Map<string, BuiltBackend>();
  for (const one of backends) {
    if (built.has(one.key)) continue;
    const backend = buildBackend(one, sources, before.get(one.key));
    if (backend) built.set(one.key, backend);
  }
  return built;
}

/** Without keys a session backend is left out, as that of a StickyWorkload is. */
function buildBackend(
  { key, target, sessions }: ServiceBackend,
  { keyRings, index }: Sources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const keyRing = sessions && keyRings[sessions.key];
  if (sessions && !keyRing) return undefined;
  const slices = index.slicesByService.get(target.service) ?? [];
  const builtFrom = [target.port.name, keyRing, ...(sessions ? limitsOf(sessions) : []), ...slices];
  if (before && isSame(before.builtFrom, builtFrom)) return before;
  const backend: Backend = {
    key,
    policy: sessions?.policy ?? 'LeastRequests',
    ...(sessions && keyRing && { sessions: buildSessions(sessions, keyRing) }),
    endpoints: findEndpoints(slices, target.port.name),
    removedEndpoints: [],
  };
  return { backend, builtFrom };
}

function findEndpoints(slices: readonly Slice[], portName: string): Endpoint[] {
  const sightings = [...sightEndpoints(slices, portName)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const isAnyReady = sightings.some(([, sighting]) => isAccepting(sighting));
  return sightings.flatMap(([uid, sighting]) => buildEndpoint(uid, sighting, isAnyReady));
}

const buildEndpoint = (uid: string, sighting: Sighting, isAnyReady: boolean): Endpoint[] => {
  const { podName, address, port } = sighting;
  if (port === undefined) return [];
  return [{ uid, id: endpointId(uid), pod: podName, address, port, ...judgeState(sighting, isAnyReady) }];
};

/** As kube-proxy does: terminating endpoints that still serve get requests only while no other is ready. */
function judgeState(sighting: Sighting, isAnyReady: boolean): Pick<Endpoint, 'state' | 'reason'> {
  const isLastResort = !isAnyReady && sighting.terminating && sighting.isServing;
  if (isAccepting(sighting) || isLastResort) return { state: 'Accepting' };
  return sighting.terminating ? { state: 'Draining', reason: 'PodTerminating' } : { state: 'Pending' };
}

/** `isReady` is true for every pod of a Service with publishNotReadyAddresses, as its owner wants. */
const isAccepting = ({ isReady, terminating }: Sighting): boolean => isReady && !terminating;
