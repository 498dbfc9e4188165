/** What the holds of requests share: their sessions, and the ports by which they reach the rest of this folder. */
import type { Start } from '../../core/session/confirmation.ts';
import type { Token } from '../../core/session/token.ts';
import type { Clock } from '../../platform/clock.ts';
import type { ConnectFailure, RouteDecision, SessionHold } from '../routing.ts';
import type { CompiledBackend } from './compiled-table.ts';
import type { SessionRoute } from './session-route.ts';
import type { LossReason } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { SessionId } from './session-ids.ts';
import type { SessionTable } from './session-table.ts';
import type { TokenCache } from './token-reader.ts';

/** A session that has a token, on its backend. `seenMs`: when it was last seen alive before this request; undefined if it was not. */
export type PinnedSession = { backend: CompiledBackend; token: Token; seenMs?: number | undefined };

/** A request whose session has its pod. `start`: what it starts if the pod is lost after all. */
export type PinnedRequest = PinnedSession & { slot: EndpointSlot; start: Start; nowMs: number };

/**
 * `tried`: ids of endpoints that this request did not reach, or whose app failed. `start`: what it starts. `replaces`: the session on a draining pod whose place
 * the new one takes. `lost`: the session that lost its pod, in whose place the new one starts. `failure`: why the last endpoint was not
 * reached; one that is not the endpoint's outlasts those that are.
 */
export type StartContext = {
  tried: readonly string[];
  start: Start;
  replaces: PinnedSession | undefined;
  lost: SessionId | undefined;
  failure: ConnectFailure | undefined;
};

/** `start`: what its request starts in its place. */
export type LostSession = PinnedSession & { reason: LossReason; tried: readonly string[]; start: Start };

export interface SessionStarter {
  /** An endpoint that was not tried for a request without a session, or the reply with the reason why there is none. */
  start(route: SessionRoute, start: StartContext): RouteDecision;
  /** An endpoint that was not tried, if there is one. */
  startElsewhere(route: SessionRoute, start: StartContext): SessionHold | undefined;
  /** Whether there is an endpoint that was not tried, or a draining one to fall back to. */
  canStart(route: SessionRoute, start: StartContext): boolean;
  /** A session lost its pod: a new session in its place, or the reply that reports the loss. */
  reassign(route: SessionRoute, lost: LostSession): RouteDecision;
  /** Whether a session that lost its pod would get another response than "no room". */
  canReassign(route: SessionRoute, lost: LostSession): boolean;
  /** A session whose pod cannot be reached but is not lost: a reply, and the client keeps its token. */
  refuse(session: PinnedSession, failure: ConnectFailure): RouteDecision;
  /** A session that has its pod. */
  pin(route: SessionRoute, session: PinnedRequest): RouteDecision;
}

/** What all holds share. */
export interface HoldContext {
  readonly clock: Clock;
  readonly sessions: SessionTable;
  readonly cache: TokenCache;
  readonly starter: SessionStarter;
  newSessionId(): SessionId;
  /** The session ended early: its tokens are refused from now on, and other proxies are notified. */
  announceEnd(session: SessionId): void;
  hasEnded(session: SessionId): boolean;
  /** The session was alive for longer than its token shows: other proxies are notified. */
  announceSeen(session: SessionId): void;
  onUnpinnedId(workload: string): void;
  /** Returns the backend as the newest table has it. */
  backend(key: string): CompiledBackend | undefined;
}
