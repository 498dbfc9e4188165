/**
 * Removed pods, kept for as long as a session token may still name them. The session of a removed pod is lost at once; the
 * token of an unknown pod may be newer than the caches and is worth a wait. Each replica records them since its own start.
 */
import type { Pod, RemovedPod } from '../../core/snapshot/snapshot.ts';

/** Per target. 1,000 removed pods are a rollout of a large Deployment; older ones are recognized by the dates in the token. */
const maxPerTarget = 1000;

export interface RemovedPods {
  /** `target`: `namespace/kind/name` at the end of the pod's controller chain. */
  record(target: string, pod: Pick<Pod, 'name' | 'uid'>, nowMs: number): void;
  of(target: string): RemovedPod[];
  /** Forgets those of other targets. */
  keepOnly(targets: ReadonlySet<string>): void;
  /** Another number after each record. */
  version(): number;
}

/** The same object each time: a comparison by identity shows that nothing changed. */
const none: RemovedPod[] = [];

export function createRemovedPods(): RemovedPods {
  const byTarget = new Map<string, RemovedPod[]>();
  let version = 0;
  return {
    record(target, { name, uid }, nowMs) {
      const known = byTarget.get(target) ?? [];
      if (known.some((removed) => removed.uid === uid)) return;
      version += 1;
      byTarget.set(target, [{ pod: name, uid, atMs: nowMs }, ...known].slice(0, maxPerTarget));
    },
    of: (target) => byTarget.get(target) ?? none,
    keepOnly(targets) {
      for (const target of byTarget.keys()) if (!targets.has(target)) byTarget.delete(target);
    },
    version: () => version,
  };
}
