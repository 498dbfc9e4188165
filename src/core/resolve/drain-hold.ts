/**
 * How long a deleted StickyWorkload must stay: its proxies, keys and Service are deleted with it, and draining pods still need them.
 *
 *     no pod drains ──a pod is deleted──► held ──the last one is gone, or its deadline has passed──► no pod drains
 *                                          │ StickyWorkload deleted: it stays, and is served as before
 *                                          ▼
 *                                     deleted, held ──as above, or one whole drain after its deletion──► gone
 *
 * The finalizer is present only while a pod drains, because it cannot be added once the object is being deleted. Each hold has a
 * deadline, so that a lost node, or a Deployment that is rolled out again and again, delays nothing indefinitely.
 */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { drainFinalizer } from '../names/names.ts';
import { isPodTerminal, type Pod } from '../snapshot/snapshot.ts';
import { drainLimits } from './plan.ts';

/** `untilMs`: when it is released in any case. `pods`: names of the draining pods. */
export type DrainHold = { kind: 'hold'; untilMs: number; pods: string[] } | { kind: 'release' };

/** `pods`: those of the target. */
export function decideDrainHold({ metadata, spec }: StickyWorkload, pods: readonly Pod[], nowMs: number): DrainHold {
  const draining = pods.flatMap((pod) => {
    const { name, workload, injection, deletion } = pod;
    const isHeld = injection.injected && workload === metadata.name && !isPodTerminal(pod);
    // A pod that still exists after its grace period is on a node that is not responding.
    return isHeld && deletion && deletion.killAtMs > nowMs ? [{ name, killAtMs: deletion.killAtMs }] : [];
  });
  if (draining.length === 0) return { kind: 'release' };
  const lastMs = Math.max(...draining.map(({ killAtMs }) => killAtMs));
  const untilMs = Math.min(
    lastMs,
    metadata.deletionTimestamp === undefined ? lastMs : Date.parse(metadata.deletionTimestamp) + wholeDrainMs(spec),
  );
  return untilMs > nowMs ? { kind: 'hold', untilMs, pods: draining.map(({ name }) => name) } : { kind: 'release' };
}

/** Pods that are deleted together with the StickyWorkload start to drain somewhat later. */
const togetherMs = 60_000;

function wholeDrainMs({ drain }: StickyWorkload['spec']): number {
  const { drainTimeoutMs, quietPeriodMs, shutdownMarginMs } = drainLimits(drain);
  return drainTimeoutMs + quietPeriodMs + shutdownMarginMs + togetherMs;
}

/** Whether the object carries the finalizer. */
export const isHeld = ({ metadata }: StickyWorkload): boolean => metadata.finalizers?.includes(drainFinalizer) ?? false;
