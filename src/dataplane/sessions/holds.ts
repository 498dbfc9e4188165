/**
 * One request's hold on its session. Classes, because one is made for each request: their methods are shared, not closures of each.
 *
 *     route() ─► PinnedHold ──connectFailed──► retry … ─► reply (the session is kept)
 *                   └──the table has given up its pod or node──► session lost ─► NewHold, or a reply
 *     route() ─► NewHold ──connectFailed──► NewHold on another endpoint … ─► reply (three endpoints failed)
 *                   └──the only endpoint that accepts──► retry … ─► reply (failed for a second)
 */
import { hasConfirmation, isUnconfirmed, unconfirmedSeenS, type Start } from '../../core/session/confirmation.ts';
import { encodeToken, isRenewalDue, renewAfterMs, tokenSeconds, type Token } from '../../core/session/token.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import type { ConnectFailure, RouteDecision, SessionHold, SessionResponse } from '../routing.ts';
import type { AppVerdict, CompiledCarrier } from './compiled-carrier.ts';
import type { CompiledBackend, CompiledRoute } from './compiled-table.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { LossReason } from './counters.ts';
import { isLostWithNode, isOfEndpoint, recordConnectFailure, recordResponse, retryAfterMs } from './outlier.ts';
import type { SessionId } from './session-ids.ts';
import type { SessionEntry, SessionTable } from './session-table.ts';
import type { TokenCache } from './token-reader.ts';

/** A session that has a token, on its backend. `seenMs`: when it was last seen alive before this request; undefined if it was not. */
export type PinnedSession = { backend: CompiledBackend; token: Token; seenMs?: number | undefined };

/** A request whose session has its pod. `start`: what it starts if the pod is lost after all. */
export type PinnedRequest = PinnedSession & { slot: EndpointSlot; start: Start; nowMs: number };

/**
 * `tried`: ids of endpoints that this request did not reach. `start`: what it starts. `replaces`: the session on a draining pod whose place
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
  start(route: CompiledRoute, start: StartContext): RouteDecision;
  /** Whether there is an endpoint that was not tried, or a draining one to fall back to. */
  canStart(route: CompiledRoute, start: StartContext): boolean;
  /** A session lost its pod: a new session in its place, or the reply that reports the loss. */
  reassign(route: CompiledRoute, lost: LostSession): RouteDecision;
  /** Whether a session that lost its pod would get another response than "no room". */
  canReassign(route: CompiledRoute, lost: LostSession): boolean;
  /** A session whose pod cannot be reached but is not lost: a reply, and the client keeps its token. */
  refuse(session: PinnedSession, failure: ConnectFailure): RouteDecision;
  /** A session that has its pod. */
  pin(route: CompiledRoute, session: PinnedRequest): RouteDecision;
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

type NextAttempt = ReturnType<SessionHold['connectFailed']>;

/** The hold of a request without a session. Most start one. */
export class NewHold implements SessionHold {
  readonly isNew = true;
  endpoint: Endpoint;
  private readonly context: HoldContext;
  private readonly route: CompiledRoute;
  private readonly backend: CompiledBackend;
  private readonly slot: EndpointSlot;
  private readonly start: StartContext;
  /** As the backend's limits have it: without a confirm timeout, sessions start confirmed. */
  private readonly kind: Start;
  private session: SessionEntry | undefined;
  private retries = 0;
  private released = false;

  constructor(
    context: HoldContext,
    route: CompiledRoute,
    { backend, slot, start }: { backend: CompiledBackend; slot: EndpointSlot; start: StartContext },
  ) {
    this.context = context;
    this.route = route;
    this.backend = backend;
    this.slot = slot;
    this.endpoint = slot.endpoint;
    this.start = start;
    this.kind = start.start === 'Unconfirmed' && !hasConfirmation(backend.limits) ? 'Confirmed' : start.start;
    context.sessions.addStarting(slot, this.kind, 1);
  }

  get filter(): SessionHold['filter'] {
    return this.route.filter;
  }

  connectFailed(failure: ConnectFailure): NextAttempt {
    const { clock, starter } = this.context;
    const { endpoint, inTable } = this.slot;
    recordConnectFailure(this.slot, failure, clock.nowMs());
    const before = this.start.failure;
    const start = {
      ...this.start,
      tried: [...this.start.tried, endpoint.id],
      failure: before === undefined || isOfEndpoint(before) ? failure : before,
    };
    const afterMs = retryAfterMs(this.slot, { failure, retries: this.retries });
    if (afterMs !== undefined && inTable && endpoint.state === 'Accepting' && !starter.canStart(this.route, start)) {
      this.retries += 1;
      // The address from the newest table.
      this.endpoint = endpoint;
      return { kind: 'retry', afterMs };
    }
    this.release();
    return starter.start(this.route, start);
  }

  /** The session starts here, unless the request starts none, the app ends it in the same response, or owns sessions and starts none. */
  responseHead(response: SessionResponse): string {
    const context = this.context;
    recordResponse(this.slot);
    const { carrier } = this.route;
    if (this.kind === 'Nothing') return carrier.keep(response);
    const { replaces, lost } = this.start;
    const verdict = judge(response, this.backend, { carrier, context });
    if (verdict === 'Ends') {
      if (replaces === undefined) return carrier.keep(response);
      endByApp(context, replaces.token);
      return carrier.clear(response);
    }
    if (carrier.isAppOwned && verdict !== 'Continues') return carrier.keep(response);
    const session = this.startSession();
    if (replaces !== undefined) {
      context.sessions.end(replaces.token, 'Replaced');
      context.announceEnd(replaces.token);
    }
    // Only now that the client gets another token: until then it may find its pod again.
    if (lost !== undefined) context.announceEnd(lost);
    const token = {
      ...session,
      endpointId: this.endpoint.id,
      backendId: this.backend.id,
      lastSeenS: this.kind === 'Confirmed' ? session.issuedAtS : unconfirmedSeenS(session.issuedAtS),
    };
    const backend = context.backend(this.backend.key) ?? this.backend;
    return tokenLines(backend, { carrier, response, token, cache: context.cache });
  }

  private startSession(): SessionEntry {
    const context = this.context;
    const { sessions } = context;
    const nowMs = context.clock.nowMs();
    const session = { ...context.newSessionId(), issuedAtS: tokenSeconds(nowMs) };
    sessions.begin(session, this.slot, { nowMs, start: this.kind });
    sessions.addStarting(this.slot, this.kind, -1);
    this.backend.record.counters.started += 1;
    this.session = session;
    return session;
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    const context = this.context;
    const { sessions } = context;
    if (this.session === undefined) {
      sessions.addStarting(this.slot, this.kind, -1);
      return;
    }
    const nowMs = context.clock.nowMs();
    sessions.close(this.session, nowMs);
    if (nowMs - this.session.issuedAtS * 1000 > renewAfterMs(this.backend.limits)) context.announceSeen(this.session);
  }
}

/** The hold of a request whose session has its pod. */
export class PinnedHold implements SessionHold {
  readonly isNew = false;
  endpoint: Endpoint;
  private readonly context: HoldContext;
  private readonly route: CompiledRoute;
  private readonly backend: CompiledBackend;
  private readonly token: Token;
  private readonly slot: EndpointSlot;
  private readonly start: Start;
  /** Whether this request confirmed the session: its client gets a token that shows it. */
  private readonly confirms: boolean;
  /** The date in the token that the client has. */
  private clientDateS: number;
  private readonly seenMs: number | undefined;
  private retries = 0;
  private released = false;

  constructor(
    context: HoldContext,
    route: CompiledRoute,
    { backend, token, slot, start, nowMs, seenMs }: PinnedRequest,
  ) {
    this.context = context;
    this.route = route;
    this.backend = backend;
    this.token = token;
    this.slot = slot;
    this.seenMs = seenMs;
    this.clientDateS = token.lastSeenS;
    this.endpoint = slot.endpoint;
    this.start = start;
    const opened = context.sessions.open(token, slot, nowMs);
    this.confirms = opened !== 'Known' && isUnconfirmed(token);
    if (!this.confirms) return;
    if (opened === 'Added') backend.record.counters.confirmed += 1;
    // The proxy that issued the token stops counting the session. A token in the app's cookie stays as it is: only this notice tells others
    // that the client has returned.
    if (opened === 'Added' || route.carrier.isAppOwned) context.announceSeen(token);
  }

  get filter(): SessionHold['filter'] {
    return this.route.filter;
  }

  connectFailed(failure: ConnectFailure): NextAttempt {
    const { slot, token, backend, start, context } = this;
    recordConnectFailure(slot, failure, context.clock.nowMs());
    const afterMs = retryAfterMs(slot, { failure, retries: this.retries });
    if (afterMs === undefined && isOfEndpoint(failure)) slot.unhealthy = true;
    const reason = this.lossReason();
    if (reason !== undefined) {
      const next = context.starter.reassign(this.route, { backend, token, reason, tried: [token.endpointId], start });
      this.release();
      return next;
    }
    if (afterMs !== undefined) {
      this.retries += 1;
      // A pod keeps its UID but not always its address: the next attempt uses the address from the newest table.
      this.endpoint = slot.endpoint;
      return { kind: 'retry', afterMs };
    }
    this.release();
    return context.starter.refuse({ backend, token }, failure);
  }

  /** Returns why the session is lost by the newest table; undefined while its pod may still respond. */
  private lossReason(): LossReason | undefined {
    const { slot, token, context } = this;
    const backend = context.backend(this.backend.key);
    if (backend?.find(token.endpointId) === undefined) {
      return backend?.isRemoved(token.endpointId) === true ? 'EndpointRemoved' : 'NotInTable';
    }
    return isLostWithNode(slot, context.clock.nowMs()) ? 'NodeLost' : undefined;
  }

  responseHead(response: SessionResponse): string {
    const context = this.context;
    recordResponse(this.slot);
    const { carrier } = this.route;
    const verdict = judge(response, this.backend, { carrier, context });
    // An id that is too long for a token takes the place of the one with the token.
    if (verdict === 'Ends' || verdict === 'TooLong') {
      endByApp(context, this.token);
      // Also if the app cleared the cookie itself: it need not know our path and domain.
      return carrier.clear(response);
    }
    const backend = context.backend(this.backend.key) ?? this.backend;
    const nowMs = context.clock.nowMs();
    const givesToken = carrier.isAppOwned
      ? verdict === 'Continues' || verdict === 'Repeats'
      : this.confirms || isRenewalDue(this.token, backend.limits, { nowMs, currentKey: backend.keys.current });
    // Another request of the session may have ended it meanwhile, and its response may have removed the token.
    if (!givesToken || context.hasEnded(this.token)) return carrier.keep(response);
    this.clientDateS = tokenSeconds(nowMs);
    const token = { ...this.token, lastSeenS: this.clientDateS };
    return tokenLines(backend, { carrier, response, token, cache: context.cache });
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    const context = this.context;
    const nowMs = context.clock.nowMs();
    context.sessions.close(this.token, nowMs);
    if (this.outdatesToken(nowMs)) context.announceSeen(this.token);
  }

  /**
   * Whether other proxies need to know that the session is alive, because the client's token does not show it. A token in the app's own
   * cookie keeps its date until the app sets the cookie again: then once in each interval of renewals, not with every request.
   */
  private outdatesToken(nowMs: number): boolean {
    const intervalMs = renewAfterMs(this.backend.limits);
    const dateMs = this.clientDateS * 1000;
    if (nowMs - dateMs <= intervalMs) return false;
    if (!this.route.carrier.isAppOwned || this.seenMs === undefined) return true;
    return Math.floor((nowMs - dateMs) / intervalMs) > Math.floor((this.seenMs - dateMs) / intervalMs);
  }
}

function judge(
  response: SessionResponse,
  { key, record }: CompiledBackend,
  { carrier, context }: { carrier: CompiledCarrier; context: HoldContext },
): AppVerdict {
  if (response.endsSession) return 'Ends';
  const nowMs = context.clock.nowMs();
  const verdict = carrier.verdict(response, nowMs);
  if (verdict !== 'TooLong') return verdict;
  record.counters.unpinnedIds += 1;
  if (nowMs - record.unpinnedIdLoggedAtMs >= unpinnedIdLoggedEveryMs) {
    record.unpinnedIdLoggedAtMs = nowMs;
    context.onUnpinnedId(key);
  }
  return verdict;
}

/** An app whose ids are too long sets one with each response. */
const unpinnedIdLoggedEveryMs = 60_000;

function endByApp(context: HoldContext, token: Token): void {
  context.sessions.end(token, 'Application');
  context.announceEnd(token);
}

type TokenLines = {
  carrier: CompiledCarrier;
  response: SessionResponse;
  token: Omit<Token, 'keyId'>;
  cache: TokenCache;
};

/** Returns the header lines with a new token, which is cached as verified: the client's next request carries it. */
function tokenLines(backend: CompiledBackend, { carrier, response, token, cache }: TokenLines): string {
  const text = encodeToken(token, backend.keys);
  cache.put(text, { ...token, keyId: backend.keys.current });
  return carrier.give(text, lifetimeS(backend, token), response);
}

/** Returns the whole seconds from the creation of the token to the absolute limit of its session; undefined without a limit. */
function lifetimeS(
  { limits: { absoluteTimeoutMs } }: CompiledBackend,
  { issuedAtS, lastSeenS }: Omit<Token, 'keyId'>,
): number | undefined {
  return absoluteTimeoutMs === undefined
    ? undefined
    : Math.max(0, Math.min(0, issuedAtS - lastSeenS) + Math.floor(absoluteTimeoutMs / 1000));
}
