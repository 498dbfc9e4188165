/**
 * The hold of a request that begins a session. A class, because one is made per request.
 *
 *     route() ─► NewHold ──connectFailed──► NewHold elsewhere ─► … ─► reply (three endpoints refused)
 *                   └──the only one that accepts──► retry … ─► reply (refused for a second)
 */
import { renewAfterMs, tokenSeconds } from '../../core/session/token.ts';
import type { Endpoint } from '../../wire/routing-table.ts';
import type { SessionHold } from '../routing.ts';
import type { CompiledBackend } from './backends.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import {
  endByApp,
  isEndedByApp,
  tokenLine,
  type ConnectFailure,
  type HoldContext,
  type StartContext,
  type ResponseHead,
} from './hold-context.ts';
import { recordResponse, recordRefusal, retryAfterMs } from './outlier.ts';
import type { CompiledRoute } from './routes.ts';
import type { SessionEntry } from './session-table.ts';

export class NewHold implements SessionHold {
  readonly isNew = true;
  endpoint: Endpoint;
  private readonly context: HoldContext;
  private readonly route: CompiledRoute;
  private readonly backend: CompiledBackend;
  private readonly slot: EndpointSlot;
  private readonly origin: StartContext;
  private session: SessionEntry | undefined;
  private retries = 0;
  private released = false;

  constructor(
    context: HoldContext,
    route: CompiledRoute,
    { backend, slot, origin }: { backend: CompiledBackend; slot: EndpointSlot; origin: StartContext },
  ) {
    this.context = context;
    this.route = route;
    this.backend = backend;
    this.slot = slot;
    this.endpoint = slot.endpoint;
    this.origin = origin;
    context.sessions.addStarting(slot, 1);
  }

  get carrier(): SessionHold['carrier'] {
    return this.route.carrier;
  }

  connectFailed(): ConnectFailure {
    const context = this.context;
    const { endpoint, inTable } = this.slot;
    recordRefusal(this.slot, context.clock.nowMs());
    const origin = { ...this.origin, tried: [...this.origin.tried, endpoint.id] };
    const afterMs = retryAfterMs(this.slot, this.retries);
    if (afterMs !== undefined && inTable && endpoint.state === 'Accepting' && !context.canBegin(this.route, origin)) {
      this.retries += 1;
      // Where the newest table has the pod.
      this.endpoint = endpoint;
      return { kind: 'retry', afterMs };
    }
    this.release();
    return context.begin(this.route, origin);
  }

  /** The session begins here, unless the app's first word is that there is none. */
  responseHead(response: ResponseHead): string {
    const context = this.context;
    recordResponse(this.slot);
    const { replaces } = this.origin;
    if (isEndedByApp(response, this.route, context.clock)) {
      if (replaces === undefined) return '';
      endByApp(context, replaces.token);
      return this.route.carrier.clear;
    }
    const session = this.begin();
    if (replaces !== undefined) {
      context.sessions.end(replaces.token, 'Replaced');
      context.announceEnd(replaces.token);
    }
    const token = {
      ...session,
      endpointId: this.endpoint.id,
      backendId: this.backend.id,
      lastSeenS: session.issuedAtS,
    };
    return tokenLine(this.route, context.backend(this.backend.key) ?? this.backend, { token, cache: context.cache });
  }

  private begin(): SessionEntry {
    const context = this.context;
    const { sessions } = context;
    const nowMs = context.clock.nowMs();
    const session = { ...context.newSessionId(), issuedAtS: tokenSeconds(nowMs) };
    sessions.open(session, this.slot, nowMs);
    sessions.addStarting(this.slot, -1);
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
      sessions.addStarting(this.slot, -1);
      return;
    }
    const nowMs = context.clock.nowMs();
    sessions.close(this.session, nowMs);
    if (nowMs - this.session.issuedAtS * 1000 > renewAfterMs(this.backend.limits)) context.announceSeen(this.session);
  }
}
