/**
 * Confirmation: whether a client keeps its session. Crawlers, probes and clients without a cookie jar send each request without a token,
 * and each gets one that never returns.
 *
 *     response with the token ─► unconfirmed ── the token returns, or the client holds something open ─► confirmed
 *                                    │
 *                                    └─ confirmTimeout ─► no longer counted; its token stays valid while its pod exists
 *
 * A session that starts with an unsafe method is confirmed at once: robots and probes read, they do not write.
 */
import type { SessionLimits } from '../../wire/routing-table.ts';
import type { Token } from './token.ts';

/** What a request without a session starts. `Nothing`: it is balanced and gets no token. */
export type Start = 'Nothing' | 'Unconfirmed' | 'Confirmed';

/** RFC 9110 section 9.2.1. A method that is not registered there is not known to be safe. */
const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS', 'TRACE'];

export const startOf = (method: string): Start => (safeMethods.includes(method) ? 'Unconfirmed' : 'Confirmed');

/** Returns whether a session whose client has not returned counts for a shorter time than others. */
export const hasConfirmation = ({ confirmTimeoutMs, idleTimeoutMs }: SessionLimits): boolean =>
  confirmTimeoutMs !== undefined && confirmTimeoutMs < idleTimeoutMs;

/** Returns for how long a session counts whose client has not returned. */
export const confirmTimeoutMs = (limits: SessionLimits): number =>
  Math.min(limits.confirmTimeoutMs ?? limits.idleTimeoutMs, limits.idleTimeoutMs);

/**
 * A client that holds a request, a stream or an upgraded connection open for this long after the head of the response keeps its session:
 * a probe or a crawler would have left. Shorter than the few seconds for which a page polls, longer than most responses.
 */
export const heldMs = 5000;

/**
 * The date in the token of an unconfirmed session: a second before its start. So every proxy can tell, also when the pod is gone and
 * nothing else is left of the session.
 */
export const unconfirmedSeenS = (issuedAtS: number): number => issuedAtS - 1;

/** Returns whether no proxy has issued a token for the session since its first: its client had not returned by then. */
export const isUnconfirmed = ({ issuedAtS, lastSeenS }: Pick<Token, 'issuedAtS' | 'lastSeenS'>): boolean =>
  lastSeenS < issuedAtS;
