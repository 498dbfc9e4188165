/** What the EndpointSlices of a Service say about each of its endpoints. */
import type { Pod, Slice, SliceEndpoint } from '../snapshot/snapshot.ts';

/** An endpoint as all slices of the Service describe it. `podName`: of an endpoint that is no pod, its address. */
export type Sighting = {
  podName: string;
  address: string;
  port: number | undefined;
  isReady: boolean;
  isServing: boolean;
  terminating: boolean;
};

/** What one slice says: one that is being rebalanced may have an older copy. `uid`: of the pod, or its address and port. */
type Copy = SliceEndpoint & { uid: string; port: number | undefined };

/** UIDs of endpoints; absent: all. */
export type Only = ReadonlySet<string> | undefined;

/** `pods`: by UID. */
export type Sighted = { slices: readonly Slice[]; pods: { get: (uid: string) => Pod | undefined } };

/** Returns the pods of a Service that has one port, by UID. */
export const sightPods = ({ slices, pods }: Sighted, only?: Only): Map<string, Sighting> =>
  mergeAll(
    slicesWith(only, slices).flatMap(({ namespace, ports, endpoints }) =>
      endpoints.flatMap((endpoint) => {
        const { podUid: uid } = endpoint;
        if (uid === undefined || only?.has(uid) === false || isForeign(pods.get(uid), namespace)) return [];
        return [{ ...endpoint, uid, port: ports[0]?.port }];
      }),
    ),
  );

/** Anyone may write a slice that names the UID of a pod: one of another namespace is not theirs to have endpoints, counts or drains of. */
const isForeign = (pod: Pod | undefined, namespace: string): boolean =>
  pod !== undefined && pod.namespace !== namespace;

/**
 * Returns the endpoints of a Service's port, pods or not, by UID. The slices that have no such port are those of pods that do not declare it. A
 * pod of two address families is one endpoint.
 */
export function sightEndpoints({ slices, pods }: Sighted, portName: string, only?: Only): Map<string, Sighting> {
  const copies = slicesWith(only, slices).flatMap(({ namespace, family, ports, endpoints }) => {
    const port = ports.find(({ name }) => name === portName)?.port;
    if (port === undefined) return [];
    return endpoints.flatMap((endpoint) => {
      const uid = endpoint.podUid ?? socketAddress(endpoint.address, port);
      return only?.has(uid) === false || isForeign(pods.get(uid), namespace)
        ? []
        : [{ ...endpoint, uid, port, family }];
    });
  });
  return mergeAll(copies.toSorted((one, other) => Number(one.family === 'IPv6') - Number(other.family === 'IPv6')));
}

const slicesWith = (only: Only, slices: readonly Slice[]): readonly Slice[] =>
  only === undefined ? slices : slices.filter((slice) => [...only].some((uid) => uidsIn(slice).has(uid)));

/** Slices are replaced, never modified. */
const known = new WeakMap<Slice, ReadonlySet<string>>();

/** Returns every UID that an endpoint of the slice has in some backend. */
export function uidsIn(slice: Slice): ReadonlySet<string> {
  const before = known.get(slice);
  if (before) return before;
  const { ports, endpoints } = slice;
  const uids = new Set(
    endpoints.flatMap(({ podUid, address }) =>
      podUid === undefined ? ports.map(({ port }) => socketAddress(address, port)) : [podUid],
    ),
  );
  known.set(slice, uids);
  return uids;
}

const socketAddress = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const mergeAll = (copies: readonly Copy[]): Map<string, Sighting> =>
  new Map(
    [...Map.groupBy(copies, ({ uid }) => uid)].flatMap(([uid, [first, ...others]]) =>
      first === undefined ? [] : [[uid, mergeCopies([first, ...others])] as const],
    ),
  );

function mergeCopies(copies: [Copy, ...Copy[]]): Sighting {
  const [{ podName, address }] = copies;
  return {
    podName: podName ?? address,
    address,
    port: copies.find(({ port }) => port !== undefined)?.port,
    isReady: copies.every(({ ready }) => ready),
    isServing: copies.every(({ serving }) => serving),
    // Termination cannot be undone, so the copy that has it is the newer one.
    terminating: copies.some((copy) => copy.terminating),
  };
}
