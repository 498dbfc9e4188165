/**
 * Holds: one per request, from the decision until the last byte. Two kinds, because a session that begins and one that goes on
 * fail differently. They are classes because one is made per request: methods shared on a prototype, not closures made anew.
 *
 *     route() ─► NewHold ──connectFailed──► NewHold elsewhere ─► … ─► reply (three endpoints refused)
 *            └─► PinnedHold ──connectFailed──► retry … ─► lost ─► NewHold
 */
import type { Clock } from '../../platform/clock.ts';
import { isRenewalDue, tokenSeconds } from '../../core/session/life.ts';
import { encodeToken, type Token } from '../../core/session/token.ts';
import type { Endpoint } from '../../core/table/routing-table.ts';
import type { RouteDecision, SessionHold } from '../routing.ts';
import type { KnownBackend } from './backends.ts';
import { expiresCookie } from './cookies.ts';
import type { LossReason, SessionCounters } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import { connectFailed } from './replies.ts';
import type { SessionId } from './session-rows.ts';
import type { SessionTable } from './session-table.ts';
import type { TokenCache } from './token-cache.ts';

/** What holds need of the router. */
export interface HoldContext {
  readonly clock: Clock;
  readonly sessions: SessionTable;
  readonly counters: SessionCounters;
  readonly cache: TokenCache;
  newSessionId(): SessionId;
  /** The app ended the session: other proxies are to hear of it. */
  announceEnd(session: SessionId): void;
  /** The backend as the newest table has it. */
  backend(key: string): KnownBackend | undefined;
  /** A new session on an endpoint that was not tried, or the reply that says why there is none. */
  beginSession(backendKey: string, tried: readonly string[]): RouteDecision;
  /** The same, in place of a session that lost its pod. */
  reassign(backendKey: string, lost: { token: Token; why: LossReason; tried: readonly string[] }): RouteDecision;
}

type ConnectFailure = ReturnType<SessionHold['connectFailed']>;
type ResponseHead = Parameters<SessionHold['responseHead']>[0];

/** A pod may be restarting its container: its listening socket is back within moments, or it is not coming back soon. One second in all. */
const retryDelaysMs = [100, 300, 600];

export class PinnedHold implements SessionHold {
  readonly isNew = false;
  readonly cookieName: string;
  endpoint: Endpoint;
  readonly #context: HoldContext;
  readonly #backend: KnownBackend;
  readonly #token: Token;
  #released = false;

  constructor(context: HoldContext, backend: KnownBackend, pinned: { token: Token; endpoint: Endpoint; slot: EndpointSlot; nowMs: number }) {
    this.#context = context;
    this.#backend = backend;
    this.#token = pinned.token;
    this.endpoint = pinned.endpoint;
    this.cookieName = backend.persistence.cookieName;
    context.sessions.open(pinned.token, pinned.slot, pinned.nowMs);
  }

  connectFailed(attempt: number): ConnectFailure {
    const context = this.#context;
    const { key } = this.#backend;
    const afterMs = retryDelaysMs[attempt - 1];
    const endpoint = context.backend(key)?.endpoint(this.#token.endpointId);
    if (afterMs !== undefined && endpoint !== undefined) {
      // A pod keeps its UID but not always its address: the next attempt goes where the newest table says.
      this.endpoint = endpoint;
      return { kind: 'retry', afterMs };
    }
    const next = context.reassign(key, { token: this.#token, why: 'ConnectFailed', tried: [this.#token.endpointId] });
    this.release();
    return next;
  }

  responseHead(response: ResponseHead): string {
    const context = this.#context;
    const { clock, sessions } = context;
    if (isEndedByApp(response, this.cookieName, clock)) {
      sessions.end(this.#token, 'Application');
      context.announceEnd(this.#token);
      return response.endsSession ? this.#backend.cookie.clear : '';
    }
    const backend = context.backend(this.#backend.key) ?? this.#backend;
    const nowMs = clock.nowMs();
    if (!isRenewalDue(this.#token, backend.persistence, { nowMs, currentKey: backend.keys.current })) return '';
    return tokenLine(context, backend, { ...this.#token, lastSeenS: tokenSeconds(nowMs) });
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#context.sessions.close(this.#token, this.#context.clock.nowMs());
  }
}

const maxEndpointsTried = 3;

export class NewHold implements SessionHold {
  readonly isNew = true;
  readonly cookieName: string;
  readonly endpoint: Endpoint;
  readonly #context: HoldContext;
  readonly #backend: KnownBackend;
  readonly #slot: EndpointSlot;
  /** Ids of the endpoints that refused before this one. */
  readonly #tried: readonly string[];
  #session: SessionId | undefined;
  #released = false;

  constructor(context: HoldContext, backend: KnownBackend, target: { endpoint: Endpoint; slot: EndpointSlot; tried: readonly string[] }) {
    this.#context = context;
    this.#backend = backend;
    this.#slot = target.slot;
    this.#tried = target.tried;
    this.endpoint = target.endpoint;
    this.cookieName = backend.persistence.cookieName;
    context.sessions.addStarting(target.slot, 1);
  }

  connectFailed(): ConnectFailure {
    this.release();
    const tried = [...this.#tried, this.endpoint.id];
    if (tried.length < maxEndpointsTried) return this.#context.beginSession(this.#backend.key, tried);
    return { kind: 'reply', reply: connectFailed(this.#backend.key, tried.length) };
  }

  /** The session begins here, unless the app's first word is that there is none. */
  responseHead(response: ResponseHead): string {
    const { clock, sessions, counters } = this.#context;
    if (isEndedByApp(response, this.cookieName, clock)) return '';
    const nowMs = clock.nowMs();
    const issuedAtS = tokenSeconds(nowMs);
    const session = { ...this.#context.newSessionId(), issuedAtS };
    sessions.open(session, this.#slot, nowMs);
    sessions.addStarting(this.#slot, -1);
    this.#session = session;
    counters.started += 1;
    const token = { ...session, endpointId: this.endpoint.id, backendId: this.#backend.id, lastSeenS: issuedAtS };
    return tokenLine(this.#context, this.#context.backend(this.#backend.key) ?? this.#backend, token);
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    const { sessions, clock } = this.#context;
    if (this.#session === undefined) sessions.addStarting(this.#slot, -1);
    else sessions.close(this.#session, clock.nowMs());
  }
}

function isEndedByApp({ setCookies, endsSession }: ResponseHead, cookieName: string, clock: Clock): boolean {
  return endsSession || setCookies.some((line) => expiresCookie(line, cookieName, clock.nowMs()));
}

/** A new token is remembered as verified: the client's next request brings it. */
function tokenLine({ cache }: HoldContext, backend: KnownBackend, token: Omit<Token, 'keyId'>): string {
  const text = encodeToken(token, backend.keys);
  cache.put(text, { ...token, keyId: backend.keys.current });
  return backend.cookie.before + text + backend.cookie.after;
}
