/** Predicates on the state of a pod. */
import { conditionOf } from './conditions.ts';
import type { Pod } from './objects.ts';

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** All containers have terminated and will not be restarted. */
export const isOver = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts as a replica. */
export const isActive = (pod: Pod): boolean => !isTerminating(pod) && !isOver(pod);

/** Since when the pod is ready, in Unix milliseconds; undefined if it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  return ready?.status === 'True' && ready.lastTransitionTime !== undefined
    ? Date.parse(ready.lastTransitionTime)
    : undefined;
}
