/** Finds the StickyWorkload that a new pod belongs to. At admission the caches may hold neither of them yet. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { bySeniority } from '../../core/resolve/workload-index.ts';
import { labels } from '../../core/names/names.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ObjectMeta, ObjectReader } from '../../kube/ports.ts';
import { replicaSets, stickyWorkloads } from '../../kube/resources.ts';
import type { Caches } from './caches.ts';
import { controllerOf } from './pods.ts';
import type { CacheContents } from './watched.ts';

type Target = { kind: string; name: string };

export type OwnerLookupOptions = { caches: Caches; reader: ObjectReader; clock: Clock };

/**
 * Helm and Argo CD apply a Deployment before a custom resource. The webhook's own timeout for labelled pods is 10 s. Each request that waits
 * occupies one of the (by default 200) mutating requests that the API server handles at a time, so their number is bounded.
 */
const patienceMs = 7000;
const maxWaiting = 20;

/**
 * Returns a function that finds the oldest StickyWorkload that claims the pod's Deployment or StatefulSet, or undefined.
 * A pod may be created milliseconds after its ReplicaSet and its StickyWorkload: what the caches lack is read live. For a labelled pod
 * the StickyWorkload may follow, and is waited for. Throws AppError if the API server cannot be read.
 */
export function createOwnerLookup({
  caches,
  reader,
  clock,
}: OwnerLookupOptions): (pod: ObjectMeta) => Promise<StickyWorkload | undefined> {
  let waiting = 0;

  async function targetOf(namespace: string, owner: Target | undefined): Promise<Target | undefined> {
    if (owner?.kind !== 'ReplicaSet') return owner;
    const ref = { namespace, name: owner.name };
    const replicaSet = caches.get('replicaSets', ref) ?? (await reader.get(replicaSets, ref));
    return replicaSet && controllerOf(replicaSet.metadata);
  }

  /** Resolves with the first StickyWorkload that claims the target, or with undefined. */
  function untilClaimed(namespace: string, target: Target): Promise<StickyWorkload | undefined> {
    if (waiting >= maxWaiting) return Promise.resolve(undefined);
    waiting += 1;
    return new Promise((resolve) => {
      const end = (claim: StickyWorkload | undefined) => {
        waiting -= 1;
        cancel();
        unsubscribe();
        resolve(claim);
      };
      const check = () => {
        const claim = oldestClaim(caches.list('workloads'), namespace, target);
        if (claim) end(claim);
      };
      const cancel = clock.after(patienceMs, () => {
        end(undefined);
      });
      const unsubscribe = caches.onChange((name) => {
        if (name === 'workloads') check();
      });
      // It may have arrived during the live read.
      check();
    });
  }

  return async (pod) => {
    const namespace = pod.namespace ?? '';
    const target = await targetOf(namespace, controllerOf(pod));
    if (!target) return undefined;
    const cached = oldestClaim(caches.list('workloads'), namespace, target);
    if (cached) return cached;
    const { items } = await reader.list(stickyWorkloads, { fieldSelector: `metadata.namespace=${namespace}` });
    const claim = oldestClaim(items as CacheContents['workloads'][], namespace, target);
    return claim ?? (pod.labels?.[labels.inject] === 'true' ? untilClaimed(namespace, target) : undefined);
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
