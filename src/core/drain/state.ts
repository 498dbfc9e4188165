/** State and decisions of the drain gate, as plain data. `gate.ts` has the steps, `limit.ts` the times. */
import type { DrainStatus, DrainSummary, SessionSource, SourceType } from '../../wire/messages.ts';

export type DrainLimits = {
  /** Longest hold, from the preStop call. */
  readonly drainTimeoutMs: number;
  /** Zero sessions must last this long; anything unknown in between restarts it. */
  readonly quietPeriodMs: number;
  /** The part of the grace period that remains for the app after the hook returns. */
  readonly shutdownMarginMs: number;
};

/** The limits, and the conditions for releasing a pod. */
export type DrainPolicy = DrainLimits & {
  /** All of these must report zero; other sources are ignored. */
  readonly sources: readonly SourceType[];
  /** A pod with this many sessions or fewer counts as empty. */
  readonly sessionThreshold: number;
};

/**
 * One observation of the sidecar. `Counted`: the sources that it counts in the pod, between two statuses. `TimePassed` says nothing about
 * sessions.
 */
export type DrainObservation =
  | { readonly type: 'Status'; readonly status: DrainStatus }
  | { readonly type: 'Counted'; readonly sources: readonly SessionSource[] }
  | { readonly type: 'Unreachable'; readonly reason: string }
  | { readonly type: 'TimePassed' };

/** What is known about the pod's sessions. `Quiet`: at most the threshold; `sinceMs`: since when without interruption. */
export type Evidence =
  | { readonly type: 'Unknown'; readonly reason: string }
  | { readonly type: 'Busy'; readonly sessions: number }
  | { readonly type: 'Quiet'; readonly sinceMs: number; readonly sessions: number };

/** Times are Unix ms. Once `release` is set, the state never changes again. */
export type DrainState = {
  readonly policy: DrainPolicy;
  readonly startedAtMs: number;
  readonly evidence: Evidence;
  /** From the latest drain status; empty if there is none. */
  readonly sources: readonly SessionSource[];
  /** End of the pod's grace period: as first received, and the earliest since. Absent until the pod is known to terminate. */
  readonly killAtMs?: { readonly first: number; readonly earliest: number };
  /** Why Kubernetes disrupts the pod: from the first drain status, and from the latest. */
  readonly disruption?: { readonly first: string | undefined; readonly latest: string | undefined };
  readonly mostSessions?: number;
  readonly release?: DrainRelease;
};

export type DrainRelease = DrainSummary | { reason: 'NotTerminating'; tookMs: number; message: string };

export type ReleasedState = DrainState & { readonly release: DrainRelease };

export type DrainAction =
  | { readonly type: 'Hold'; readonly deadlineMs: number }
  | { readonly type: 'Release'; readonly release: DrainRelease };

/** Returns the state of a hold that starts now. */
export const beginDrain = (policy: DrainPolicy, nowMs: number): DrainState => ({
  policy,
  startedAtMs: nowMs,
  evidence: { type: 'Unknown', reason: 'no drain status received yet' },
  sources: [],
});
