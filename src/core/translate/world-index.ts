/** The lists of a snapshot by the keys that translation looks them up with: one pass instead of one per StickyWorkload. */
import type { ServingPlan } from '../accept/plan.ts';
import type { Owned, Pod, Slice, Snapshot } from '../snapshot/snapshot.ts';

export type WorldIndex = {
  podsByUid: ReadonlyMap<string, Pod>;
  /** By `targetKey`. */
  podsByTarget: ReadonlyMap<string, Pod[]>;
  /** By `namespace/name` of the Service. */
  slicesByService: ReadonlyMap<string, Slice[]>;
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Owned>;
};

export const targetKey = (namespace: string, { kind, name }: { kind: string; name: string }): string => `${namespace}/${kind}/${name}`;

export function indexWorld({ pods, slices, services }: Snapshot): WorldIndex {
  return {
    podsByUid: new Map(pods.map((pod) => [pod.uid, pod])),
    podsByTarget: Map.groupBy(
      pods.filter((pod) => pod.controller !== undefined),
      (pod) => targetKey(pod.namespace, pod.controller ?? { kind: '', name: '' }),
    ),
    slicesByService: Map.groupBy(slices, ({ namespace, service }) => `${namespace}/${service}`),
    services: new Map(services.map((service) => [`${service.namespace}/${service.name}`, service])),
  };
}

/** Whether the Service of this name exists and was made for this very StickyWorkload, not for a namesake or by a stranger. */
export const ownsService = ({ key, uid }: ServingPlan, { services }: WorldIndex): boolean => services.get(key)?.ownerUids.includes(uid) ?? false;
