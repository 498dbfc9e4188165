/**
 * Outlier ejection: endpoints that refuse connections.
 *
 *     healthy ──refused──► ejected for 1 s, then 2, 4, 8, 10 s ──a response──► healthy
 *                             │                                       ▲
 *                             └──refused through all retries──► unhealthy
 *
 * An ejected endpoint gets no new session while there is another endpoint. An unhealthy one also loses the sessions that it has, each at
 * the session's next request: without an attempt while it is ejected, after a single attempt once the ejection is over.
 */
import type { EndpointSlot } from './endpoint-slots.ts';

type OutlierState = Pick<EndpointSlot, 'connectFailures' | 'ejectedUntilMs' | 'unhealthy'>;

const firstMs = 1000;
const maxMs = 10_000;

export function recordConnectFailure(slot: OutlierState, nowMs: number): void {
  // A hundred requests that were in flight when a pod died count as one failure and must not multiply the ejection time.
  if (nowMs < slot.ejectedUntilMs) return;
  slot.ejectedUntilMs = nowMs + Math.min(maxMs, firstMs * 2 ** slot.connectFailures);
  slot.connectFailures += 1;
}

/** Called for every response: for a healthy endpoint it costs one comparison. */
export function recordResponse(slot: OutlierState): void {
  if (slot.connectFailures === 0) return;
  slot.connectFailures = 0;
  slot.ejectedUntilMs = 0;
  slot.unhealthy = false;
}

/** A pod may be restarting its container: its listening socket is back within moments, or it is not coming back soon. One second in all. */
const retryDelaysMs = [100, 300, 600];

/**
 * Returns the delay before a refused request tries the endpoint again, after `retries` retries; undefined: it does not. When an earlier
 * request has retried for a whole second without success, later ones do not wait.
 */
export const retryAfterMs = ({ unhealthy }: OutlierState, retries: number): number | undefined =>
  unhealthy ? undefined : retryDelaysMs[retries];

/** Whether a request of one of its sessions need not even try the endpoint. */
export const isGivenUp = ({ unhealthy, ejectedUntilMs }: OutlierState, nowMs: number): boolean =>
  unhealthy && nowMs < ejectedUntilMs;
