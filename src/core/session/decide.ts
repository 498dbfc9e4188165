/** Decides what happens to a request's session: it stays on its pod, waits for the table, is kept without a pod, is lost, or starts. */
import type { SessionLimits } from '../../wire/routing-table.ts';
import { tokenLife, type Token } from './token.ts';

/** The endpoints of a backend; `T` is the caller's type of an endpoint. */
export interface EndpointLookup<T> {
  readonly limits: SessionLimits;
  /** Returns an endpoint that is in the table, whatever its state. */
  find(id: string): T | undefined;
  /** Whether the table lists the endpoint as removed. */
  isRemoved(id: string): boolean;
}

/**
 * A verified token with its backend. `seenHereMs`: when this proxy last saw its session or received a report about it, if ever.
 * `hasFixedDate`: the token is not renewed while its session is alive, see `tokenLife`. `hasEnded`: the session was ended before its limits,
 * here or on another proxy.
 */
export type TokenCandidate<T> = {
  token: Token;
  backend: EndpointLookup<T>;
  seenHereMs: number | undefined;
  hasFixedDate: boolean;
  hasEnded: boolean;
};

/**
 * `asOfMs`: when the table was last known to be current. `waitUntilMs`: until when this request may wait. `watchingSinceMs`: since when this
 * proxy has seen all sessions, or received reports about them.
 */
export type Moment = { nowMs: number; asOfMs: number; waitUntilMs: number; watchingSinceMs: number };

export type NewReason = 'NoToken' | 'Expired' | 'Ended';
/** `PossiblyIdle`: the pod is gone, and this proxy does not know whether the session was still in use. */
export type LostReason = 'EndpointRemoved' | 'NotInTable' | 'PossiblyIdle';

/**
 * `kept`: the token is newer than the table, which therefore cannot show whether the pod exists. `lost`: the pod no longer exists, and a
 * new session starts on another pod.
 */
export type SessionDecision<T, C extends TokenCandidate<T>> =
  | { kind: 'pinned'; candidate: C; endpoint: T }
  | { kind: 'wait'; untilMs: number }
  | { kind: 'kept'; candidate: C }
  | { kind: 'lost'; candidate: C; reason: LostReason }
  | { kind: 'new'; reason: NewReason };

/** A pod may be too new for the table: how long a request may wait for a table that has it. */
export const maxWaitMs = 3000;

/** How much the clocks of proxies and operator may differ when a token's date is compared with the table's. */
const clockSkewMs = 5000;

/**
 * Of several tokens the first whose pod exists wins, then the first that a newer table may show, then the first that is lost.
 * A client sends several after a change of the cookie's path: the cookie with the longer path comes first, and Holdfast's
 * Set-Cookie does not replace it. If it won although its pod no longer exists, every request would start a new session. Each token
 * is judged by its own backend.
 */
export function decideSession<T, C extends TokenCandidate<T>>(
  candidates: readonly C[],
  at: Moment,
): SessionDecision<T, C> {
  let best: SessionDecision<T, C> | undefined;
  for (const candidate of candidates) {
    const decision = decideOne<T, C>(candidate, at);
    if (decision.kind === 'pinned') return decision;
    if (best === undefined || rank[decision.kind] > rank[best.kind]) best = decision;
  }
  return best ?? { kind: 'new', reason: 'NoToken' };
}

const rank = { new: 0, lost: 1, kept: 2, wait: 3, pinned: 4 } as const;

function decideOne<T, C extends TokenCandidate<T>>(candidate: C, at: Moment): SessionDecision<T, C> {
  const { token, backend, seenHereMs, hasFixedDate, hasEnded } = candidate;
  // An end is an end: a stolen, copied or late token does not bring the session back.
  if (hasEnded) return { kind: 'new', reason: 'Ended' };
  const life = tokenLife(token, backend.limits, { nowMs: at.nowMs, seenHereMs, hasFixedDate });
  if (life === 'Expired') return { kind: 'new', reason: 'Expired' };
  const endpoint = backend.find(token.endpointId);
  if (endpoint !== undefined) return { kind: 'pinned', candidate, endpoint };
  const isDoubtful = life === 'Doubtful';
  if (isDoubtful && !mayBeInUse(candidate, at)) return { kind: 'new', reason: 'Expired' };
  const lost = (reason: LostReason) =>
    ({ kind: 'lost', candidate, reason: isDoubtful ? 'PossiblyIdle' : reason }) as const;
  if (backend.isRemoved(token.endpointId)) return lost('EndpointRemoved');
  const mayBeAheadOfTable = token.issuedAtS * 1000 >= at.asOfMs - clockSkewMs;
  if (!mayBeAheadOfTable) return lost('NotInTable');
  // After the wait, it is the table that is old: this proxy has lost its operator, and others assign sessions to new pods meanwhile.
  return at.nowMs < at.waitUntilMs ? { kind: 'wait', untilMs: at.waitUntilMs } : { kind: 'kept', candidate };
}

/**
 * Whether a session that this proxy has not seen may have been used through another one, before this one watched. Only a fixed date leaves
 * that open: any other is renewed with use.
 */
const mayBeInUse = <T>({ backend, seenHereMs, hasFixedDate }: TokenCandidate<T>, { nowMs, watchingSinceMs }: Moment) =>
  hasFixedDate && seenHereMs === undefined && nowMs < watchingSinceMs + backend.limits.idleTimeoutMs;
