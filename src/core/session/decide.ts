/** What becomes of a request's session: the table of actions of design 0003, as a pure function. */
import type { Endpoint, Persistence } from '../table/routing-table.ts';
import { tokenLife } from './life.ts';
import type { Token } from './token.ts';

/** What is known of a backend's pods. */
export interface KnownEndpoints {
  readonly persistence: Persistence;
  /** In the table, whatever its state. */
  endpoint(id: string): Endpoint | undefined;
  /** On the table's list of pods known to be gone. */
  isDeparted(id: string): boolean;
}

/** A token that was verified; `seenHereMs` is when this proxy last saw its session alive, if it did. */
export type Candidate = { token: Token; seenHereMs: number | undefined };

/** `asOfMs`: when the table was last known to be current. `waitUntilMs`: when this request's patience ends. */
export type Moment = { nowMs: number; asOfMs: number; waitUntilMs: number };

export type NewReason = 'NoToken' | 'Expired';
export type LostReason = 'Departed' | 'NotInTable';

/** `lost`: the pod is gone, the session begins anew elsewhere. */
export type SessionDecision =
  | { kind: 'pinned'; token: Token; endpoint: Endpoint }
  | { kind: 'wait'; untilMs: number }
  | { kind: 'lost'; token: Token; why: LostReason }
  | { kind: 'new'; why: NewReason };

/** "Not known yet" is not "gone": how long a request may wait for a table that knows its pod. */
export const maxWaitMs = 3000;

/** Clocks of proxies and operator may differ by this much when a token's date is compared with the table's. */
const clockSkewMs = 5000;

/**
 * Several tokens: the first that has its pod wins, then the first worth waiting for, then the first that is lost.
 * A client sends several when the cookie's path was changed once: the one with the longer path comes first and our
 * Set-Cookie does not replace it. If it won though its pod is gone, every request would begin a new session.
 */
export function decideSession(candidates: readonly Candidate[], known: KnownEndpoints, at: Moment): SessionDecision {
  let best: SessionDecision = { kind: 'new', why: candidates.length === 0 ? 'NoToken' : 'Expired' };
  for (const candidate of candidates) {
    const decision = decideOne(candidate, known, at);
    if (decision.kind === 'pinned') return decision;
    if (rank[decision.kind] > rank[best.kind]) best = decision;
  }
  return best;
}

const rank = { new: 0, lost: 1, wait: 2, pinned: 3 } as const;

function decideOne({ token, seenHereMs }: Candidate, known: KnownEndpoints, at: Moment): SessionDecision {
  const life = tokenLife(token, known.persistence, { nowMs: at.nowMs, seenHereMs });
  if (life === 'Expired') return { kind: 'new', why: 'Expired' };
  const endpoint = known.endpoint(token.endpointId);
  if (endpoint !== undefined) return { kind: 'pinned', token, endpoint };
  if (life === 'Doubtful') return { kind: 'new', why: 'Expired' };
  if (known.isDeparted(token.endpointId)) return { kind: 'lost', token, why: 'Departed' };
  const mayBeAheadOfTable = token.issuedAtS * 1000 >= at.asOfMs - clockSkewMs;
  if (mayBeAheadOfTable && at.nowMs < at.waitUntilMs) return { kind: 'wait', untilMs: at.waitUntilMs };
  return { kind: 'lost', token, why: 'NotInTable' };
}
