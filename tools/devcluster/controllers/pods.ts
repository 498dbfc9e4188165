/** What the state of a pod says. */
import { conditionOf } from './conditions.ts';
import type { Pod } from './objects.ts';

export const isReady = (pod: Pod): boolean => conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';

export const isTerminating = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** Has ended for good. */
export const isOver = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** Counts as a replica. */
export const isActive = (pod: Pod): boolean => !isTerminating(pod) && !isOver(pod);

/** Since when, in Unix milliseconds. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  return ready?.status === 'True' && ready.lastTransitionTime !== undefined
    ? Date.parse(ready.lastTransitionTime)
    : undefined;
}

/** Ready for at least `minReadySeconds`; where not yet, from when on it will be. */
export function availability(
  pod: Pod,
  minReadySeconds: number,
  nowMs: number,
): { available: boolean; fromMs?: number } {
  if (!isReady(pod)) return { available: false };
  if (minReadySeconds === 0) return { available: true };
  const since = readySinceMs(pod);
  if (since === undefined) return { available: false };
  const fromMs = since + minReadySeconds * 1000;
  return fromMs <= nowMs ? { available: true } : { available: false, fromMs };
}
