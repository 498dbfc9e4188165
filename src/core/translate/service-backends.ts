/** Backends of Services without a StickyWorkload: the endpoints of their EndpointSlices, pods or not. */
import type { ServiceTarget } from '../route/resolve-refs.ts';
import { endpointId } from '../session/token.ts';
import type { Slice } from '../snapshot/snapshot.ts';
import type { Backend, Endpoint } from '../../wire/routing-table.ts';
import { isSame, type BuiltBackend } from './backends.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { buildSessions, readSessions, type RingSources, type SessionSource } from './session-sources.ts';
import { sightEndpoints, type Sighting } from './sightings.ts';

/** `sessions`: absent for a backend that is balanced without. */
export type ServiceBackend = { key: string; target: ServiceTarget; sessions?: SessionSource };

type Sources = RingSources & { index: Pick<ClusterIndex, 'slicesByService'> };

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
  { key, target, sessions: source }: ServiceBackend,
  sources: Sources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const from = source ? readSessions(source, sources) : [];
  if (from === undefined) return undefined;
  const slices = sources.index.slicesByService.get(target.service) ?? [];
  const builtFrom = [target.port.name, ...from, ...slices];
  if (before && isSame(before.builtFrom, builtFrom)) return before;
  const sessions = source && buildSessions(source, sources);
  const backend: Backend = {
    key,
    policy: source?.policy ?? 'LeastRequests',
    ...(sessions && { sessions }),
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
