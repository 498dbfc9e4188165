/**
 * The timeouts of a route (HTTPRouteTimeouts of Gateway API). Few routes have them, and their users expect them to the millisecond: each request has
 * timers of its own, unlike the deadlines of all requests.
 */
import { afterInput, type Clock } from '../../platform/clock.ts';
import { gatewayTimeout } from './replies.ts';
import type { Reply } from '../routing.ts';
import type { RouteTimeouts } from '../../wire/route-filters.ts';

export interface RouteTimers {
  /** An attempt to send the request begins, in place of the one before. */
  attempt(): void;
  attemptOver(): void;
  cancel(): void;
}

/** A later timer would fire at once (Node, `setTimeout`). */
const maxTimerMs = 2 ** 31 - 1;

/** The request whose timers they are. */
export interface TimedRequest {
  fail(reply: Reply): void;
  attemptFailed(reply: Reply): void;
  fault(error: unknown): void;
}

/** `arrivedMs`: when the request arrived, if that was not just now. */
export function startRouteTimers(
  clock: Clock,
  { requestMs, backendRequestMs }: RouteTimeouts,
  arrivedMs: number | undefined,
  request: TimedRequest,
): RouteTimers {
  const start = (name: keyof typeof ends, limitMs: number | undefined, passedMs: number) => {
    if (limitMs === undefined) return undefined;
    const delayMs = Math.min(Math.max(0, limitMs - passedMs), maxTimerMs);
    const body = `The app did not respond completely within ${limitMs / 1000} s: timeouts.${name} of the route.\n`;
    return afterInput(clock, delayMs, () => {
      try {
        ends[name](gatewayTimeout(body));
      } catch (error) {
        request.fault(error);
      }
    });
  };
  const ends = {
    request: (reply: Reply) => request.fail(reply),
    backendRequest: (reply: Reply) => request.attemptFailed(reply),
  };
  const cancelRequest = start('request', requestMs, arrivedMs === undefined ? 0 : clock.nowMs() - arrivedMs);
  let cancelAttempt: (() => void) | undefined;
  return {
    attempt() {
      cancelAttempt?.();
      cancelAttempt = start('backendRequest', backendRequestMs, 0);
    },
    attemptOver() {
      cancelAttempt?.();
    },
    cancel() {
      cancelRequest?.();
      cancelAttempt?.();
    },
  };
}
