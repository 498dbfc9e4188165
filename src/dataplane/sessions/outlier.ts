/**
 * Endpoints that refuse connections.
 *
 *     reachable ──refused──► avoided for 1 s, then 2, 4, 8, 10 s ──a response──► reachable
 *                               │                                    ▲
 *                               └──refused through all retries──► unreachable
 *
 * An avoided endpoint gets no new session while there is another. An unreachable one also gives up the sessions it has, each at its
 * next request: at once while it is avoided, after a single attempt when that time is over.
 */
import type { EndpointSlot } from './endpoint-slots.ts';

type OutlierState = Pick<EndpointSlot, 'refusals' | 'ejectedUntilMs' | 'unreachable'>;

const firstMs = 1000;
const maxMs = 10_000;

export function recordRefusal(slot: OutlierState, nowMs: number): void {
  // A hundred requests that were under way when a pod died are one refusal, not a reason to leave it alone for a hundred times as long.
  if (nowMs < slot.ejectedUntilMs) return;
  slot.ejectedUntilMs = nowMs + Math.min(maxMs, firstMs * 2 ** slot.refusals);
  slot.refusals += 1;
}

/** Called for every response: it costs one comparison where all is well. */
export function recordResponse(slot: OutlierState): void {
  if (slot.refusals === 0) return;
  slot.refusals = 0;
  slot.ejectedUntilMs = 0;
  slot.unreachable = false;
}

/** A pod may be restarting its container: its listening socket is back within moments, or it is not coming back soon. One second in all. */
const retryDelaysMs = [100, 300, 600];

/**
 * When a request that was refused tries the endpoint again, after so many retries; undefined: no more. Where a request before it waited
 * in vain for a whole second there is nothing to wait for.
 */
export const retryAfterMs = ({ unreachable }: OutlierState, retries: number): number | undefined =>
  unreachable ? undefined : retryDelaysMs[retries];

/** Whether a session of the endpoint need not even try. */
export const isGivenUp = ({ unreachable, ejectedUntilMs }: OutlierState, nowMs: number): boolean =>
  unreachable && nowMs < ejectedUntilMs;
