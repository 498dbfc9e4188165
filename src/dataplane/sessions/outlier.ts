/**
 * Outlier ejection: endpoints that cannot be reached.
 *
 *     healthy ──failed──► ejected for 1 s, then 2, 4, 8, 10 s ──a response──► healthy
 *                            │                                      ▲
 *                            └──failed through all retries──► unhealthy
 *
 * An ejected endpoint gets no new session while there is another endpoint. Its own sessions stay: a request of theirs is retried for a second,
 * and only attempted once while the endpoint is unhealthy. Slow is not dead: a full accept queue, a stopped process and a restarting container
 * look the same from here, so only the table can give up a session. A failure for want of this proxy's own resources is not the endpoint's.
 */
import type { ConnectFailure } from '../routing.ts';
import type { EndpointSlot } from './endpoint-slots.ts';

export type OutlierState = Pick<EndpointSlot, 'connectFailures' | 'ejectedUntilMs' | 'unhealthy' | 'unanswered'>;

const firstMs = 1000;
const maxMs = 10_000;

/** Whether the failure says something about the endpoint. */
export const isOfEndpoint = (failure: ConnectFailure): boolean =>
  failure !== 'LocalError' && failure !== 'LimitReached';

export function recordConnectFailure(slot: OutlierState, failure: ConnectFailure, nowMs: number): void {
  if (!isOfEndpoint(failure)) return;
  slot.unanswered = failure !== 'Refused' && failure !== 'NotSecured';
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
  slot.unanswered = false;
}

/** A pod may be restarting its container: its listening socket is back within moments, or it is not coming back soon. One second in all. */
const retryDelaysMs = [100, 300, 600];

/**
 * Returns the delay before a failed request tries the endpoint again, after `retries` retries; undefined: it does not. When an earlier
 * request has retried for a whole second without success, later ones do not wait; nor does one whose endpoint left several probes unanswered,
 * or does not have the certificate that it must have: a restart does not change that.
 */
export const retryAfterMs = (
  { unhealthy }: OutlierState,
  { failure, retries }: { failure: ConnectFailure; retries: number },
): number | undefined =>
  unhealthy || failure === 'Silent' || failure === 'NotSecured' ? undefined : retryDelaysMs[retries];

/**
 * Whether the sessions of an endpoint whose node is lost are given up: only if this proxy cannot reach it either. Silence is enough. A refusal
 * may be the restart of a container under a kubelet that only lost its connection to the API server: that is waited for as usual.
 */
export const isLostWithNode = (
  { endpoint, unanswered, unhealthy, ejectedUntilMs }: EndpointSlot,
  nowMs: number,
): boolean => endpoint.nodeLost === true && (unanswered || unhealthy) && nowMs < ejectedUntilMs;
