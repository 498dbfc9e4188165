/** What the EndpointSlices of a Service say about each pod. */
import type { Slice } from '../snapshot/snapshot.ts';

/** A pod as all slices of the Service describe it: a slice that is being rebalanced may have an older copy. */
export type Sighting = {
  podName: string;
  address: string;
  port: number | undefined;
  isServing: boolean;
  terminating: boolean;
};

/** By pod UID. */
export function mergeSightings(slices: Slice[]): Map<string, Sighting> {
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
