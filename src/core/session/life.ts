/** How long a session lives: the arithmetic of idle and absolute timeouts, in one place. */
import type { SessionLimits } from '../../wire/routing-table.ts';
import type { Token } from './token.ts';

/**
 * `Live`: within its limits. `Expired`: certainly beyond one.
 * `Doubtful`: idle by its own date, but the date may be too old by a quarter of the idle timeout, because a token is not made anew
 * at each response, and this proxy did not see the session itself. It keeps its pod if the pod is there, and is no loss if not.
 */
export type SessionLife = 'Live' | 'Doubtful' | 'Expired';

/** A token is renewed when its date is older than this. */
export const renewAfterMs = (limits: SessionLimits): number => limits.idleTimeoutMs / 4;

/** Dates in tokens are whole seconds, rounded up: an error of rounding must never end a session early. */
export const tokenSeconds = (nowMs: number): number => Math.ceil(nowMs / 1000);

/** `seenHereMs`: when this proxy last saw the session alive (now, while a request is open); undefined where it does not know the session. */
export function tokenLife(
  token: Token,
  limits: SessionLimits,
  at: { nowMs: number; seenHereMs: number | undefined },
): SessionLife {
  if (limits.absoluteTimeoutMs !== undefined && token.issuedAtS * 1000 + limits.absoluteTimeoutMs <= at.nowMs) {
    return 'Expired';
  }
  const seenMs = Math.max(token.lastSeenS * 1000, at.seenHereMs ?? 0);
  if (at.nowMs < seenMs + limits.idleTimeoutMs) return 'Live';
  return at.nowMs < seenMs + limits.idleTimeoutMs + renewAfterMs(limits) ? 'Doubtful' : 'Expired';
}

/** Whether a response should carry a new token: the date is old, or the key is no longer the one that signs. */
export function isRenewalDue(token: Token, limits: SessionLimits, at: { nowMs: number; currentKey: number }): boolean {
  return token.keyId !== at.currentKey || at.nowMs - token.lastSeenS * 1000 > renewAfterMs(limits);
}
