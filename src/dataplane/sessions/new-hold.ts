/**
 * The hold of a request without a session. Most start one.
 *
 *     route() ─► NewHold ──connectFailed──► NewHold on another endpoint … ─► reply (three endpoints failed)
 *                   ├──again──► NewHold on another endpoint, or this one if there is no other
 *                   └──the only endpoint that accepts──► retry … ─► reply (failed for a second)
 */
import { hasConfirmation, unconfirmedSeenS, type Start } from '../../core/session/confirmation.ts';
import { renewAfterMs, tokenSeconds } from '../../core/session/token.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { ConnectFailure, Forwarding, SessionHold, SessionResponse, Transport } from '../routing.ts';
import type { CompiledBackend } from './compiled-table.ts';
import { transportOf } from './route-parts.ts';
import type { SessionRoute } from './session-route.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { HoldContext, StartContext } from './hold-context.ts';
import { isOfEndpoint, recordConnectFailure, recordResponse, retryAfterMs } from './outlier.ts';
import { endByApp, judge, tokenFields } from './session-response.ts';
import type { SessionEntry } from './session-table.ts';

type NextAttempt = ReturnType<SessionHold['connectFailed']>;

/** A request on the endpoint that it got. */
export type StartedRequest = {
  backend: CompiledBackend;
  slot: EndpointSlot;
  forwarding: Forwarding | undefined;
  start: StartContext;
};

/** A class, because one is made for each request: its methods are shared, not closures of each. */
export class NewHold implements SessionHold {
  readonly isNew = true;
  readonly forwarding: Forwarding | undefined;
  endpoint: Endpoint;
  private readonly context: HoldContext;
  private readonly route: SessionRoute;
  private readonly backend: CompiledBackend;
  private readonly slot: EndpointSlot;
  private readonly start: StartContext;
  /** As the backend's limits have it: without a confirm timeout, sessions start confirmed. */
  private readonly kind: Start;
  private started: SessionEntry | undefined;
  private retries = 0;
  private released = false;

  constructor(context: HoldContext, route: SessionRoute, { backend, slot, forwarding, start }: StartedRequest) {
    this.context = context;
    this.route = route;
    this.backend = backend;
    this.slot = slot;
    this.endpoint = slot.endpoint;
    this.forwarding = forwarding;
    this.start = start;
    this.kind = start.start === 'Unconfirmed' && !hasConfirmation(backend.limits) ? 'Confirmed' : start.start;
    context.sessions.addStarting(slot, this.kind, 1);
  }

  get backendKey(): string {
    return this.backend.key;
  }

  get session(): SessionHold['session'] {
    return this.started === undefined ? 'None' : 'New';
  }

  get transport(): Transport {
    return transportOf(this.backend.source, this.route);
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

  again(): SessionHold {
    const { slot, start } = this;
    recordResponse(slot);
    const other = this.context.starter.startElsewhere(this.route, {
      ...start,
      tried: [...start.tried, slot.endpoint.id],
    });
    if (other === undefined) this.endpoint = slot.endpoint;
    else this.release();
    return other ?? this;
  }

  /** The session starts here, unless the request starts none, the app ends it in the same response, or owns sessions and starts none. */
  responseHead(response: SessionResponse): readonly HeaderField[] {
    const context = this.context;
    recordResponse(this.slot);
    const { carrier } = this.route;
    if (this.kind === 'Nothing') return carrier.keep(response);
    const { replaces, lost } = this.start;
    const verdict = judge(response, this.backend, { carrier, context, nowMs: context.clock.nowMs() });
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
    return tokenFields(backend, { carrier, response, token, cache: context.cache });
  }

  private startSession(): SessionEntry {
    const context = this.context;
    const { sessions } = context;
    const nowMs = context.clock.nowMs();
    const session = { ...context.newSessionId(), issuedAtS: tokenSeconds(nowMs) };
    sessions.begin(session, this.slot, { nowMs, start: this.kind });
    sessions.addStarting(this.slot, this.kind, -1);
    this.backend.record.counters.started += 1;
    this.started = session;
    return session;
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    const context = this.context;
    const { sessions } = context;
    if (this.started === undefined) {
      sessions.addStarting(this.slot, this.kind, -1);
      return;
    }
    const nowMs = context.clock.nowMs();
    sessions.close(this.started, nowMs);
    if (nowMs - this.started.issuedAtS * 1000 > renewAfterMs(this.backend.limits)) context.announceSeen(this.started);
  }
}
