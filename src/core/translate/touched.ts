/** Which endpoints of which backends a change of pods and EndpointSlices may concern. It may name too many, but never too few. */
import type { RemovedPod, Slice } from '../snapshot/snapshot.ts';
import { serviceOf, targetOf, type Difference, type EndpointChanges } from './endpoint-index.ts';
import { uidsIn } from './sightings.ts';

export type Touched = {
  /** Of everything below. */
  namespaces: ReadonlySet<string>;
  /** UIDs of changed pods, by `targetKey` of their controllers before and after. */
  byTarget: ReadonlyMap<string, string[]>;
  /** UIDs of changed pods. */
  byNamespace: ReadonlyMap<string, string[]>;
  /** UIDs of the endpoints of changed slices. */
  byService: ReadonlyMap<string, string[]>;
};

export function findTouched({ pods, slices }: EndpointChanges): Touched {
  const changed = [...pods.gone, ...pods.come];
  const byNamespace = collect(changed, ({ namespace, uid }) => [namespace, [uid]]);
  return {
    namespaces: new Set([...byNamespace.keys(), ...allOf(slices).map(({ namespace }) => namespace)]),
    byTarget: collect(changed, (pod) => [targetOf(pod), [pod.uid]]),
    byNamespace,
    byService: collect(allOf(slices), (slice) => [serviceOf(slice), [...uidsIn(slice)]]),
  };
}

const allOf = <T>({ gone, come }: Difference<T>): T[] => [...gone, ...come];

function collect<T>(items: readonly T[], read: (item: T) => [string | undefined, string[]]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const item of items) {
    const [key, uids] = read(item);
    if (key !== undefined) found.set(key, [...(found.get(key) ?? []), ...uids]);
  }
  return found;
}

/** `target`: absent for a backend without a StickyWorkload. `service`: absent if the backend has no slices. */
export type Place = { target?: string; service: string | undefined; slices: readonly Slice[] };

export function touchedUids({ byTarget, byNamespace, byService }: Touched, place: Place): Set<string> {
  const { target, service, slices } = place;
  const uids = new Set(target === undefined ? [] : byTarget.get(target));
  if (service === undefined) return uids;
  for (const uid of byService.get(service) ?? []) uids.add(uid);
  // A slice may list a pod of another target, or one whose controller is not known yet.
  for (const uid of byNamespace.get(service.split('/')[0] ?? '') ?? []) {
    if (slices.some((slice) => uidsIn(slice).has(uid))) uids.add(uid);
  }
  return uids;
}

/** Adds the pods that are in one of the lists only. */
export function addRemoved(
  uids: Set<string>,
  before: readonly RemovedPod[],
  after: readonly RemovedPod[],
): Set<string> {
  if (before === after) return uids;
  const [old, next] = [new Set(before.map(({ uid }) => uid)), new Set(after.map(({ uid }) => uid))];
  for (const uid of [...old, ...next]) if (old.has(uid) !== next.has(uid)) uids.add(uid);
  return uids;
}
