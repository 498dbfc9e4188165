/**
 * Which pods a backend has, and which of them take new sessions.
 *
 * Two sources, neither complete: EndpointSlices have readiness, but drop a pod as soon as its labels or the Service change, while its
 * sessions continue; the pod list has creation and deletion, but not the Service's view. A pod is tracked by its UID from the first
 * source that lists it to the last.
 */
import type { ServingPlan } from '../resolve/plan.ts';
import { targetKey } from '../names/names.ts';
import { endpointId } from '../session/token.ts';
import { isPodTerminal, type Pod, type Slice } from '../snapshot/snapshot.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import { ownsService, type ClusterIndex } from './cluster-index.ts';

/** A pod as all slices of the Service describe it: a slice that is being rebalanced may have an older copy. */
type Sighting = {
  podName: string;
  address: string;
  port: number | undefined;
  isServing: boolean;
  terminating: boolean;
};

/** Returns the endpoints of a StickyWorkload, sorted by pod UID. `removed`: UIDs of deleted pods, which a slice may still list. */
export function deriveEndpoints(plan: ServingPlan, index: ClusterIndex, removed: ReadonlySet<string>): Endpoint[] {
  // The slices of a Service of another owner do not count.
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
      const isNodeLost = pod?.node !== undefined && index.lostNodes.has(pod.node);
      return buildEndpoint({ uid, port, pod, seen, isNodeLost });
    });
}

// A pod that happens to match the Service's selector has another controller. An unknown pod counts: the slice is merely ahead of the
// pod list.
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
    // `ready` alone is true for every pod of a Service with publishNotReadyAddresses.
    isServing: copies.every(({ ready, serving }) => ready && serving),
    // Termination cannot be undone, so the copy that has it is the newer one.
    terminating: copies.some((copy) => copy.terminating),
  };
}

function portOnPod(targetPort: number | string | undefined, pod: Pod | undefined): number | undefined {
  return typeof targetPort === 'string' ? pod?.namedPorts[targetPort] : targetPort;
}

type EndpointSources = {
  uid: string;
  port: number | undefined;
  pod: Pod | undefined;
  seen: Sighting | undefined;
  isNodeLost: boolean;
};

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
  return { state: seen?.isServing ? 'Accepting' : 'Pending' };
}
