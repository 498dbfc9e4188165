/** Exceptions inside of the proxy, injected through the hold of a request. */
import type { RequestView, RouteDecision, SessionHold } from '../../../../src/dataplane/routing.ts';

export const fault = (): never => {
  throw new TypeError('injected');
};

type Route = (request: RequestView, forward: () => RouteDecision) => RouteDecision;

/** Changes the hold of some requests. */
export const breaking =
  (isBad: (request: RequestView) => boolean) =>
  (broken: (hold: SessionHold) => Partial<SessionHold>): Route =>
  (request, forward) => {
    const decision = forward();
    if (decision.kind !== 'forward' || !isBad(request)) return decision;
    return { kind: 'forward', hold: { ...decision.hold, ...broken(decision.hold) } };
  };

/** What breaks a hold after it was released. */
export const brokenRelease = (hold: SessionHold): Partial<SessionHold> => ({
  release() {
    hold.release();
    fault();
  },
});
