/**
 * How long a StickyWorkload that is deleted must stay: its proxies, keys and Service go with it, and pods that drain still need them.
 *
 *     no pod drains ──a pod is deleted──► held ──the last one is gone, or its time is over──► no pod drains
 *                                          │ StickyWorkload deleted: it stays, and is served as before
 *                                          ▼
 *                                     deleted, held ──as above, or one whole drain after its deletion──► gone
 *
 * The finalizer is there only while a pod drains, because one cannot be added once the object is deleted. Each end is a moment that
 * comes by itself, so that a node that is lost or a Deployment that is rolled again and again holds up nothing.
 */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { drainFinalizer } from '../names/names.ts';
import { isPodTerminal, type Pod } from '../snapshot/snapshot.ts';
import { drainLimits } from './plan.ts';

/** `untilMs`: when it is released whatever happens. `pods`: names of those that drain. */
export type DrainHold = { kind: 'hold'; untilMs: number; pods: string[] } | { kind: 'release' };

/** `pods`: of the target. */
export function decideDrainHold({ metadata, spec }: StickyWorkload, pods: readonly Pod[], nowMs: number): DrainHold {
  const draining = pods.flatMap((pod) => {
    const { name, workload, injection, deletion } = pod;
    const isHeld = injection.injected && workload === metadata.name && !isPodTerminal(pod);
    // A pod whose grace is over and that is still there is on a node that nobody hears of.
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

/** Pods that are deleted together with the StickyWorkload begin to drain a moment later. */
const togetherMs = 60_000;

function wholeDrainMs({ drain }: StickyWorkload['spec']): number {
  const { drainTimeoutMs, quietPeriodMs, shutdownMarginMs } = drainLimits(drain);
  return drainTimeoutMs + quietPeriodMs + shutdownMarginMs + togetherMs;
}

/** Whether the object carries the finalizer. */
export const isHeld = ({ metadata }: StickyWorkload): boolean => metadata.finalizers?.includes(drainFinalizer) ?? false;
