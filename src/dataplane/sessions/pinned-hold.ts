/**
 * The hold of a request whose session has its pod. A class, because one is made per request: methods shared on a prototype, not
 * closures made anew.
 *
 *     route() ─► PinnedHold ──connectFailed──► retry … ─► lost ─► NewHold, or the reply that says so
 */
import { isRenewalDue, renewAfterMs, tokenSeconds, type Token } from '../../core/session/token.ts';
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
  type PinnedSession,
  type ResponseHead,
} from './hold-context.ts';
import { recordResponse, recordRefusal, retryAfterMs } from './outlier.ts';
import type { CompiledRoute } from './routes.ts';

export class PinnedHold implements SessionHold {
  readonly isNew = false;
  endpoint: Endpoint;
  private readonly context: HoldContext;
  private readonly route: CompiledRoute;
  private readonly backend: CompiledBackend;
  private readonly token: Token;
  private readonly slot: EndpointSlot;
  /** The date of the token that the client has. */
  private clientDateS: number;
  private retries = 0;
  private released = false;

  constructor(
    context: HoldContext,
    route: CompiledRoute,
    { backend, token, slot, nowMs }: PinnedSession & { slot: EndpointSlot; nowMs: number },
  ) {
    this.context = context;
    this.route = route;
    this.backend = backend;
    this.token = token;
    this.slot = slot;
    this.clientDateS = token.lastSeenS;
    this.endpoint = slot.endpoint;
    context.sessions.open(token, slot, nowMs);
  }

  get carrier(): SessionHold['carrier'] {
    return this.route.carrier;
  }

  connectFailed(): ConnectFailure {
    const context = this.context;
    const slot = this.slot;
    recordRefusal(slot, context.clock.nowMs());
    const { key } = this.backend;
    const endpoint = context.backend(key)?.find(this.token.endpointId)?.endpoint;
    const afterMs = retryAfterMs(slot, this.retries);
    if (afterMs !== undefined && endpoint !== undefined) {
      this.retries += 1;
      // A pod keeps its UID but not always its address: the next attempt goes where the newest table says.
      this.endpoint = endpoint;
      return { kind: 'retry', afterMs };
    }
    slot.unreachable = endpoint !== undefined;
    const next = context.lose(this.route, {
      backend: this.backend,
      token: this.token,
      reason: 'ConnectFailed',
      tried: [this.token.endpointId],
    });
    this.release();
    return next;
  }

  responseHead(response: ResponseHead): string {
    const context = this.context;
    recordResponse(this.slot);
    if (isEndedByApp(response, this.route, context.clock)) {
      endByApp(context, this.token);
      // Also where the app took the cookie away itself: it need not know path and domain of ours.
      return this.route.carrier.clear;
    }
    const backend = context.backend(this.backend.key) ?? this.backend;
    const nowMs = context.clock.nowMs();
    if (!isRenewalDue(this.token, backend.limits, { nowMs, currentKey: backend.keys.current })) return '';
    this.clientDateS = tokenSeconds(nowMs);
    return tokenLine(this.route, backend, {
      token: { ...this.token, lastSeenS: this.clientDateS },
      cache: context.cache,
    });
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    const context = this.context;
    const nowMs = context.clock.nowMs();
    context.sessions.close(this.token, nowMs);
    if (nowMs - this.clientDateS * 1000 > renewAfterMs(this.backend.limits)) context.announceSeen(this.token);
  }
}
