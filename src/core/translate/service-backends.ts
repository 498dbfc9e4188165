/** Backends of Services without a StickyWorkload: the endpoints of their EndpointSlices, pods or not. */
import { endpointId } from '../session/token.ts';
import type { Backend, Endpoint } from '../../wire/routing-table.ts';
import { buildFrom, type BuiltBackend, type ServiceBackend } from './built-backend.ts';
import type { Derived } from './endpoints.ts';
import { replaceEndpoints } from './replace-endpoints.ts';
import { touchedUids, type Touched } from './touched.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { buildSessions, readSessions, type RingSources, type SessionSource } from './session-sources.ts';
import { sightEndpoints, type Sighted, type Sighting } from './sightings.ts';

type Sources = RingSources & {
  index: Pick<ClusterIndex, 'slicesByService' | 'podsByUid'>;
  touched: Touched | undefined;
};

/** `before`: the backends of an earlier translation. They save work and do not change the result. */
export function buildServiceBackends(
  backends: Iterable<ServiceBackend>,
  sources: Sources,
  before: ReadonlyMap<string, BuiltBackend>,
): Map<string, BuiltBackend> {
  const built = new Map<string, BuiltBackend>();
  for (const one of backends) {
    if (built.has(one.key)) continue;
    const backend = buildServiceBackend(one, sources, before.get(one.key));
    if (backend) built.set(one.key, backend);
  }
  return built;
}

/** Without keys a session backend is left out, as that of a StickyWorkload is. */
export function buildServiceBackend(
  one: ServiceBackend,
  sources: Sources,
  before: BuiltBackend | undefined,
): BuiltBackend | undefined {
  const { key, target, sessions: source } = one;
  const { service, port, protocol } = target;
  const from = source ? readSessions(source, sources) : [];
  if (from === undefined) return undefined;
  const { slicesByService, podsByUid: pods } = sources.index;
  const found = { slices: slicesByService.get(service) ?? [], pods, portName: port.name };
  const steps = {
    of: one,
    builtFrom: [service, port.name, protocol, ...from],
    touched: () => sources.touched && touchedUids(sources.touched, { service, slices: found.slices }),
    derive: () => findEndpoints(found),
    update: (known: Derived, uids: ReadonlySet<string>) => updateEndpoints(known, uids, found),
    head: () => ({
      key,
      ...(source ? sessionsOf(source, sources) : { policy: 'LeastRequests' as const }),
      ...(protocol && { protocol }),
    }),
  };
  return buildFrom(steps, before);
}

function sessionsOf(source: SessionSource, rings: RingSources): Pick<Backend, 'policy' | 'sessions'> {
  const sessions = buildSessions(source, rings);
  return { policy: source.policy, ...(sessions && { sessions }) };
}

type Found = Sighted & { portName: string };

function findEndpoints(found: Found): Derived {
  const sightings = [...sightEndpoints(found, found.portName)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const isAnyReady = sightings.some(([, sighting]) => isAccepting(sighting));
  return {
    endpoints: sightings.flatMap(([uid, sighting]) => buildEndpoint(uid, sighting, isAnyReady)),
    removedEndpoints: [],
    exited: [],
    removed: [],
    isAnyReady,
  };
}

/** The same after a change of these endpoints: costs what changed, unless the first becomes ready or the last stops to be. */
function updateEndpoints(before: Derived, uids: ReadonlySet<string>, found: Found): Derived {
  if (!before.isAnyReady) return findEndpoints(found);
  const changes = new Map<string, Endpoint | undefined>([...uids].map((uid) => [uid, undefined]));
  for (const [uid, sighting] of sightEndpoints(found, found.portName, uids)) {
    changes.set(uid, buildEndpoint(uid, sighting, true)[0]);
  }
  const endpoints = replaceEndpoints(before.endpoints, changes);
  return endpoints.some(({ state }) => state === 'Accepting') ? { ...before, endpoints } : findEndpoints(found);
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
