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
 * Deadline = min(hold began + drainTimeoutMs, killAtMs − shutdownMarginMs), so that the app has its whole margin left
 * after SIGTERM. The kubelet can shorten a grace but never lengthen it: the earliest killAtMs heard counts.
 */
import { formatDuration } from '../../api/duration.ts';
import type { DrainAnswer, DrainSummary, SessionSource } from '../table/messages.ts';

export type DrainLimits = {
  /** Longest hold, from the preStop call. */
  readonly drainTimeoutMs: number;
  /** Zero sessions must last this long; anything unknown in between starts it anew. */
  readonly quietPeriodMs: number;
  /** What the app keeps of its grace after the hook is answered. */
  readonly shutdownMarginMs: number;
};

/** What the sidecar has just learnt. `TimePassed` is no evidence of anything but the time. */
export type DrainObservation =
  | { readonly type: 'Answer'; readonly answer: DrainAnswer }
  | { readonly type: 'Unreachable'; readonly why: string }
  | { readonly type: 'TimePassed' };

/** What is known of the pod's sessions. `sinceMs`: the first zero of an unbroken row. */
export type Evidence =
  | { readonly type: 'Unknown'; readonly why: string }
  | { readonly type: 'Busy'; readonly sessions: number }
  | { readonly type: 'Quiet'; readonly sinceMs: number };

/** Times are Unix ms. Once `release` is there, the state never changes again. */
export type DrainState = {
  readonly limits: DrainLimits;
  readonly startedAtMs: number;
  readonly evidence: Evidence;
  /** End of the pod's grace: as first heard, and the earliest since. Absent until somebody said that the pod terminates. */
  readonly killAtMs?: { readonly first: number; readonly earliest: number };
  readonly mostSessions?: number;
  readonly release?: DrainRelease;
};

export type DrainRelease = DrainSummary | { reason: 'NotTerminating'; tookMs: number; message: string };

export type DrainAction = { readonly type: 'Hold'; readonly deadlineMs: number } | { readonly type: 'Release'; readonly release: DrainRelease };

/** The state of a hold that begins now. */
export const beginDrain = (limits: DrainLimits, nowMs: number): DrainState => ({
  limits,
  startedAtMs: nowMs,
  evidence: { type: 'Unknown', why: 'not asked yet' },
});

/** The gate after one more observation, and whether to go on holding. Idempotent once released. */
export function drainStep(state: DrainState, observation: DrainObservation, nowMs: number): { state: DrainState; action: DrainAction } {
  if (state.release) return { state, action: { type: 'Release', release: state.release } };
  const seen = observe(state, observation, nowMs);
  const release = decideRelease(seen, observation, nowMs);
  if (!release) return { state: seen, action: { type: 'Hold', deadlineMs: deadlineMs(seen) } };
  return { state: { ...seen, release }, action: { type: 'Release', release } };
}

/** When the hold ends whatever the sessions. Unix ms; it only ever moves earlier. */
export function deadlineMs(state: DrainState): number {
  const byTimeout = state.startedAtMs + state.limits.drainTimeoutMs;
  return state.killAtMs ? Math.min(byTimeout, state.killAtMs.earliest - state.limits.shutdownMarginMs) : byTimeout;
}

/** True once the pod is known to be on its way out, which cannot be taken back. */
export const isTerminating = (state: DrainState): boolean => state.killAtMs !== undefined;

function observe(state: DrainState, observation: DrainObservation, nowMs: number): DrainState {
  if (observation.type === 'Answer') return observeAnswer(state, observation.answer, nowMs);
  if (observation.type === 'Unreachable') return { ...state, evidence: { type: 'Unknown', why: observation.why } };
  return state;
}

function observeAnswer(state: DrainState, answer: DrainAnswer, nowMs: number): DrainState {
  if (!answer.terminating) {
    return { ...state, evidence: { type: 'Unknown', why: 'the operator says that the pod is not terminating' } };
  }
  const evidence = judgeSources(answer.sources, state.evidence, nowMs);
  const killAtMs = {
    first: state.killAtMs?.first ?? answer.killAtMs,
    earliest: Math.min(state.killAtMs?.earliest ?? Infinity, answer.killAtMs),
  };
  if (evidence.type === 'Unknown') return { ...state, evidence, killAtMs };
  const sessions = evidence.type === 'Busy' ? evidence.sessions : 0;
  return { ...state, evidence, killAtMs, mostSessions: Math.max(state.mostSessions ?? 0, sessions) };
}

/** No source at all is nobody who can say, and unknown is not zero. */
function judgeSources(sources: readonly SessionSource[], before: Evidence, nowMs: number): Evidence {
  if (sources.length === 0) return { type: 'Unknown', why: 'no session source' };
  let sessions = 0;
  for (const source of sources) {
    if (!source.known) return { type: 'Unknown', why: `${source.type}: ${source.why}` };
    sessions += source.sessions;
  }
  if (sessions > 0) return { type: 'Busy', sessions };
  return before.type === 'Quiet' ? before : { type: 'Quiet', sinceMs: nowMs };
}

function decideRelease(state: DrainState, observation: DrainObservation, nowMs: number): DrainRelease | undefined {
  // A liveness restart runs the same hook. A pod that once terminated cannot stop doing so: then the answer is wrong, not news.
  if (observation.type === 'Answer' && !observation.answer.terminating && !isTerminating(state)) return releaseNotTerminating(state, nowMs);
  // Only a fresh zero ends the quiet period: the passing of time says nothing about sessions.
  const fresh = observation.type === 'Answer';
  const { evidence, limits } = state;
  if (fresh && evidence.type === 'Quiet' && nowMs - evidence.sinceMs >= limits.quietPeriodMs) return releaseComplete(state, nowMs);
  return nowMs >= deadlineMs(state) ? releaseAtDeadline(state, nowMs) : undefined;
}

function releaseNotTerminating(state: DrainState, nowMs: number): DrainRelease {
  return { reason: 'NotTerminating', tookMs: nowMs - state.startedAtMs, message: 'the pod is not being deleted: a container restarts' };
}

function releaseComplete(state: DrainState, nowMs: number): DrainSummary {
  const tookMs = nowMs - state.startedAtMs;
  const most = state.mostSessions ?? 0;
  const message = most === 0 ? 'the pod had no session' : `all sessions ended, at most ${most} at one time; held for ${formatDuration(tookMs)}`;
  return { reason: 'DrainComplete', sessionsAtStart: most, sessionsCut: 0, tookMs, message };
}

function releaseAtDeadline(state: DrainState, nowMs: number): DrainSummary {
  const { mostSessions } = state;
  const sessionsCut = sessionsLeft(state.evidence);
  const left = sessionsCut === undefined ? 'an unknown number of sessions' : `${sessionsCut} sessions`;
  const limit = decideLimit(state);
  return {
    reason: limit.reason,
    ...(mostSessions === undefined ? {} : { sessionsAtStart: mostSessions }),
    ...(sessionsCut === undefined ? {} : { sessionsCut }),
    tookMs: nowMs - state.startedAtMs,
    message: `released with ${left}: ${limit.sentence}`,
  };
}

function sessionsLeft(evidence: Evidence): number | undefined {
  if (evidence.type === 'Unknown') return undefined;
  return evidence.type === 'Busy' ? evidence.sessions : 0;
}

/** Who set the deadline: the drain timeout, the grace the pod was deleted with, or somebody who shortened that grace. */
function decideLimit({ killAtMs, limits, startedAtMs }: DrainState): { reason: 'DrainDeadline' | 'DrainCutShort'; sentence: string } {
  const byTimeout = startedAtMs + limits.drainTimeoutMs;
  if (!killAtMs || killAtMs.earliest - limits.shutdownMarginMs >= byTimeout) {
    return { reason: 'DrainDeadline', sentence: `the drain timeout of ${formatDuration(limits.drainTimeoutMs)} is over` };
  }
  const shortenedMs = killAtMs.first - killAtMs.earliest;
  if (shortenedMs === 0) return { reason: 'DrainDeadline', sentence: 'the pod was deleted with a grace that leaves no more time' };
  return { reason: 'DrainCutShort', sentence: `the grace was shortened by ${formatDuration(shortenedMs)} during the drain` };
}
