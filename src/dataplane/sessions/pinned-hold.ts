/**
 * The hold of a request whose session has its pod.
 *
 *     route() ─► PinnedHold ──connectFailed──► retry … ─► reply (the session is kept)
 *                   ├──again──► the same endpoint
 *                   └──the table has given up its pod or node──► session lost ─► NewHold, or a reply
 */
import { isUnconfirmed, type Start } from '../../core/session/confirmation.ts';
import { isRenewalDue, renewAfterMs, tokenSeconds, type Token } from '../../core/session/token.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { ConnectFailure, Forwarding, SessionHold, SessionResponse, Transport } from '../routing.ts';
import type { CompiledBackend } from './compiled-table.ts';
import { transportOf } from './route-parts.ts';
import type { SessionRoute } from './session-route.ts';
import type { LossReason } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { HoldContext, PinnedRequest } from './hold-context.ts';
import { isLostWithNode, isOfEndpoint, recordConnectFailure, recordResponse, retryAfterMs } from './outlier.ts';
import { endByApp, judge, tokenFields } from './session-response.ts';

type NextAttempt = ReturnType<SessionHold['connectFailed']>;

/** A class, because one is made for each request: its methods are shared, not closures of each. */
export class PinnedHold implements SessionHold {
  endpoint: Endpoint;
  private readonly context: HoldContext;
  private readonly route: SessionRoute;
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
    route: SessionRoute,
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

  get isNew(): false {
    return false;
  }

  get session(): 'Held' {
    return 'Held';
  }

  get backendKey(): string {
    return this.backend.key;
  }

  get transport(): Transport {
    return transportOf(this.backend.source, this.route);
  }

  get filter(): SessionHold['filter'] {
    return this.route.filter;
  }

  get forwarding(): Forwarding | undefined {
    return this.route.forwardingTo(this.backend.key);
  }

  connectFailed(failure: ConnectFailure): NextAttempt {
    const { slot, token, backend, start, context } = this;
    recordConnectFailure(slot, failure, context.clock.nowMs());
    const afterMs = retryAfterMs(slot, { failure, retries: this.retries });
    if (afterMs === undefined && isOfEndpoint(failure)) slot.unhealthy = true;
    const reason = this.lossReason();
    if (reason !== undefined) {
      const next = context.starter.reassign(this.route, { backend, token, reason, tried: [slot.endpoint.id], start });
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

  again(): SessionHold {
    recordResponse(this.slot);
    // The address from the newest table.
    this.endpoint = this.slot.endpoint;
    return this;
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

  responseHead(response: SessionResponse): readonly HeaderField[] {
    const context = this.context;
    recordResponse(this.slot);
    const { carrier } = this.route;
    const nowMs = context.clock.nowMs();
    const verdict = judge(response, this.backend, { carrier, context, nowMs });
    // An id that is too long for a token takes the place of the one with the token.
    if (verdict === 'Ends' || verdict === 'TooLong') {
      endByApp(context, this.token);
      // Also if the app cleared the cookie itself: it need not know our path and domain.
      return carrier.clear(response);
    }
    const backend = context.backend(this.backend.key) ?? this.backend;
    const givesToken = carrier.isAppOwned
      ? verdict === 'Continues' || verdict === 'Repeats'
      : this.confirms ||
        this.isRenamed() ||
        isRenewalDue(this.token, backend.limits, { nowMs, currentKey: backend.keys.current });
    // Another request of the session may have ended it meanwhile, and its response may have removed the token.
    if (!givesToken || context.hasEnded(this.token)) return carrier.keep(response);
    this.clientDateS = tokenSeconds(nowMs);
    const token = { ...this.token, endpointId: this.slot.endpoint.id, lastSeenS: this.clientDateS };
    return tokenFields(backend, { carrier, response, token, cache: context.cache });
  }

  /** Whether `endpointIdentity` has changed since the token was issued: the next pod of a name is found by the new id only. */
  private isRenamed(): boolean {
    return this.token.endpointId !== this.slot.endpoint.id;
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
