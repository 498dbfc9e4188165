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
import type { Sighting } from './sightings.ts';

export type Endpoints = { endpoints: Endpoint[]; removedEndpoints: RemovedEndpoint[] };

/** Returns the endpoints of a StickyWorkload, sorted by pod UID. `removed`: deleted pods, which a slice may still list. */
export function deriveEndpoints(
  plan: ServingPlan,
  reach: Reach,
  { index, removed }: { index: ClusterIndex; removed: readonly RemovedPod[] },
): Endpoints {
  const { found, exited } = findPods(plan, reach, { index, removed: new Set(removed.map(({ uid }) => uid)) });
  const gone = [...exited, ...removed];
  if (plan.endpointIdentity === 'PodUID') {
    return {
      endpoints:
        plan.target.kind === 'StatefulSet'
          ? found.map((endpoint) => ({ ...endpoint, alias: nameId(plan, endpoint.pod) }))
          : found,
      removedEndpoints: gone.map(({ uid, atMs }) => ({ id: endpointId(uid), uid, atMs })),
    };
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
    removedEndpoints: newestOfEach(gone)
      .filter(({ pod }) => !living.has(pod))
      .map(({ pod, uid, atMs }) => ({ id: nameId(plan, pod), uid, atMs })),
  };
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

function findPods(
  plan: ServingPlan,
  reach: Reach,
  { index, removed }: { index: ClusterIndex; removed: ReadonlySet<string> },
): FoundPods {
  const reached = readReach(reach, plan);
  const { sightings, selects } = reached;
  const target = targetKey(plan.namespace, plan.target);
  const pods = index.podsByTarget.get(target) ?? [];
  const template = index.targets.get(target)?.containerPorts ?? [];
  const context = { plan, reached, template, lostNodes: index.lostNodes };
  const result: FoundPods = { found: [], exited: [] };
  for (const uid of new Set([...sightings.keys(), ...pods.map((pod) => pod.uid)])) {
    const sources = { uid, pod: index.podsByUid.get(uid), seen: sightings.get(uid) };
    const isServed = sources.pod === undefined || belongs(sources.pod, plan, selects && sources.seen !== undefined);
    if (isServed && !removed.has(uid)) addPod(result, sources, context);
  }
  result.found.sort((one, other) => (one.uid < other.uid ? -1 : 1));
  result.exited.sort((one, other) => other.atMs - one.atMs || (one.uid < other.uid ? -1 : 1));
  return result;
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

// A pod that happens to match the Service's selector has another controller. An unknown pod counts: the slice is merely ahead of the
// pod list. `isWanted`: a user's Service selects it, and decides.
const belongs = (pod: Pod, { target }: ServingPlan, isWanted: boolean): boolean =>
  !isPodTerminal(pod) && (isWanted || (pod.controller?.kind === target.kind && pod.controller.name === target.name));

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
