/** What the drain gate knows and decides, as plain data. The steps are in `gate.ts`, the times in `limit.ts`. */
import type { DrainAnswer, DrainSummary, SessionSource, SourceType } from '../../wire/messages.ts';

export type DrainLimits = {
  /** Longest hold, from the preStop call. */
  readonly drainTimeoutMs: number;
  /** Zero sessions must last this long; anything unknown in between starts it anew. */
  readonly quietPeriodMs: number;
  /** What the app keeps of its grace after the hook is answered. */
  readonly shutdownMarginMs: number;
};

/** The limits, and what has to be over for a pod to be free. */
export type DrainPolicy = DrainLimits & {
  /** All of them must say so; what others say is not heard. */
  readonly sources: readonly SourceType[];
  /** A pod with as many sessions, or fewer, counts as empty. */
  readonly sessionThreshold: number;
};

/** What the sidecar has just learnt. `TimePassed` is no evidence of anything but the time. */
export type DrainObservation =
  | { readonly type: 'Answer'; readonly answer: DrainAnswer }
  | { readonly type: 'Unreachable'; readonly reason: string }
  | { readonly type: 'TimePassed' };

/** What is known of the pod's sessions. `Quiet`: no more of them than the threshold; `sinceMs`: since when without a break. */
export type Evidence =
  | { readonly type: 'Unknown'; readonly reason: string }
  | { readonly type: 'Busy'; readonly sessions: number }
  | { readonly type: 'Quiet'; readonly sinceMs: number; readonly sessions: number };

/** Times are Unix ms. Once `release` is there, the state never changes again. */
export type DrainState = {
  readonly policy: DrainPolicy;
  readonly startedAtMs: number;
  readonly evidence: Evidence;
  /** As last answered; none while nobody answers. */
  readonly sources: readonly SessionSource[];
  /** End of the pod's grace: as first heard, and the earliest since. Absent until somebody said that the pod terminates. */
  readonly killAtMs?: { readonly first: number; readonly earliest: number };
  /** Why Kubernetes disrupts the pod: as said with the first answer, and with the latest. */
  readonly disruption?: { readonly first: string | undefined; readonly latest: string | undefined };
  readonly mostSessions?: number;
  readonly release?: DrainRelease;
};

export type DrainRelease = DrainSummary | { reason: 'NotTerminating'; tookMs: number; message: string };

export type ReleasedState = DrainState & { readonly release: DrainRelease };

export type DrainAction =
  | { readonly type: 'Hold'; readonly deadlineMs: number }
  | { readonly type: 'Release'; readonly release: DrainRelease };

/** The state of a hold that begins now. */
export const beginDrain = (policy: DrainPolicy, nowMs: number): DrainState => ({
  policy,
  startedAtMs: nowMs,
  evidence: { type: 'Unknown', reason: 'not asked yet' },
  sources: [],
});
