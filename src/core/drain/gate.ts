/**
 * The drain gate: decides when a pod's preStop hook may be answered. Pure; one step per observation.
 *
 *     preStop ──► Unknown ── terminating: false, and nobody ever said true ──► released: NotTerminating
 *                  ▲   │
 *     no answer,   │   │ every source can say
 *     or a source  │   ▼
 *     that cannot  ├─ Busy ◄──┐
 *     say          │   │ zero │ a session
 *                  │   ▼      │
 *                  └─ Quiet ──┘
 *                      │ zero again, quietPeriodMs after the first
 *                      └──────────────────────────────────────────────────────► released: DrainComplete
 *
 *     Unknown, Busy or Quiet ── deadline ──► released: DrainDeadline, or DrainCutShort where the grace was shortened meanwhile
 *
 * Zero is `sessionThreshold` or fewer. Deadlines: see `limit.ts`.
 */
import { formatDuration } from '../../api/duration.ts';
import type { DrainAnswer, DrainSummary, SessionSource, SourceType } from '../table/messages.ts';
import { deadlineMs, decideLimit } from './limit.ts';
import { countSessions } from './sources.ts';

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
  | { readonly type: 'Unreachable'; readonly why: string }
  | { readonly type: 'TimePassed' };

/** What is known of the pod's sessions. `Quiet`: no more of them than the threshold; `sinceMs`: since when without a break. */
export type Evidence =
  | { readonly type: 'Unknown'; readonly why: string }
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
  evidence: { type: 'Unknown', why: 'not asked yet' },
  sources: [],
});

/** The gate after one more observation, and whether to go on holding. Idempotent once released. */
export function drainStep(
  state: DrainState,
  observation: DrainObservation,
  nowMs: number,
): { state: DrainState; action: DrainAction } {
  if (state.release) return { state, action: { type: 'Release', release: state.release } };
  const seen = observe(state, observation, nowMs);
  const release = decideRelease(seen, observation, nowMs);
  if (!release) return { state: seen, action: { type: 'Hold', deadlineMs: deadlineMs(seen) } };
  return { state: { ...seen, release }, action: { type: 'Release', release } };
}

/** True once the pod is known to be on its way out, which cannot be taken back. */
export const isTerminating = (state: DrainState): boolean => state.killAtMs !== undefined;

function observe(state: DrainState, observation: DrainObservation, nowMs: number): DrainState {
  if (observation.type === 'Answer') return observeAnswer(state, observation.answer, nowMs);
  return observation.type === 'Unreachable' ? forget(state, observation.why) : state;
}

/** What had been counted is no longer known. */
const forget = (state: DrainState, why: string): DrainState => ({
  ...state,
  evidence: { type: 'Unknown', why },
  sources: [],
});

function observeAnswer(state: DrainState, answer: DrainAnswer, nowMs: number): DrainState {
  if (!answer.terminating) return forget(state, 'the operator says that the pod is not terminating');
  const { killAtMs, disruption, sources } = answer;
  const evidence = judgeSources(state, sources, nowMs);
  const heard: DrainState = {
    ...state,
    evidence,
    sources,
    killAtMs: {
      first: state.killAtMs?.first ?? killAtMs,
      earliest: Math.min(state.killAtMs?.earliest ?? Infinity, killAtMs),
    },
    disruption: {
      first: state.disruption ? state.disruption.first : disruption,
      latest: disruption ?? state.disruption?.latest,
    },
  };
  return evidence.type === 'Unknown'
    ? heard
    : { ...heard, mostSessions: Math.max(state.mostSessions ?? 0, evidence.sessions) };
}

function judgeSources(
  { policy, evidence: before }: DrainState,
  sources: readonly SessionSource[],
  nowMs: number,
): Evidence {
  const count = countSessions(policy.sources, sources);
  if (!count.known) return { type: 'Unknown', why: count.why };
  const { sessions } = count;
  if (sessions > policy.sessionThreshold) return { type: 'Busy', sessions };
  return { type: 'Quiet', sinceMs: before.type === 'Quiet' ? before.sinceMs : nowMs, sessions };
}

function decideRelease(state: DrainState, observation: DrainObservation, nowMs: number): DrainRelease | undefined {
  // A liveness restart runs the same hook. A pod that once terminated cannot stop doing so: then the answer is wrong, not news.
  if (observation.type === 'Answer' && !observation.answer.terminating && !isTerminating(state)) {
    return releaseNotTerminating(state, nowMs);
  }
  // Only a fresh zero ends the quiet period: the passing of time says nothing about sessions.
  const fresh = observation.type === 'Answer';
  const { evidence, policy } = state;
  if (fresh && evidence.type === 'Quiet' && nowMs - evidence.sinceMs >= policy.quietPeriodMs) {
    return releaseComplete(state, evidence.sessions, nowMs);
  }
  return nowMs >= deadlineMs(state) ? releaseAtDeadline(state, nowMs) : undefined;
}

function releaseNotTerminating(state: DrainState, nowMs: number): DrainRelease {
  return {
    reason: 'NotTerminating',
    tookMs: nowMs - state.startedAtMs,
    message: 'the pod is not being deleted: a container restarts',
  };
}

/** `left`: sessions that the threshold lets be cut. */
function releaseComplete(
  { startedAtMs, mostSessions: most = 0, policy }: DrainState,
  left: number,
  nowMs: number,
): DrainSummary {
  const tookMs = nowMs - startedAtMs;
  const figures = `at most ${most} at one time; held for ${formatDuration(tookMs)}`;
  const ended = most === 0 ? 'the pod had no session' : `all sessions ended, ${figures}`;
  const message =
    left === 0
      ? ended
      : `released with ${describeSessions(left)}: the threshold of ${policy.sessionThreshold} takes the pod for empty; ${figures}`;
  return { reason: 'DrainComplete', sessionsAtStart: most, sessionsCut: left, tookMs, message };
}

function releaseAtDeadline(state: DrainState, nowMs: number): DrainSummary {
  const { mostSessions, evidence } = state;
  const sessionsCut = evidence.type === 'Unknown' ? undefined : evidence.sessions;
  const limit = decideLimit(state);
  return {
    reason: limit.reason,
    ...(mostSessions !== undefined && { sessionsAtStart: mostSessions }),
    ...(sessionsCut !== undefined && { sessionsCut }),
    tookMs: nowMs - state.startedAtMs,
    message: `released with ${describeSessions(sessionsCut)}: ${limit.sentence}`,
  };
}

const describeSessions = (sessions: number | undefined): string =>
  sessions === undefined ? 'an unknown number of sessions' : `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
