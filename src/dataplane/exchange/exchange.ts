import type { Phase } from './progress.ts';
import type { ConnectFailure, Forwarding, RouteDecision, Reply, SessionHold, SessionResponse } from '../routing.ts';
import type { UpstreamConnection, UpstreamUser } from '../upstream/connection.ts';
import { joinedCopy, noBytes } from '../net/byte-copy.ts';
import type { Range } from '../net/tcp-socket.ts';
import type { ClientSide } from './client-side.ts';
import { classifyConnectFailure, countConnectFailure } from './connect-failure.ts';
import { countReason } from './counters.ts';
import { buildRequestHead } from '../h1/forwarded-head.ts';
import { createHead } from '../h1/head-parser.ts';
import type { AccessEntry, Outcome } from '../access-log/access-log.ts';
import type { ServerContext } from './options.ts';
import { progressTimeoutMs } from './progress.ts';
import { badGateway, gatewayTimeout, internalError, unreachable } from '../h1/replies.ts';
import { noFields } from '../http/header-fields.ts';
import type { HeaderField } from '../http/header-fields.ts';
import { refusals, type Refusal } from '../http/refusals.ts';
import type { Request } from '../h1/request.ts';
import { RequestWriter } from '../h1/request-writer.ts';
import { Mirrors } from './mirrors.ts';
import { startRouteTimers, type RouteTimers } from './route-timers.ts';
import { ResponseReader, type ResponseSink, type SwitchedProtocols } from '../h1/response-reader.ts';
import { Tunnel } from './tunnel.ts';
import { Unanswered } from './unanswered.ts';

/**
 * One request and its response, and then the next ones of the same connection: its objects are as old as the connection. Every exit calls `end`,
 * which releases the session's hold exactly once; after it nothing refers to the exchange but its connection.
 *
 *   routing ─forward─► connecting ──► sent ──response head──► responding ──complete──► over
 *      │                │  ▲  │         │  │                      │ incomplete: the client's connection is aborted
 *      │ reply          │  └──┘ again,  │  └─101─► Tunnel         ▼
 *      ▼                │ or elsewhere  │ no response: 502, 504  over
 *    over ◄─────reply───┘               ▼
 *                          idle connection was closed, and the request may be sent twice ──► connecting, once
 */
export class Exchange implements UpstreamUser, ResponseSink {
  method = '';
  http10 = false;
  upgrade: string | undefined;
  isHttps = false;
  edits: ResponseSink['edits'];
  private readonly client: ClientSide;
  private readonly context: ServerContext;
  private readonly request: RequestWriter;
  private readonly response: ResponseReader;
  private clientStays = false;
  private phase: Phase = 'over';
  private hold: SessionHold | undefined;
  private forwarding: Forwarding | undefined;
  private origin: string | undefined;
  private timers: RouteTimers | undefined;
  private upstream: UpstreamConnection | undefined;
  private cancelRetry: (() => void) | undefined;
  private clientBlocked = false;
  /** Undefined: the request is not in the access log. */
  private entry: AccessEntry | undefined;
  private readonly unanswered = new Unanswered();

  constructor(client: ClientSide, context: ServerContext) {
    this.client = client;
    this.context = context;
    this.request = new RequestWriter(client);
    this.response = new ResponseReader(context, this);
  }

  /** The previous request is over. */
  begin(request: Request): void {
    this.method = request.method;
    this.http10 = request.head.minorVersion === 0;
    this.upgrade = request.connection.upgrade;
    this.isHttps = request.scheme === 'https';
    this.clientStays = this.http10 ? request.connection.keepAlive : !request.connection.close;
    this.edits = undefined;
    this.phase = 'routing';
    this.forwarding = undefined;
    this.origin = undefined;
    this.timers = undefined;
    this.cancelRetry = undefined;
    this.clientBlocked = false;
    this.entry = undefined;
    this.request.start(request);
    this.response.start();
    this.context.counters.requestsOpen += 1;
  }

  start(request: Request, listenerPort: number): void {
    if (this.context.accessLog !== undefined) this.entry = this.context.accessLog.begin(request, listenerPort);
    const decision = this.context.router.route(request, listenerPort);
    if (!(decision instanceof Promise)) {
      this.routed(decision, request);
      return;
    }
    const arrivedMs = this.context.clock.nowMs();
    // Other requests are parsed while this one waits: it keeps its head, they get a new one.
    this.context.requestHead = createHead(request.head.limits);
    request.head.bytes = Buffer.from(request.head.bytes.subarray(0, request.head.end));
    decision.then((made) => this.routed(made, request, arrivedMs)).catch((error: unknown) => this.fault(error));
  }

  /** `arrivedMs`: of a request that has waited for its route. */
  private routed(decision: RouteDecision, request: Request, arrivedMs?: number): void {
    if (decision.kind === 'reply') {
      this.respond(decision.reply);
      return;
    }
    if (this.phase === 'over') {
      decision.hold.release();
      return;
    }
    this.hold = decision.hold;
    const { forwarding, filter } = decision.hold;
    this.request.useHead(buildRequestHead(request, filter), filter);
    if (forwarding !== undefined) this.follow(forwarding, request, arrivedMs);
    this.reach(decision.hold);
  }

  private reach(hold: SessionHold): void {
    const { pool } = this.context;
    this.phase = 'connecting';
    if (this.entry !== undefined) this.entry.hold = hold;
    if (hold.forwarding !== this.forwarding) this.edit(hold);
    const pooled = pool.take(hold, this, this.request.idempotent ? 'any' : 'fresh');
    if (pooled === 'full') {
      this.connectFailed('LimitReached');
      return;
    }
    this.upstream = pooled ?? pool.connect(hold, this);
    this.unanswered.begin(this.upstream.group);
    if (pooled !== undefined) this.send(pooled);
  }

  /** What is the same for all backends of the route. */
  private follow(forwarding: Forwarding, request: Request, arrivedMs: number | undefined): void {
    const { timeouts, mirrors } = forwarding;
    this.origin = request.header('origin');
    if (mirrors && this.upgrade === undefined) this.request.copies = new Mirrors(this.context, forwarding);
    if (timeouts !== undefined) this.timers = startRouteTimers(this.context.clock, timeouts, arrivedMs, this);
  }

  /** The backends of a route may have different filters: the request is edited from its beginning. */
  private edit({ forwarding, filter }: SessionHold): void {
    this.forwarding = forwarding;
    this.edits = forwarding?.responseFor?.(this.origin);
    this.request.edit(forwarding?.request, filter);
  }

  private retry(hold: SessionHold): void {
    try {
      this.reach(hold);
    } catch (error) {
      this.fault(error);
    }
  }

  get upstreamAwaited(): boolean {
    return this.phase === 'sent';
  }

  upstreamConnected(): void {
    if (this.upstream !== undefined) this.send(this.upstream);
  }

  private send(upstream: UpstreamConnection): void {
    this.timers?.attempt();
    this.request.begin(upstream);
    if (this.request.refusal === undefined) {
      this.phase = 'sent';
      this.awaitProgress();
    } else {
      this.refuseRequest(this.request.refusal);
    }
  }

  /** The rest of the request is still to come. */
  get receivesBody(): boolean {
    return !this.request.done;
  }

  /** Bytes from the client. Returns how many of them belong to this request and were consumed. */
  requestBytes(bytes: Buffer): number {
    const taken = this.upstream === undefined ? 0 : this.request.take(this.upstream, bytes);
    if (this.request.refusal !== undefined) {
      this.refuseRequest(this.request.refusal);
      return bytes.length;
    }
    if (taken > 0) this.awaitProgress();
    return taken;
  }

  private refuseRequest(refusal: Refusal): void {
    const begun = this.phase === 'responding';
    this.end(refusal);
    if (begun) {
      this.client.cut('close');
    } else {
      this.client.refuse(refusal);
    }
  }

  upstreamDrained(): void {
    this.request.drained();
    this.awaitProgress();
  }

  clientDrained(): void {
    this.clientBlocked = false;
    this.upstream?.socket.resume();
    this.awaitProgress();
  }

  upstreamBytes(bytes: Buffer, length: number): void {
    this.request.answered();
    this.response.take(bytes, length);
  }

  // Results of the response reader.

  interim(head: string): void {
    if (!this.http10) this.toClient(head, noBytes, { from: 0, to: 0 });
  }

  get filter(): SessionHold['filter'] | undefined {
    return this.hold?.filter;
  }

  sessionFields(response: SessionResponse): readonly HeaderField[] {
    return this.hold?.responseHead(response) ?? noFields;
  }

  isFirstResponse(): boolean {
    return this.upstream?.reused === false;
  }

  /** Not while the request is still arriving: if the response ends first, the next request could not be found. */
  clientMayStay(): boolean {
    return this.clientStays && this.request.done && this.context.shutdown === 'no';
  }

  content(text: string, bytes: Buffer, range: Range): void {
    this.phase = 'responding';
    this.unanswered.end();
    this.toClient(text, bytes, range);
    this.awaitProgress();
  }

  private toClient(text: string, bytes: Buffer, range: Range): void {
    const length = text.length + range.to - range.from;
    if (this.entry !== undefined) this.entry.bytes += length;
    if (length > 0 && !this.client.send(text, bytes, range)) {
      this.clientBlocked = true;
      this.upstream?.socket.pause();
    }
  }

  largeBodyBegun(): void {
    this.upstream?.socket.expect('Large');
  }

  complete(): void {
    const { upstream } = this;
    this.upstream = undefined;
    // A request that was not sent completely leaves the connection in the middle of a message.
    if (
      upstream !== undefined &&
      this.response.upstreamStays &&
      this.request.done &&
      upstream.socket.queuedBytes === 0
    ) {
      this.returnToPool(upstream);
    } else {
      upstream?.destroy();
    }
    this.end();
    this.client.exchangeOver(this.response.clientStays ? 'keepAlive' : 'close');
  }

  private returnToPool(upstream: UpstreamConnection): void {
    upstream.socket.expect('Stream', !this.clientBlocked);
    if (this.clientBlocked) upstream.socket.resume();
    if (this.response.keepAliveSeconds !== undefined) upstream.idleLimitMs = this.response.keepAliveSeconds * 1000;
    this.context.pool.give(upstream);
  }

  invalid(refusal: Refusal): void {
    this.fail(badGateway(`The app's response is not valid HTTP/1.1: ${refusal.body}`));
  }

  switched({ head, rest }: SwitchedProtocols): void {
    const { hold, upstream, entry } = this;
    if (this.upgrade === undefined || !this.request.done || hold === undefined || upstream === undefined) {
      this.fail(badGateway('The app switched protocols without a request to do so.'));
      return;
    }
    this.hold = undefined;
    this.upstream = undefined;
    this.entry = undefined;
    this.end();
    this.client.write(joinedCopy(head, rest, 0, rest.length));
    this.client.tunnelBegun(new Tunnel({ client: this.client, upstream, hold, context: this.context, entry }));
  }

  // Failures.

  upstreamEnded(): void {
    if (this.phase === 'responding' && this.response.endsWithConnection) {
      this.response.upstreamStays = false;
      this.complete();
      return;
    }
    this.upstream?.destroy();
    this.upstreamGone('closed the connection');
  }

  upstreamClosed(reason: string): void {
    if (this.upstream?.connected === false) {
      countConnectFailure(this.context.counters, reason);
      this.connectFailed(classifyConnectFailure(reason));
    } else {
      this.upstreamGone(reason);
    }
  }

  private connectFailed(failure: ConnectFailure): void {
    this.upstream = undefined;
    this.unanswered.end();
    const { hold } = this;
    if (hold === undefined) return;
    const next = hold.connectFailed(failure);
    switch (next.kind) {
      case 'retry':
        this.cancelRetry = this.context.clock.after(next.afterMs, () => this.retry(hold));
        return;
      case 'forward':
        this.hold = next.hold;
        this.reach(next.hold);
        return;
      case 'reply':
        this.respond(next.reply);
    }
  }

  private upstreamGone(reason: string): void {
    const reused = this.upstream?.reused === true;
    this.upstream = undefined;
    // RFC 9112 §9.3.1: the app closed an idle connection while we sent on it. On a fresh connection a failure has another cause, so there is no second retry.
    if (!reused || !this.request.mayBeSentAgain || this.hold === undefined) {
      this.fail(badGateway(`The app gave no complete response: ${reason}.`));
      return;
    }
    this.context.counters.upstreamRetries += 1;
    this.phase = 'connecting';
    this.upstream = this.context.pool.connect(this.hold, this);
  }

  /** The session side need not try again: several probes have. */
  upstreamUnreachable(): void {
    this.upstream = undefined;
    this.context.counters.upstreamConnectFailures += 1;
    if (this.phase === 'responding') {
      this.fail(unreachable);
    } else if (this.request.mayBeSentAgain) {
      this.connectFailed('Silent');
    } else {
      // The session hold is still notified, so that the client's next request does not wait for retries.
      const next = this.hold?.connectFailed('Silent');
      this.hold = next?.kind === 'forward' ? next.hold : this.hold;
      this.respond(unreachable);
    }
  }

  /** The response cannot be completed: the proxy responds itself, or closes the connection so that the client sees an incomplete response. */
  fail(reply: Reply): void {
    if (this.phase !== 'responding') {
      this.respond(reply);
      return;
    }
    this.context.counters.responsesTruncated += 1;
    this.end(reply);
    this.client.cut(this.response.endsWithConnection ? 'reset' : 'close');
  }

  private respond(reply: Reply): void {
    if (this.phase === 'over') return;
    this.end(reply);
    const { replies, limitRefusals } = this.context.counters;
    countReason(replies, reply.reason);
    // Not each attempt: a request of a session is retried, and a new session may find room on another pod.
    if (reply.reason === 'TooManyRequests') limitRefusals.requestsPerEndpoint += 1;
    this.client.reply(reply, { closes: this.http10 || !this.clientMayStay(), isHead: this.method === 'HEAD' });
  }

  /** The client's connection is closed. */
  clientGone(): void {
    if (this.phase !== 'over') {
      this.context.counters.clientsGone += 1;
      this.end({ reason: 'ClientGone' });
    }
  }

  /** FIN may be a half-close or the end of the connection; only a write would show which. The exchange continues, but not without progress for long. */
  clientEnded(): void {
    if (this.request.done || this.client.pending !== undefined) {
      this.awaitProgress();
    } else {
      this.client.cut('close');
    }
  }

  /** The deadline of the client's connection, which belongs to the exchange while it runs. */
  deadlinePassed(): void {
    if (this.client.halfClosed || this.phase === 'responding') {
      if (this.awaitsBody) this.context.counters.limitRefusals.requestBody += 1;
      this.client.cut(this.response.endsWithConnection ? 'reset' : 'close');
    } else if (this.awaitsApp) {
      this.context.counters.limitRefusals.responseHead += 1;
      this.respond(gatewayTimeout('The app did not respond in time.'));
    } else {
      this.context.counters.limitRefusals.requestBody += 1;
      this.refuseRequest(refusals.RequestTimeout);
    }
  }

  private awaitProgress(): void {
    if (this.phase === 'sent') this.recountUnanswered();
    const { timeouts, deadlines } = this.context;
    const delayMs = progressTimeoutMs(this.phase, this.awaitsApp, this.clientBlocked, timeouts);
    this.client.deadlineMs = deadlines.in(this.client.halfClosed ? Math.min(delayMs, timeouts.halfClosedMs) : delayMs);
  }

  /** A request that waits for the rest of its body does not wait for the endpoint: slow clients must not use up its limit for all others. */
  private recountUnanswered(): void {
    if (!this.awaitsApp) this.unanswered.end();
    else if (this.upstream !== undefined) this.unanswered.begin(this.upstream.group);
  }

  /** The client owes the rest of its body, and reads what it receives. */
  private get awaitsBody(): boolean {
    return !this.client.halfClosed && !this.clientBlocked && !this.awaitsApp;
  }

  /** The exchange waits for the app, not for the client. */
  private get awaitsApp(): boolean {
    return this.request.done || this.request.blocked;
  }

  fault(error: unknown): void {
    this.client.fault(error);
  }

  /** A fault ended it. The connection is not used again: which part of the state is damaged is unknown. */
  abort(): void {
    const isOver = this.phase === 'over';
    if (isOver || this.phase === 'responding') {
      this.context.counters.responsesTruncated += isOver ? 0 : 1;
      this.client.cut(this.response.endsWithConnection ? 'reset' : 'close');
      this.end(internalError);
      return;
    }
    this.end(internalError);
    countReason(this.context.counters.replies, internalError.reason);
    this.client.reply(internalError, { closes: true, isHead: this.method === 'HEAD' });
  }

  /** `outcome`: there is no complete response of the app. */
  private end(outcome?: Outcome): void {
    if (this.phase === 'over') return;
    if (this.entry !== undefined) this.entry.finish(this.phase === 'responding' ? this.response.status : 0, outcome);
    this.phase = 'over';
    this.context.counters.requestsOpen -= 1;
    this.client.deadlineMs = Infinity;
    const { hold } = this;
    this.hold = undefined;
    try {
      this.cancelRetry?.();
      this.timers?.cancel();
      this.request.end();
      this.unanswered.end();
      this.upstream?.destroy();
      this.upstream = undefined;
    } finally {
      hold?.release();
    }
  }
}
