/** Finds the StickyWorkload that a new pod belongs to. At admission the caches may hold neither of them yet. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { labels } from '../../core/names/names.ts';
import type { Clock } from '../../platform/clock.ts';
import { recordOf } from '../../platform/record.ts';
import type { KubeObject, ObjectMeta, ObjectReader } from '../../kube/ports.ts';
import { deployments, replicaSets, statefulSets, stickyWorkloads } from '../../kube/resources.ts';
import type { Caches } from './caches.ts';
import { createClaimWait, oldestClaim, type ClaimTarget, type Unclaimed } from './claim-wait.ts';
import { controllerOf } from './pods.ts';
import { createSharedReads } from './shared-reads.ts';
import type { CacheContents } from './watched.ts';

/** `namespaces`: those that the operator may read; absent: all. */
export type OwnerLookupOptions = { caches: Caches; reader: ObjectReader; clock: Clock; namespaces?: readonly string[] };

/**
 * Returns a function that finds the oldest StickyWorkload that claims the pod's Deployment or StatefulSet.
 * A pod may be created milliseconds after its ReplicaSet and its StickyWorkload: what the caches lack is read live. For a labelled pod
 * the StickyWorkload may follow, and is waited for. Throws AppError if the API server cannot be read.
 */
export function createOwnerLookup({
  caches,
  reader,
  clock,
  namespaces,
}: OwnerLookupOptions): (pod: ObjectMeta) => Promise<StickyWorkload | Unclaimed> {
  const wait = createClaimWait({ caches, clock });
  const workloadsOf = createSharedReads(async (namespace) => {
    const { items } = await reader.list(stickyWorkloads, { namespace });
    return items as CacheContents['workloads'][];
  }, clock);

  async function targetOf(pod: ObjectMeta): Promise<ClaimTarget | undefined> {
    const namespace = pod.namespace ?? '';
    const owner = controllerOf(pod);
    if (owner?.kind !== 'ReplicaSet') return owner && { namespace, ...owner };
    const ref = { namespace, name: owner.name };
    const replicaSet = caches.get('replicaSets', ref) ?? (await reader.get(replicaSets, ref));
    const controller = replicaSet && controllerOf(replicaSet.metadata);
    return controller && { namespace, ...controller };
  }

  /**
   * Whether it exists and labels its pods. Anyone can send the webhook a pod with an invented owner, and there is room for a bounded number
   * of targets, so neither the pod's label nor its owner reference is enough.
   */
  async function isLabelled({ namespace, kind, name }: ClaimTarget): Promise<boolean> {
    const resource = [deployments, statefulSets].find((one) => one.kind === kind);
    const target = resource && (await reader.get(resource, { namespace, name }));
    return target !== undefined && templateLabels(target)[labels.inject] === 'true';
  }

  const isServed = (namespace = ''): boolean => namespaces?.includes(namespace) ?? true;

  return async (pod) => {
    if (!isServed(pod.namespace)) return 'NotSticky';
    const target = await targetOf(pod);
    if (!target) return 'NotSticky';
    const cached = oldestClaim(caches.list('workloads'), target);
    if (cached) return cached;
    const claim = oldestClaim(await workloadsOf(target.namespace), target);
    if (claim) return claim;
    const mayWait = pod.labels?.[labels.inject] === 'true' && (wait.isAwaited(target) || (await isLabelled(target)));
    return mayWait ? wait.untilClaimed(target) : 'NotSticky';
  };
}

const templateLabels = ({ spec }: KubeObject): Record<string, unknown> =>
  recordOf(recordOf(recordOf(recordOf(spec)['template'])['metadata'])['labels']);
