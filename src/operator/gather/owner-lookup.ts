/** Finds the StickyWorkload that a new pod belongs to. At admission the caches may hold neither of them yet. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { bySeniority } from '../../core/resolve/workload-index.ts';
import type { ObjectMeta, ObjectReader } from '../../kube/ports.ts';
import { replicaSets, stickyWorkloads } from '../../kube/resources.ts';
import type { Caches } from './caches.ts';
import { controllerOf } from './pods.ts';
import type { CacheContents } from './watched.ts';

type Target = { kind: string; name: string };

/**
 * Returns a function that finds the oldest StickyWorkload that claims the pod's Deployment or StatefulSet, or undefined.
 * A pod may be created milliseconds after its ReplicaSet and its StickyWorkload: what the caches lack is read live.
 * Throws AppError if the API server cannot be read.
 */
export function createOwnerLookup(
  caches: Caches,
  reader: ObjectReader,
): (pod: ObjectMeta) => Promise<StickyWorkload | undefined> {
  async function targetOf(namespace: string, owner: Target | undefined): Promise<Target | undefined> {
    if (owner?.kind !== 'ReplicaSet') return owner;
    const ref = { namespace, name: owner.name };
    const replicaSet = caches.get('replicaSets', ref) ?? (await reader.get(replicaSets, ref));
    return replicaSet && controllerOf(replicaSet.metadata);
  }

  return async (pod) => {
    const namespace = pod.namespace ?? '';
    const target = await targetOf(namespace, controllerOf(pod));
    if (!target) return undefined;
    const cached = oldestClaim(caches.list('workloads'), namespace, target);
    if (cached) return cached;
    const { items } = await reader.list(stickyWorkloads, { fieldSelector: `metadata.namespace=${namespace}` });
    return oldestClaim(items as CacheContents['workloads'][], namespace, target);
  };
}

function oldestClaim(
  workloads: CacheContents['workloads'][],
  namespace: string,
  target: Target,
): StickyWorkload | undefined {
  return workloads
    .filter(
      ({ metadata, spec }) =>
        metadata.namespace === namespace && spec.targetRef.kind === target.kind && spec.targetRef.name === target.name,
    )
    .toSorted(bySeniority)[0];
}
