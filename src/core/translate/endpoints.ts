/**
 * Which pods a backend has, and which of them take new sessions.
 *
 * Two sources, neither complete: EndpointSlices have readiness, but drop a pod as soon as its labels or the Service change, while its
 * sessions continue; the pod list has creation and deletion, but not the Service's view. A pod is tracked by its UID from the first
 * source that lists it to the last.
 *
 * An endpoint is a pod (identity PodUID), or a name of a StatefulSet under which one pod after another runs (PodName): with its volume the
 * next pod has the sessions of the one before, which wait for it.
 */
import { choosePodPort, findExitMs } from '../resolve/pod-port.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import { podNamesOf } from '../resolve/successor.ts';
import { targetKey } from '../names/names.ts';
import { endpointId } from '../session/token.ts';
import { isPodTerminal, type Pod, type RemovedPod, type Target } from '../snapshot/snapshot.ts';
import type { Endpoint, RemovedEndpoint } from '../../wire/routing-table.ts';
import type { ClusterIndex } from './cluster-index.ts';
import { readReach, type Reach, type Reached } from './reach.ts';
import { replaceEndpoints } from './replace-endpoints.ts';
import type { Only, Sighting } from './sightings.ts';

export type Endpoints = { endpoints: Endpoint[]; removedEndpoints: RemovedEndpoint[] };

/**
 * `exited`: pods whose containers have all exited, newest first. `removed`: deleted pods, which a slice may still list. `isAnyReady`: of a Service
 * without a StickyWorkload.
 */
export type Derived = Endpoints & {
  exited: readonly RemovedPod[];
  removed: readonly RemovedPod[];
  isAnyReady?: boolean;
};

type Held = { plan: ServingPlan; reach: Reach };
type Sources = {
  index: Pick<ClusterIndex, 'podsByUid' | 'podsByTarget' | 'targets' | 'lostNodes'>;
  removed: readonly RemovedPod[];
};

/** Returns the endpoints of a StickyWorkload, sorted by pod UID. */
export function deriveEndpoints({ plan, reach }: Held, { index, removed }: Sources): Derived {
  const { found, exited } = findPods(plan, reach, { index, removed });
  const rest = { exited, removed };
  if (plan.endpointIdentity === 'PodUID') {
    return { endpoints: found, removedEndpoints: buryPods([...exited, ...removed], []), ...rest };
  }
  const target = index.targets.get(targetKey(plan.namespace, plan.target));
  // A slice may still list the previous pod of a name.
  const present = new Map(found.map((endpoint) => [endpoint.pod, endpoint]));
  const named = [...present.values()].map((endpoint) => ({
    ...endpoint,
    id: nameId(plan, endpoint.pod),
    alias: endpoint.id,
  }));
  const absent = podNamesOf(target).filter((name) => !present.has(name));
  const living = new Set([...present.keys(), ...absent]);
  return {
    endpoints: [...named, ...absent.map((name) => absentEndpoint(plan, name))],
    removedEndpoints: newestOfEach([...exited, ...removed])
      .filter(({ pod }) => !living.has(pod))
      .map(({ pod, uid, atMs }) => ({ id: nameId(plan, pod), uid, atMs })),
    ...rest,
  };
}

/** The same after a change of these pods: costs what changed. `before`: what was derived from the same plan. */
export function updateEndpoints(before: Derived, uids: ReadonlySet<string>, held: Held, sources: Sources): Derived {
  // Pods of one name depend on each other.
  if (held.plan.endpointIdentity === 'PodName') return deriveEndpoints(held, sources);
  const { removed } = sources;
  const { found, exited: newlyExited } = findPods(held.plan, held.reach, { ...sources, only: uids });
  const changes = new Map<string, Endpoint | undefined>([...uids].map((uid) => [uid, undefined]));
  for (const endpoint of found) changes.set(endpoint.uid, endpoint);
  const isSame = newlyExited.length === 0 && !before.exited.some(({ uid }) => uids.has(uid));
  const exited = isSame
    ? before.exited
    : [...before.exited.filter(({ uid }) => !uids.has(uid)), ...newlyExited].toSorted(newestFirst);
  const isBuried = isSame && removed === before.removed;
  return {
    endpoints: replaceEndpoints(before.endpoints, changes),
    removedEndpoints: isBuried ? before.removedEndpoints : buryPods([...exited, ...removed], before.removedEndpoints),
    exited,
    removed,
  };
}

/** `known`: reused, as an id is a hash. */
function buryPods(gone: readonly RemovedPod[], known: readonly RemovedEndpoint[]): RemovedEndpoint[] {
  const byUid = new Map(known.map((one) => [one.uid, one]));
  return gone.map(({ uid, atMs }) => {
    const before = byUid.get(uid);
    return before?.atMs === atMs ? before : { id: endpointId(uid), uid, atMs };
  });
}

const nameId = ({ namespace }: ServingPlan, pod: string): string => endpointId(`${namespace}/${pod}`);

/** `gone`: newest first. */
function newestOfEach(gone: readonly RemovedPod[]): RemovedPod[] {
  const byName = new Map<string, RemovedPod>();
  for (const one of gone) if (!byName.has(one.pod)) byName.set(one.pod, one);
  return [...byName.values()];
}

/** No pod has this UID: a slash is in none. */
const absentEndpoint = (plan: ServingPlan, pod: string): Endpoint => ({
  uid: `${plan.namespace}/${pod}`,
  id: nameId(plan, pod),
  pod,
  address: '',
  port: 1,
  state: 'Absent',
  reason: 'PodAbsent',
});

type FoundPods = { found: Endpoint[]; exited: RemovedPod[] };

const newestFirst = (one: RemovedPod, other: RemovedPod): number =>
  other.atMs - one.atMs || (one.uid < other.uid ? -1 : 1);

/** `only`: the UIDs of the pods to look for; absent: all. */
function findPods(plan: ServingPlan, reach: Reach, { index, removed, only }: Sources & { only?: Only }): FoundPods {
  const reached = readReach(reach, plan, only);
  const { sightings, selects } = reached;
  const target = targetKey(plan.namespace, plan.target);
  const template = index.targets.get(target)?.containerPorts ?? [];
  const context = { plan, reached, template, lostNodes: index.lostNodes };
  const isRemoved = new Set(removed.map(({ uid }) => uid));
  const result: FoundPods = { found: [], exited: [] };
  const pods = only ? [] : (index.podsByTarget.get(target) ?? []);
  for (const uid of only ?? new Set([...sightings.keys(), ...pods.map((pod) => pod.uid)])) {
    const sources = { uid, pod: index.podsByUid.get(uid), seen: sightings.get(uid) };
    if (isServed(sources, plan, selects) && !isRemoved.has(uid)) addPod(result, sources, context);
  }
  return {
    found: result.found
      .map((endpoint) => withAlias(endpoint, plan))
      .toSorted((one, other) => (one.uid < other.uid ? -1 : 1)),
    exited: result.exited.toSorted(newestFirst),
  };
}

/** The next pod of a StatefulSet's name may have other sessions, but is asked for by the same alias. */
const withAlias = (endpoint: Endpoint, plan: ServingPlan): Endpoint =>
  plan.endpointIdentity === 'PodUID' && plan.target.kind === 'StatefulSet'
    ? { ...endpoint, alias: nameId(plan, endpoint.pod) }
    : endpoint;

/** An unknown pod counts: the slice is merely ahead of the pod list. `selects`: a user's Service decides about the pods that it lists. */
function isServed({ pod, seen }: PodSources, plan: ServingPlan, selects: boolean): boolean {
  return pod === undefined ? seen !== undefined : belongs(pod, plan, selects && seen !== undefined);
}

type PodSources = { uid: string; pod: Pod | undefined; seen: Sighting | undefined };
type PodContext = Pick<ClusterIndex, 'lostNodes'> & {
  plan: ServingPlan;
  reached: Reached;
  template: Target['containerPorts'];
};

function addPod(result: FoundPods, sources: PodSources, { plan, reached, template, lostNodes }: PodContext): void {
  const { uid, pod, seen } = sources;
  const own = pod && choosePodPort(reached.targetPort, template, pod);
  const atMs = pod && findExitMs(pod, own);
  if (pod !== undefined && atMs !== undefined) {
    result.exited.push({ pod: pod.name, uid, atMs });
    return;
  }
  const isNodeLost = losesSessionsWithNode(plan) && lostNodes.has(pod?.node ?? '');
  result.found.push(...buildEndpoint({ ...sources, port: reached.portOf(own?.port, seen), isNodeLost }));
}

/** A pod that happens to match the Service's selector has another controller. `isWanted`: a user's Service selects it. */
const belongs = (pod: Pod, plan: ServingPlan, isWanted: boolean): boolean =>
  !isPodTerminal(pod) && (isWanted || isControlledBy(pod, plan));

const isControlledBy = ({ namespace, controller }: Pod, plan: ServingPlan): boolean =>
  namespace === plan.namespace && controller?.kind === plan.target.kind && controller.name === plan.target.name;

/** The sessions of a name wait for its next pod, wherever that will run. */
const losesSessionsWithNode = ({ endpointIdentity }: ServingPlan): boolean => endpointIdentity === 'PodUID';

type EndpointSources = PodSources & { port: number | undefined; isNodeLost: boolean };

function buildEndpoint({ uid, port, pod, seen, isNodeLost }: EndpointSources): Endpoint[] {
  const address = seen?.address ?? pod?.ip;
  const name = pod?.name ?? seen?.podName;
  if (address === undefined || port === undefined || name === undefined) return [];
  return [
    {
      uid,
      id: endpointId(uid),
      pod: name,
      address,
      port,
      ...judgeState(pod, seen),
      ...(isNodeLost && { nodeLost: true as const }),
    },
  ];
}

function judgeState(pod: Pod | undefined, seen: Sighting | undefined): Pick<Endpoint, 'state' | 'reason'> {
  // Either watch may be ahead: a pod that terminates according to one of them terminates.
  if (pod?.deletion !== undefined || seen?.terminating) return { state: 'Draining', reason: 'PodTerminating' };
  // `ready` alone is true for every pod of a Service with publishNotReadyAddresses.
  return { state: seen?.isReady === true && seen.isServing ? 'Accepting' : 'Pending' };
}
