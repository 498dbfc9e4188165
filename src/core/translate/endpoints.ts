/**
 * Which pods a backend has, and which of them take new sessions.
 *
 * Two sources, neither complete: EndpointSlices know readiness but drop a pod as soon as its labels or the Service change,
 * while sessions live on (research: T23); the pod list knows life and death but not what the Service says. A pod is followed
 * by its UID from the first source that names it to the last.
 */
import type { ServingPlan } from '../resolve/plan.ts';
import { targetKey } from '../names/names.ts';
import { endpointId } from '../session/token.ts';
import { isPodTerminal, type Pod, type Slice } from '../snapshot/snapshot.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';

/** One pod as all slices of the Service together describe it: a slice that is being rebalanced may hold an older copy. */
type Sighting = {
  podName: string;
  address: string;
  port: number | undefined;
  isServing: boolean;
  terminating: boolean;
};

/** Endpoints of a StickyWorkload, by pod UID. `removed`: UIDs of pods known to be gone, although a slice may still list them. */
export function deriveEndpoints(plan: ServingPlan, index: ClusterIndex, removed: ReadonlySet<string>): Endpoint[] {
  // Slices of a stranger's Service say nothing.
  const slices = ownsService(plan, index) ? (index.slicesByService.get(plan.key) ?? []) : [];
  const sightings = mergeSightings(slices);
  const pods = index.podsByTarget.get(targetKey(plan.namespace, plan.target)) ?? [];
  const uids = new Set([...sightings.keys(), ...pods.map((pod) => pod.uid)]);
  const servicePort = slices.find(({ port }) => port !== undefined)?.port;
  return [...uids]
    .filter((uid) => !removed.has(uid))
    .toSorted()
    .flatMap((uid) => {
      const pod = index.podsByUid.get(uid);
      if (pod !== undefined && !belongs(pod, plan)) return [];
      const seen = sightings.get(uid);
      const port = seen?.port ?? portOnPod(plan.targetPort, pod) ?? servicePort;
      return buildEndpoint({ uid, port, pod, seen });
    });
}

// A pod that matches the Service's selector by chance has another controller. An unknown pod gets the benefit of the doubt:
// the slice is merely ahead of the pod list.
const belongs = (pod: Pod, { target }: ServingPlan): boolean =>
  pod.controller?.kind === target.kind && pod.controller.name === target.name && !isPodTerminal(pod);

function mergeSightings(slices: Slice[]): Map<string, Sighting> {
  const copies = slices.flatMap(({ port, endpoints }) => endpoints.map((endpoint) => ({ ...endpoint, port })));
  const byPod = Map.groupBy(copies, ({ podUid }) => podUid);
  return new Map(
    [...byPod].flatMap(([uid, [first, ...others]]) =>
      first === undefined ? [] : [[uid, mergeCopies([first, ...others])] as const],
    ),
  );
}

type Copy = Slice['endpoints'][number] & { port: number | undefined };

function mergeCopies(copies: [Copy, ...Copy[]]): Sighting {
  const [{ podName, address }] = copies;
  return {
    podName,
    address,
    port: copies.find(({ port }) => port !== undefined)?.port,
    // `ready` alone is true for every pod of a Service with publishNotReadyAddresses (research: T22).
    isServing: copies.every(({ ready, serving }) => ready && serving),
    // Termination cannot be taken back, so the copy that says so is the newer one.
    terminating: copies.some((copy) => copy.terminating),
  };
}

function portOnPod(targetPort: number | string | undefined, pod: Pod | undefined): number | undefined {
  return typeof targetPort === 'string' ? pod?.namedPorts[targetPort] : targetPort;
}

type Known = { uid: string; port: number | undefined; pod: Pod | undefined; seen: Sighting | undefined };

function buildEndpoint({ uid, port, pod, seen }: Known): Endpoint[] {
  const address = seen?.address ?? pod?.ip;
  const name = pod?.name ?? seen?.podName;
  if (address === undefined || port === undefined || name === undefined) return [];
  return [{ uid, id: endpointId(uid), pod: name, address, port, ...judgeState(pod, seen) }];
}

function judgeState(pod: Pod | undefined, seen: Sighting | undefined): Pick<Endpoint, 'state' | 'reason'> {
  // Whichever watch is ahead: a pod that terminates for one of them terminates.
  if (pod?.deletion !== undefined || seen?.terminating) return { state: 'Draining', reason: 'PodTerminating' };
  return { state: seen?.isServing ? 'Accepting' : 'Pending' };
}
