/**
 * Pods whose Deployment or StatefulSet no StickyWorkload claims yet, which wait for it at admission: Helm and Argo CD apply a Deployment
 * before a custom resource.
 */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { targetKey } from '../../core/names/names.ts';
import { bySeniority } from '../../core/resolve/workload-index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Caches } from './caches.ts';
import type { CacheContents } from './watched.ts';

export type ClaimTarget = { namespace: string; kind: string; name: string };

/** Why a pod has no StickyWorkload. */
export type Unclaimed = 'NotSticky' | 'TooManyWaiting';

export interface ClaimWait {
  /** Whether a pod of the target waits. */
  isAwaited(target: ClaimTarget): boolean;
  /** Resolves with the first StickyWorkload that claims the target. */
  untilClaimed(target: ClaimTarget): Promise<StickyWorkload | Unclaimed>;
}

/** The webhook's own timeout for labelled pods is 10 s. */
const patienceMs = 7000;
/**
 * Targets, not pods: each pod that waits occupies one of the (by default 200) mutating requests that the API server handles at a time, but
 * the controllers create one pod of a target, then 2, 4 and so on, each time when the ones before are admitted. All pods of a target are
 * released together.
 */
const maxTargets = { perNamespace: 20, total: 100 };

type Waiting = { target: ClaimTarget; pods: Set<(claim: StickyWorkload) => void> };

export function createClaimWait({ caches, clock }: { caches: Caches; clock: Clock }): ClaimWait {
  const waiting = new Map<string, Waiting>();
  caches.onChange((name, { object }) => {
    if (name !== 'workloads') return;
    const { metadata, spec } = object as CacheContents['workloads'];
    const awaited = waiting.get(targetKey(metadata.namespace, spec.targetRef));
    const claim = awaited && oldestClaim(caches.list('workloads'), awaited.target);
    if (claim) for (const resolve of awaited.pods) resolve(claim);
  });

  function isFull({ namespace }: ClaimTarget): boolean {
    const ofNamespace = [...waiting.values()].filter(({ target }) => target.namespace === namespace);
    return waiting.size >= maxTargets.total || ofNamespace.length >= maxTargets.perNamespace;
  }

  function join(target: ClaimTarget): Promise<StickyWorkload | Unclaimed> {
    const key = keyOf(target);
    const { pods } = waiting.get(key) ?? { pods: new Set() };
    waiting.set(key, { target, pods });
    return new Promise((resolve) => {
      const end = (claim: StickyWorkload | Unclaimed) => {
        cancel();
        pods.delete(end);
        if (pods.size === 0) waiting.delete(key);
        resolve(claim);
      };
      const cancel = clock.after(patienceMs, () => {
        end('NotSticky');
      });
      pods.add(end);
    });
  }

  const isAwaited = (target: ClaimTarget) => waiting.has(keyOf(target));
  return {
    isAwaited,
    async untilClaimed(target) {
      // It may have arrived while the caller read the API server.
      const claim = oldestClaim(caches.list('workloads'), target);
      if (claim) return claim;
      return !isAwaited(target) && isFull(target) ? 'TooManyWaiting' : join(target);
    },
  };
}

const keyOf = (target: ClaimTarget): string => targetKey(target.namespace, target);

export function oldestClaim(
  workloads: CacheContents['workloads'][],
  { namespace, kind, name }: ClaimTarget,
): StickyWorkload | undefined {
  return workloads
    .filter(
      ({ metadata, spec }) =>
        metadata.namespace === namespace && spec.targetRef.kind === kind && spec.targetRef.name === name,
    )
    .toSorted(bySeniority)[0];
}
