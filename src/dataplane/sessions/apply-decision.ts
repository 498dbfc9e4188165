/** Carries out the decision about a request's session: a hold on a pod, or a reply. */
import type { Start } from '../../core/session/confirmation.ts';
import type { SessionDecision, TokenCandidate } from '../../core/session/decide.ts';
import type { Token } from '../../core/session/token.ts';
import type { RouteDecision } from '../routing.ts';
import type { CompiledBackend } from './compiled-table.ts';
import type { SessionRoute } from './session-route.ts';
import { countersOf, type SessionCounters } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { PinnedSession, SessionStarter } from './hold-context.ts';
import { isLostWithNode } from './outlier.ts';
import { podAbsent, tableOutdated, type KeptSessionRefusal } from './replies.ts';
import { freshStart } from './session-starter.ts';

/** The parts of a request that a decision needs while the request waits, when its own bytes may be overwritten; and how long it may wait. */
export type Pending = {
  route: SessionRoute;
  tokens: readonly Token[];
  startsSession: boolean;
  start: Start;
  waitUntilMs: number;
};

export type SessionCandidate = TokenCandidate<EndpointSlot> & { backend: CompiledBackend };
type Settled = Exclude<SessionDecision<EndpointSlot, SessionCandidate>, { kind: 'wait' }>;

export type ApplyDecision = (pending: Pending, decision: Settled, nowMs: number) => RouteDecision;

/** `wasConfirmed`: whether the client had returned with its token before. */
type ApplyPorts = {
  starter: SessionStarter;
  counters: SessionCounters;
  wasConfirmed: (candidate: SessionCandidate, nowMs: number) => boolean;
};

export function createApplyDecision({ starter, counters, wasConfirmed }: ApplyPorts): ApplyDecision {
  const startInPlaceOf = (session: PinnedSession, { route, start }: Pending) =>
    starter.start(route, { ...freshStart[start], replaces: session });

  /** The session cannot reach its pod for now, and is kept. Only requests that need this pod wait for it. */
  const withoutPod = (pending: Pending, session: PinnedSession, refusal: KeptSessionRefusal): RouteDecision => {
    if (pending.start === 'Nothing') return starter.start(pending.route, freshStart.Nothing);
    if (pending.startsSession) return startInPlaceOf(session, pending);
    countersOf(counters, session.backend.key).keptRefused[refusal.reason] += 1;
    return { kind: 'reply', reply: refusal };
  };

  return (pending, decision, nowMs) => {
    const { route, startsSession, start } = pending;
    if (decision.kind === 'new') return starter.start(route, freshStart[start]);
    const { backend, token, seenHereMs: seenMs } = decision.candidate;
    const session = { backend, token, seenMs };
    if (decision.kind === 'lost') {
      const reason = wasConfirmed(decision.candidate, nowMs) ? decision.reason : 'Unconfirmed';
      return starter.reassign(route, { ...session, reason, tried: [], start });
    }
    if (decision.kind === 'kept') return withoutPod(pending, session, tableOutdated(backend.key));
    const slot = decision.endpoint;
    const { state } = slot.endpoint;
    if (state === 'Absent') return withoutPod(pending, session, podAbsent(backend.key));
    if (startsSession && start !== 'Nothing' && state === 'Draining') return startInPlaceOf(session, pending);
    if (isLostWithNode(slot, nowMs)) {
      const lost = { ...session, reason: 'NodeLost' as const, tried: [slot.endpoint.id], start };
      // Without another pod, the session tries its own once more.
      if (starter.canReassign(route, lost)) return starter.reassign(route, lost);
    }
    return starter.pin(route, { backend, token, seenMs, slot, start, nowMs });
  };
}
