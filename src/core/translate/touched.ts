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

/** `all`: the present slices. */
export function findTouched({ pods, slices }: EndpointChanges, all: readonly Slice[]): Touched {
  const changed = [...pods.gone, ...pods.come];
  const byNamespace = collect(changed, ({ namespace, uid }) => [namespace, [uid]]);
  const touched = [...allOf(slices), ...slicesNaming(pods, all)];
  return {
    namespaces: new Set([...byNamespace.keys(), ...touched.map(({ namespace }) => namespace)]),
    byTarget: collect(changed, (pod) => [targetOf(pod), [pod.uid]]),
    byNamespace,
    byService: collect(touched, (slice) => [serviceOf(slice), [...uidsIn(slice)]]),
  };
}

/** A slice may name a pod of another namespace, which shows only while that is known: see `sightings.ts`. */
function slicesNaming({ gone, come }: EndpointChanges['pods'], slices: readonly Slice[]): readonly Slice[] {
  const changed = new Map(come.map(({ uid, namespace }) => [uid, namespace]));
  for (const { uid, namespace } of gone) if (!changed.delete(uid)) changed.set(uid, namespace);
  return changed.size === 0 ? [] : slices.filter((slice) => namesForeign(slice, changed));
}

/** A look at each slice of the cluster that has to be cheap: at the shorter of two lists. */
function namesForeign(slice: Slice, namespaces: ReadonlyMap<string, string>): boolean {
  const uids = uidsIn(slice);
  const shorter = namespaces.size < uids.size ? namespaces.keys() : uids;
  for (const uid of shorter) {
    if (uids.has(uid) && (namespaces.get(uid) ?? slice.namespace) !== slice.namespace) return true;
  }
  return false;
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
