/** What becomes of a request's session: the table of actions of design 0003, as a pure function. */
import type { SessionLimits } from '../../wire/routing-table.ts';
import { tokenLife, type Token } from './token.ts';

/** What is known of a backend's pods; `T` is what the caller has of one. */
export interface EndpointLookup<T> {
  readonly limits: SessionLimits;
  /** A pod that is in the table, whatever its state. */
  find(id: string): T | undefined;
  /** On the table's list of pods known to be gone. */
  isRemoved(id: string): boolean;
}

/** A token that was verified, with what is known of its backend; `seenHereMs` is when this proxy last saw or heard of its session, if it did. */
export type Candidate<T> = { token: Token; known: EndpointLookup<T>; seenHereMs: number | undefined };

/** `asOfMs`: when the table was last known to be current. `waitUntilMs`: when this request's patience ends. */
export type Moment = { nowMs: number; asOfMs: number; waitUntilMs: number };

export type NewReason = 'NoToken' | 'Expired';
export type LostReason = 'EndpointRemoved' | 'NotInTable';

/** `lost`: the pod is gone, and a new session begins on another pod. */
export type SessionDecision<T, C extends Candidate<T>> =
  | { kind: 'pinned'; candidate: C; endpoint: T }
  | { kind: 'wait'; untilMs: number }
  | { kind: 'lost'; candidate: C; reason: LostReason }
  | { kind: 'new'; reason: NewReason };

/** "Not known yet" is not "gone": how long a request may wait for a table that knows its pod. */
export const maxWaitMs = 3000;

/** Clocks of proxies and operator may differ by this much when a token's date is compared with the table's. */
const clockSkewMs = 5000;

/**
 * Several tokens: the first that has its pod wins, then the first worth waiting for, then the first that is lost.
 * A client sends several when the cookie's path was changed once: the one with the longer path comes first and our
 * Set-Cookie does not replace it. If it won though its pod is gone, every request would begin a new session. Tokens of several
 * backends of one route are judged each by its own backend.
 */
export function decideSession<T, C extends Candidate<T>>(candidates: readonly C[], at: Moment): SessionDecision<T, C> {
  let best: SessionDecision<T, C> = { kind: 'new', reason: candidates.length === 0 ? 'NoToken' : 'Expired' };
  for (const candidate of candidates) {
    const decision = decideOne<T, C>(candidate, at);
    if (decision.kind === 'pinned') return decision;
    if (rank[decision.kind] > rank[best.kind]) best = decision;
  }
  return best;
}

const rank = { new: 0, lost: 1, wait: 2, pinned: 3 } as const;

function decideOne<T, C extends Candidate<T>>(candidate: C, at: Moment): SessionDecision<T, C> {
  const { token, known, seenHereMs } = candidate;
  const life = tokenLife(token, known.limits, { nowMs: at.nowMs, seenHereMs });
  if (life === 'Expired') return { kind: 'new', reason: 'Expired' };
  const endpoint = known.find(token.endpointId);
  if (endpoint !== undefined) return { kind: 'pinned', candidate, endpoint };
  if (life === 'Doubtful') return { kind: 'new', reason: 'Expired' };
  if (known.isRemoved(token.endpointId)) return { kind: 'lost', candidate, reason: 'EndpointRemoved' };
  const mayBeAheadOfTable = token.issuedAtS * 1000 >= at.asOfMs - clockSkewMs;
  if (mayBeAheadOfTable && at.nowMs < at.waitUntilMs) return { kind: 'wait', untilMs: at.waitUntilMs };
  return { kind: 'lost', candidate, reason: 'NotInTable' };
}
