/**
 * Pods and EndpointSlices by what backends look them up with. They change far more often than configuration, so the index of one cluster state
 * is made from that of the state before: it costs what changed, and groups without a change stay the same lists.
 */
import { compareSorted } from '../../wire/compare-sorted.ts';
import { targetKey } from '../names/names.ts';
import type { Pod, Slice, Snapshot } from '../snapshot/snapshot.ts';
import { SharedMap } from './shared-map.ts';
import { sliceXBackends } from './x-backend-slices.ts';

export type EndpointIndex = {
  podsByUid: SharedMap<Pod>;
  /** By `targetKey` of the end of their controller chains. */
  podsByTarget: SharedMap<Pod[]>;
  /** By `namespace/name` of the Service, or by the key of the XBackend. */
  slicesByService: SharedMap<Slice[]>;
};

type Lists = Pick<Snapshot, 'pods' | 'slices' | 'xBackends'>;

/** What differs between two lists: an object that was replaced is in both. */
export type Difference<T> = { gone: T[]; come: T[] };
export type EndpointChanges = { pods: Difference<Pod>; slices: Difference<Slice> };

export function compareLists(before: Lists, after: Lists): EndpointChanges {
  const pods = difference(before.pods, after.pods);
  const slices = difference(before.slices, after.slices);
  const isSame = before.xBackends === after.xBackends;
  slices.gone.push(...sliceXBackends(before.xBackends ?? [], isSame ? pods.gone : before.pods));
  slices.come.push(...sliceXBackends(after.xBackends ?? [], isSame ? pods.come : after.pods));
  return { pods, slices };
}

export const indexEndpoints = ({ pods, slices, xBackends = [] }: Lists): EndpointIndex => ({
  podsByUid: SharedMap.from(pods.map((pod) => [pod.uid, pod])),
  podsByTarget: SharedMap.from(groupBy(pods, targetOf)),
  slicesByService: SharedMap.from(groupBy([...slices, ...sliceXBackends(xBackends, pods)], serviceOf)),
});

export function changeIndex(before: EndpointIndex, { pods, slices }: EndpointChanges): EndpointIndex {
  const uids = new Map<string, Pod | undefined>(pods.gone.map(({ uid }) => [uid, undefined]));
  for (const pod of pods.come) uids.set(pod.uid, pod);
  return {
    podsByUid: before.podsByUid.with(uids),
    podsByTarget: regroup(before.podsByTarget, pods, targetOf),
    slicesByService: regroup(before.slicesByService, slices, serviceOf),
  };
}

/** Undefined for a pod without a controller. */
export const targetOf = ({ namespace, controller }: Pod): string | undefined =>
  controller && targetKey(namespace, controller);

export const serviceOf = ({ namespace, service }: Slice): string => `${namespace}/${service}`;

type Named = { namespace: string; name: string };

/** Lists of a snapshot are sorted by namespace and name. */
const nameOf = ({ namespace, name }: Named): string => `${namespace}/${name}`;

function difference<T extends Named>(before: readonly T[], after: readonly T[]): Difference<T> {
  const found: Difference<T> = { gone: [], come: [] };
  compareSorted<T>(before, after, nameOf, {
    gone: (item) => void found.gone.push(item),
    come: (item) => void found.come.push(item),
  });
  return found;
}

type KeyOf<T> = (item: T) => string | undefined;

function groupBy<T>(items: readonly T[], keyOf: KeyOf<T>): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function regroup<T extends Named>(groups: SharedMap<T[]>, { gone, come }: Difference<T>, keyOf: KeyOf<T>) {
  const [leaving, joining] = [groupBy(gone, keyOf), groupBy(come, keyOf)];
  const changed = new Map<string, T[] | undefined>();
  for (const key of [...leaving.keys(), ...joining.keys()]) {
    const group = [...(groups.get(key) ?? [])];
    for (const item of leaving.get(key) ?? []) removeFrom(group, item);
    for (const item of joining.get(key) ?? []) group.splice(placeOf(item, group), 0, item);
    changed.set(key, group.length === 0 ? undefined : group);
  }
  return groups.with(changed);
}

function removeFrom<T extends Named>(list: T[], item: T): void {
  const place = placeOf(item, list);
  const at = list[place] === item ? place : list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

/** Where an item is in a sorted list, or is to be inserted. */
function placeOf(item: Named, list: readonly Named[]): number {
  const name = nameOf(item);
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const other = list[middle];
    if (other && nameOf(other) < name) from = middle + 1;
    else to = middle;
  }
  return from;
}
