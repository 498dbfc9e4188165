/** What holds need of the router, and what they have in common. */
import { encodeToken, type Token } from '../../core/session/token.ts';
import type { Clock } from '../../platform/clock.ts';
import type { RouteDecision, SessionHold } from '../routing.ts';
import type { CompiledBackend } from './backends.ts';
import { expiresCookie } from '../http/set-cookie.ts';
import type { LossReason } from './counters.ts';
import type { CompiledRoute } from './routes.ts';
import type { SessionId } from './session-ids.ts';
import type { SessionTable } from './session-table.ts';
import type { TokenCache } from './token-cache.ts';

/** A session that has a token, on its backend. */
export type PinnedSession = { backend: CompiledBackend; token: Token };

/** `tried`: ids of endpoints that refused this request. `replaces`: the session that the new one takes the place of, on a draining pod. */
export type StartContext = { tried: readonly string[]; replaces: PinnedSession | undefined };

export type LostSession = PinnedSession & { reason: LossReason; tried: readonly string[] };

export interface HoldContext {
  readonly clock: Clock;
  readonly sessions: SessionTable;
  readonly cache: TokenCache;
  newSessionId(): SessionId;
  /** The session ended early; other proxies are notified. */
  announceEnd(session: SessionId): void;
  /** The session was alive for longer than its token shows; other proxies are notified. */
  announceSeen(session: SessionId): void;
  /** The backend as the newest table has it. */
  backend(key: string): CompiledBackend | undefined;
  /** A new session on an endpoint that was not tried, or the reply that says why there is none. */
  begin(route: CompiledRoute, origin: StartContext): RouteDecision;
  /** Whether there is an endpoint that was not tried, or a draining one to fallBackToDraining on. */
  canBegin(route: CompiledRoute, origin: StartContext): boolean;
  /** A session lost its pod: a new one in its place, or the reply that says so. */
  lose(route: CompiledRoute, loss: LostSession): RouteDecision;
}

export type ConnectFailure = ReturnType<SessionHold['connectFailed']>;
export type ResponseHead = Parameters<SessionHold['responseHead']>[0];

/** In header mode, too: an app need not know how the token travels. */
export function isEndedByApp(
  { setCookies, endsSession }: ResponseHead,
  { carrier }: CompiledRoute,
  clock: Clock,
): boolean {
  return endsSession || setCookies.some((line) => expiresCookie(line, carrier.name, clock.nowMs()));
}

export function endByApp(context: HoldContext, token: Token): void {
  context.sessions.end(token, 'Application');
  context.announceEnd(token);
}

/** A new token is remembered as verified: the client's next request brings it. */
export function tokenLine(
  { carrier }: CompiledRoute,
  backend: CompiledBackend,
  { token, cache }: { token: Omit<Token, 'keyId'>; cache: TokenCache },
): string {
  const text = encodeToken(token, backend.keys);
  cache.put(text, { ...token, keyId: backend.keys.current });
  return carrier.give(text, lifetimeS(backend, token));
}

/** Whole seconds from now, which is when the token was made, to the absolute limit. */
function lifetimeS(
  { limits: { absoluteTimeoutMs } }: CompiledBackend,
  { issuedAtS, lastSeenS }: Omit<Token, 'keyId'>,
): number | undefined {
  return absoluteTimeoutMs === undefined
    ? undefined
    : Math.max(0, issuedAtS - lastSeenS + Math.floor(absoluteTimeoutMs / 1000));
}
