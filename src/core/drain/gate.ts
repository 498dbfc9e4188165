/**
 * The drain gate: decides when a pod's preStop hook returns. Pure; one step per observation.
 *
 *     preStop ──► Unknown ── terminating: false, and never true before ──► released: NotTerminating
 *                  ▲   │
 *     no status,   │   │ every source has a count
 *     or a source  │   ▼
 *     without a    ├─ Busy ◄──┐
 *     count        │   │ zero │ a session
 *                  │   ▼      │
 *                  └─ Quiet ──┘
 *                      │ zero again, quietPeriodMs after the first
 *                      └──────────────────────────────────────────────────────► released: DrainComplete
 *
 *     Unknown, Busy or Quiet ── deadline ──► released: DrainDeadline, or DrainCutShort if the grace period was shortened meanwhile
 *
 * Zero is `sessionThreshold` or fewer. Deadlines: see `limit.ts`.
 */
import { formatDuration } from '../../api/duration.ts';
import type { DrainStatus, DrainSummary, SessionSource, SourceType } from '../../wire/messages.ts';
import { formatSessions } from '../names/format.ts';
import { deadlineMs, decideLimit } from './limit.ts';
import type { DrainAction, DrainObservation, DrainRelease, DrainState, Evidence } from './state.ts';

/** Returns the state after one more observation, and whether to keep holding. Idempotent once released. */
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

/** True once the pod is known to terminate, which cannot be undone. */
export const isTerminating = (state: DrainState): boolean => state.killAtMs !== undefined;

function observe(state: DrainState, observation: DrainObservation, nowMs: number): DrainState {
  if (observation.type === 'Status') return observeStatus(state, observation.status, nowMs);
  if (observation.type === 'Counted') return observeCounts(state, observation.sources, nowMs);
  return observation.type === 'Unreachable' ? forget(state, observation.reason) : state;
}

/** Discards the counts, which are no longer known. */
const forget = (state: DrainState, reason: string): DrainState => ({
  ...state,
  evidence: { type: 'Unknown', reason },
  sources: [],
});

function observeStatus(state: DrainState, status: DrainStatus, nowMs: number): DrainState {
  if (!status.terminating) return forget(state, 'the operator reports that the pod is not terminating');
  const { killAtMs, disruption, sources } = status;
  return {
    ...withSources(state, sources, nowMs),
    killAtMs: {
      first: state.killAtMs?.first ?? killAtMs,
      earliest: Math.min(state.killAtMs?.earliest ?? Infinity, killAtMs),
    },
    disruption: {
      first: state.disruption ? state.disruption.first : disruption,
      latest: disruption ?? state.disruption?.latest,
    },
  };
}

/** Together with those of the last status, if there is one. */
function observeCounts(state: DrainState, counted: readonly SessionSource[], nowMs: number): DrainState {
  if (state.sources.length === 0) return state;
  const isCounted = ({ type }: SessionSource) => counted.some((one) => one.type === type);
  return withSources(state, [...state.sources.filter((source) => !isCounted(source)), ...counted], nowMs);
}

function withSources(state: DrainState, sources: readonly SessionSource[], nowMs: number): DrainState {
  const evidence = judgeSources(state, sources, nowMs);
  const updated = { ...state, evidence, sources };
  return evidence.type === 'Unknown'
    ? updated
    : { ...updated, mostSessions: Math.max(state.mostSessions ?? 0, evidence.sessions) };
}

function judgeSources(
  { policy, evidence: before }: DrainState,
  sources: readonly SessionSource[],
  nowMs: number,
): Evidence {
  const count = countSessions(policy.sources, sources);
  if (!count.known) return { type: 'Unknown', reason: count.reason };
  const { sessions } = count;
  if (sessions > policy.sessionThreshold) return { type: 'Busy', sessions };
  return { type: 'Quiet', sinceMs: before.type === 'Quiet' ? before.sinceMs : nowMs, sessions };
}

function decideRelease(state: DrainState, observation: DrainObservation, nowMs: number): DrainRelease | undefined {
  // A liveness restart runs the same hook. Termination cannot be undone: once a pod terminates, a later "false" is wrong.
  if (observation.type === 'Status' && !observation.status.terminating && !isTerminating(state)) {
    return releaseNotTerminating(state, nowMs);
  }
  // Only a fresh zero ends the quiet period: the passage of time is no evidence about sessions.
  const fresh = observation.type === 'Status';
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
    message: 'the pod is not being deleted: a container is restarting',
  };
}

/** `left`: sessions that the threshold permits to be cut. */
function releaseComplete(
  { startedAtMs, mostSessions: most = 0, policy }: DrainState,
  left: number,
  nowMs: number,
): DrainSummary {
  const tookMs = nowMs - startedAtMs;
  const figures = `at most ${most} at a time; held for ${formatDuration(tookMs)}`;
  const ended = most === 0 ? 'the pod had no sessions' : `all sessions ended, ${figures}`;
  const message =
    left === 0
      ? ended
      : `released with ${formatSessions(left)}, which sessionThreshold ${policy.sessionThreshold} permits; ${figures}`;
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
    message: `released with ${formatSessions(sessionsCut)}: ${limit.sentence}`,
  };
}

type SessionCount = { known: true; sessions: number } | { known: false; reason: string };

/**
 * Combines the counts of all session sources. Unknown is not zero, and a missing source is unknown.
 *
 * Returns the largest count, not the sum: one user's session is a session to the proxy, a connection to the kernel and a session to the
 * app. A sum would count it three times, and a threshold of 10 would mean 4. All counts are zero exactly when the largest is.
 * Several sources of one type count different sessions, and are added up.
 */
function countSessions(wanted: readonly SourceType[], sources: readonly SessionSource[]): SessionCount {
  if (wanted.length === 0) return { known: false, reason: 'no session source is configured' };
  let sessions = 0;
  for (const type of wanted) {
    const count = countOfType(type, sources);
    if (!count.known) return count;
    sessions = Math.max(sessions, count.sessions);
  }
  return { known: true, sessions };
}

function countOfType(type: SourceType, sources: readonly SessionSource[]): SessionCount {
  const ofType = sources.filter((source) => source.type === type);
  if (ofType.length === 0) return { known: false, reason: `${type}: this session source has not reported` };
  let sessions = 0;
  for (const source of ofType) {
    if (!source.known) return { known: false, reason: `${type}: ${source.reason}` };
    sessions += source.sessions;
  }
  return { known: true, sessions };
}
