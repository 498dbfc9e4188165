/** Backends of Services without sessions: the endpoints of their EndpointSlices, pods or not. */
import type { PlainTarget } from '../route/resolve-refs.ts';
import { endpointId } from '../session/token.ts';
import type { Slice } from '../snapshot/snapshot.ts';
import type { Backend, Endpoint } from '../../wire/routing-table.ts';
import type { BuiltBackend } from './backends.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { sightEndpoints, type Sighting } from './sightings.ts';

/** `before`: the backends of an earlier translation. They save work and do not change the result. */
export function buildPlainBackends(
  targets: Iterable<PlainTarget>,
  { slicesByService }: Pick<ClusterIndex, 'slicesByService'>,
  before: ReadonlyMap<string, BuiltBackend>,
): Map<string, BuiltBackend> {
  const built = new Map<string, BuiltBackend>();
  for (const target of targets) {
    if (built.has(target.key)) continue;
    const slices = slicesByService.get(target.service) ?? [];
    const builtFrom = [target.portName, ...slices];
    const known = before.get(target.key);
    const isKnown =
      known?.builtFrom.length === builtFrom.length && builtFrom.every((item, at) => item === known.builtFrom[at]);
    built.set(target.key, isKnown ? known : { backend: buildBackend(target, slices), builtFrom });
  }
  return built;
}

function buildBackend({ key, portName }: PlainTarget, slices: readonly Slice[]): Backend {
  const sightings = [...sightEndpoints(slices, portName)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const isAnyReady = sightings.some(([, sighting]) => isAccepting(sighting));
  const endpoints = sightings.flatMap(([uid, sighting]) => buildEndpoint(uid, sighting, isAnyReady));
  return { key, policy: 'LeastRequests', endpoints, removedEndpoints: [] };
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
