/**
 * When a hold ends regardless of sessions, what set that deadline, and how long the app's own preStop hook may take afterwards.
 *
 * Deadline = min(hold began + drainTimeoutMs, killAtMs − shutdownMarginMs), so that the app has its whole margin left
 * after SIGTERM. A second delete with a shorter grace period moves deletionTimestamp earlier. The kubelet still uses the first one
 * (kubernetes/kubernetes#83916), but the caller of the second delete wants the pod gone by then: the earliest observed killAtMs counts.
 */
import { formatDuration } from '../../api/duration.ts';
import type { DrainState, ReleasedState } from './state.ts';

/** Returns when the hold ends regardless of sessions, in Unix ms. It only ever moves earlier. */
export function deadlineMs({ policy, startedAtMs, killAtMs }: DrainState): number {
  const byTimeout = startedAtMs + policy.drainTimeoutMs;
  return killAtMs ? Math.min(byTimeout, killAtMs.earliest - policy.shutdownMarginMs) : byTimeout;
}

export type Limit = { reason: 'DrainDeadline' | 'DrainCutShort'; sentence: string };

/** Returns what set the deadline: the drain timeout, the grace period of the delete, or a later delete that shortened it. */
export function decideLimit({ killAtMs, disruption, policy, startedAtMs }: DrainState): Limit {
  const byTimeout = startedAtMs + policy.drainTimeoutMs;
  if (!killAtMs || killAtMs.earliest - policy.shutdownMarginMs >= byTimeout) {
    return {
      reason: 'DrainDeadline',
      sentence: `the drain timeout of ${formatDuration(policy.drainTimeoutMs)} has elapsed`,
    };
  }
  const shortenedMs = killAtMs.first - killAtMs.earliest;
  if (shortenedMs === 0) {
    return {
      reason: 'DrainDeadline',
      sentence: `${describeDisruption(disruption?.first, 'the pod was deleted')} with a grace period that allows no more time`,
    };
  }
  // The reason that was set from the start need not explain the second delete: Kubernetes keeps one reason for both.
  const who = disruption?.latest === disruption?.first ? undefined : disruption?.latest;
  const end = new Date(killAtMs.earliest).toISOString();
  return {
    reason: 'DrainCutShort',
    sentence: `${describeDisruption(who, 'the pod was deleted or evicted a second time')} during the drain, which shortened its grace period by ${formatDuration(shortenedMs)}, to ${end}`,
  };
}

/** By the reason of the pod's condition DisruptionTarget. */
const disruptions: Readonly<Record<string, string>> = {
  EvictionByEvictionAPI: 'the pod was evicted (EvictionByEvictionAPI: by kubectl drain or an autoscaler)',
  DeletionByTaintManager: 'the pod was deleted because of a taint of its node (DeletionByTaintManager)',
  TerminationByKubelet:
    'the pod was stopped by its node (TerminationByKubelet: the node shuts down or runs out of resources)',
  PreemptionByScheduler: 'the pod was preempted by a pod with higher priority (PreemptionByScheduler)',
};

const describeDisruption = (reason: string | undefined, none: string): string =>
  reason === undefined ? none : (disruptions[reason] ?? `the pod was disrupted (${reason})`);

/**
 * Returns how long the app's own preStop hook may take after the release, so that the app still has its shutdown margin when it gets
 * SIGTERM. At the deadline only that margin is left: hook and SIGTERM get half of it each. `restartGraceMs`: the grace period of a
 * container that the kubelet only restarts.
 */
export function hookTimeoutMs(
  { release, policy, startedAtMs, killAtMs }: ReleasedState,
  restartGraceMs: number,
  nowMs: number,
): number {
  if (release.reason === 'NotTerminating') return restartGraceMs;
  // Not received: then injection has set the grace period to the sum of all three.
  const killAt =
    killAtMs?.earliest ?? startedAtMs + policy.drainTimeoutMs + policy.quietPeriodMs + policy.shutdownMarginMs;
  const leftMs = Math.max(killAt - nowMs, 0);
  return Math.max(leftMs - policy.shutdownMarginMs, Math.floor(leftMs / 2));
}
