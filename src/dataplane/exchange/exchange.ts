import type { AccessEntry, Outcome } from '../access-log/access-log.ts';
import type { ServerContext } from '../context.ts';
import { countReason, countStatus } from '../counters.ts';
import type { Head } from '../http/head.ts';
import { noFields } from '../http/header-fields.ts';
import type { HeaderField } from '../http/header-fields.ts';
import { refusals, type Refusal } from '../http/refusals.ts';
import type { Request } from '../http/request.ts';
import { clientRequestId } from '../http/request-ids.ts';
import type { Range } from '../net/tcp-socket.ts';
import type { ConnectFailure, Forwarding, Reply, RouteDecision, SessionHold } from '../routing.ts';
import type { ClientStream, RequestHandler, UpstreamStream, UpstreamStreamUser } from '../streams.ts';
import type { Reuse } from '../upstream/pool.ts';
import { classifyConnectFailure, countConnectFailure } from '../upstream/connect-failure.ts';
import { Attempts, type AttemptedRequest } from './attempts.ts';
import { ExchangeChanges } from './exchange-changes.ts';
import { ForwardedRequest } from './forwarded-request.ts';
import { hidesFromApp, hidesFromClient } from './hidden-trailers.ts';
import { Mirrors } from './mirrors.ts';
import { progressTimeoutMs, type Phase } from './progress.ts';
import { badGateway, gatewayTimeout, internalError, unreachable } from './replies.ts';
import { startRouteTimers, type RouteTimers } from './route-timers.ts';
import { sessionFacts } from './session-facts.ts';
import { Tunnel } from './tunnel.ts';
import { Unanswered } from './unanswered.ts';

/**
 * One request and its response, and then the next ones of the same stream: its objects are as old as the stream. Every exit calls `end`, which releases
 * the session's hold exactly once; after it nothing refers to the exchange but its stream.
 *
 *   routing ─forward─► connecting ──► sent ──response head──► responding ──its end──► over
 *      │                │  ▲  │         │  │                      │ incomplete: the client's stream is aborted
 *      │ reply          │  └──┘ again,  │  └─101─► Tunnel         ▼
 *      ▼                │ or elsewhere  │ no response: 502, 504  over
 *    over ◄─────reply───┘               ▼
 *                          idle connection was closed, and the request may be sent twice ──► connecting, once
 *                          the app failed, and the route has retries ──delay──► connecting
 */
export class Exchange implements RequestHandler, UpstreamStreamUser, AttemptedRequest {
  private readonly client: ClientStream;
  private readonly context: ServerContext;
  private readonly request = new ForwardedRequest();
  private readonly unanswered = new Unanswered();
  private readonly attempts: Attempts;
  private readonly changes = new ExchangeChanges();
  private phase: Phase = 'over';
  private asked: Request | undefined;
  private isHttps = false;
  private hold: SessionHold | undefined;
  private upstream: UpstreamStream | undefined;
  /** The head is being sent: content that comes now was received with it. */
  private isSending = false;
  private status = 0;
  private clientBlocked = false;
  private timers: RouteTimers | undefined;
  /** Undefined: the request is not in the access log. */
  private entry: AccessEntry | undefined;

  constructor(client: ClientStream, context: ServerContext) {
    this.client = client;
    this.context = context;
    this.attempts = new Attempts(this, context);
  }

  begin(request: Request, listenerPort: number): void {
    this.reset(request);
    this.context.counters.requestsOpen += 1;
    this.entry = this.context.accessLog?.begin(request, listenerPort, this.request.replacedId);
    const decision = this.context.router.route(request, listenerPort);
    if (!(decision instanceof Promise)) {
      this.routed(decision, request);
      return;
    }
    const arrivedMs = this.context.clock.nowMs();
    request.keep();
    decision
      .then((made) => this.routed(made, request, arrivedMs))
      .catch((error: unknown) => {
        if (this.asked === request) this.fault(error);
      });
  }

  private reset(request: Request): void {
    this.phase = 'routing';
    this.asked = request;
    this.isHttps = request.scheme === 'https';
    this.request.begin(request, this.context.replaceId);
    this.changes.begin(request.method);
    this.status = 0;
    this.clientBlocked = false;
    this.timers = undefined;
    this.attempts.begin();
    this.entry = undefined;
  }

  /** `arrivedMs`: of a request that has waited for its route. */
  private routed(decision: RouteDecision, request: Request, arrivedMs?: number): void {
    // Its client may have left meanwhile, and the exchange may have another request.
    const isCurrent = this.asked === request;
    if (decision.kind === 'reply') {
      if (isCurrent) this.respond(decision.reply);
      return;
    }
    if (!isCurrent) {
      decision.hold.release();
      return;
    }
    this.hold = decision.hold;
    const { forwarding } = decision.hold;
    if (forwarding !== undefined) this.follow(forwarding, request, arrivedMs);
    this.reach(decision.hold);
  }

  /** What is the same for all backends of the route. */
  private follow(forwarding: Forwarding, request: Request, arrivedMs: number | undefined): void {
    const { timeouts, retry, mirrors } = forwarding;
    this.changes.origin = request.header('origin');
    if (mirrors && !this.request.upgrades) {
      this.request.mirrors = new Mirrors(this.context, forwarding);
    }
    if (retry !== undefined) {
      this.attempts.follow(retry);
      this.request.retain();
    }
    if (timeouts !== undefined) this.timers = startRouteTimers(this.context.clock, timeouts, arrivedMs, this);
  }

  reach(hold: SessionHold, reuse: Reuse = this.request.idempotent ? 'Any' : 'Fresh'): void {
    this.hold = hold;
    this.phase = 'connecting';
    if (this.entry !== undefined) this.entry.hold = hold;
    this.changes.use(hold);
    const upstream = this.context.pool.lease(hold, this, reuse);
    if (upstream === 'Full') {
      this.connectFailed('LimitReached');
      return;
    }
    this.upstream = upstream;
    this.unanswered.begin(upstream.endpoint);
    if (upstream.isReady) this.send(upstream, hold);
    else this.asked?.keep();
  }

  // The request.

  get upstreamAwaited(): boolean {
    return this.phase === 'sent';
  }

  upstreamReady(): void {
    const { upstream, hold } = this;
    if (upstream !== undefined && hold !== undefined) this.send(upstream, hold);
  }

  private send(upstream: UpstreamStream, { filter, forwarding }: SessionHold): void {
    const { asked } = this;
    if (asked === undefined) return;
    this.timers?.attempt();
    this.phase = 'sent';
    this.request.sendTo(upstream, asked, { filter, edits: forwarding?.request });
    if (!this.request.done) {
      this.isSending = true;
      this.client.readRequest();
      this.isSending = false;
    }
    if (this.upstream !== upstream) return;
    upstream.flush();
    this.awaitProgress();
  }

  requestContent(bytes: Buffer, range: Range, endStream: boolean): void {
    const { upstream, request } = this;
    if (upstream === undefined) return;
    const isAccepted = this.isSending
      ? request.passFirst(upstream, bytes, range, endStream)
      : request.pass(upstream, bytes, range, endStream);
    if (!isAccepted) this.client.pauseRequest();
    if (!this.isSending) this.awaitProgress();
  }

  requestEnded(trailers: Head | undefined): void {
    const { upstream, hold } = this;
    if (upstream === undefined || hold === undefined) return;
    if (trailers !== undefined && hidesFromApp(trailers, hold.filter, hold.forwarding?.request)) {
      this.requestInvalid(refusals.ForbiddenTrailer);
      return;
    }
    this.request.endWith(upstream, trailers);
    if (!this.isSending) this.awaitProgress();
  }

  requestInvalid(refusal: Refusal): void {
    const hasBegun = this.phase === 'responding';
    this.end(refusal);
    if (hasBegun) this.client.abort();
    else this.client.refuse(refusal);
  }

  upstreamDrained(): void {
    this.request.blocked = false;
    this.client.readRequest();
    this.awaitProgress();
  }

  // The response.

  responseInterim(head: Head): void {
    this.attempts.responded();
    this.client.sendInterim(head, this.changes.ofInterim);
  }

  responseHead(head: Head, endStream: boolean): void {
    if (this.attempts.isFailure(head.status) && this.refuse(endStream)) return;
    this.request.answered();
    this.unanswered.end();
    if (head.status === 101) {
      this.switched(head);
      return;
    }
    this.changes.sessionFields = this.sessionFields(head);
    countStatus(this.context.counters.responsesByClass, head.status);
    this.status = head.status;
    this.phase = 'responding';
    if (endStream) this.finish();
    this.client.sendHead(head, this.changes, endStream);
    if (!endStream) this.awaitProgress();
  }

  private sessionFields(head: Head): readonly HeaderField[] {
    const { hold, changes, isHttps } = this;
    if (hold === undefined) return noFields;
    return hold.responseHead(sessionFacts(head, hold.filter, { method: changes.method, isHttps }));
  }

  responseContent(bytes: Buffer, range: Range, endStream: boolean): void {
    if (this.entry !== undefined) this.entry.bytes += range.to - range.from;
    if (endStream) {
      this.finish();
      this.client.sendContent(bytes, range, true);
      return;
    }
    if (!this.client.sendContent(bytes, range, false)) {
      this.clientBlocked = true;
      this.upstream?.pauseResponse();
    }
    this.awaitProgress();
  }

  responseEnded(trailers: Head | undefined): void {
    if (trailers !== undefined && this.hold !== undefined && hidesFromClient(trailers, this.hold.filter)) {
      this.responseInvalid(refusals.ForbiddenTrailer);
      return;
    }
    this.finish();
    this.client.sendTrailers(trailers);
  }

  responsePaused(): void {
    this.client.flush();
  }

  responseInvalid(refusal: Refusal): void {
    this.fail(badGateway(`The app's response is not valid HTTP: ${refusal.body}`));
  }

  clientDrained(): void {
    this.clientBlocked = false;
    this.upstream?.readResponse();
    this.awaitProgress();
  }

  /** The response is complete; what is left of it is sent after this. The stream of the endpoint ends by itself. */
  private finish(): void {
    this.upstream = undefined;
    this.end();
  }

  private switched(head: Head): void {
    const { hold, upstream, entry, client } = this;
    const { upgrades, done } = this.request;
    if (!upgrades || !done || hold === undefined || upstream === undefined) {
      this.fail(badGateway('The app switched protocols without a request to do so.'));
      return;
    }
    this.changes.sessionFields = this.sessionFields(head);
    this.hold = undefined;
    this.entry = undefined;
    this.finish();
    const tunnel = new Tunnel({ client, upstream, hold, context: this.context, entry });
    client.sendHead(head, this.changes, false);
    tunnel.begin();
  }

  // Failures.

  upstreamGone(reason: string, { wasProcessed } = { wasProcessed: true }): void {
    if (this.upstream?.isReady === false) {
      countConnectFailure(this.context.counters, reason);
      this.connectFailed(classifyConnectFailure(reason));
      return;
    }
    const isReused = this.upstream?.isReused === true;
    const { hold } = this;
    this.upstream = undefined;
    // RFC 9112 §9.3.1: the app closed an idle connection while we sent on it. On a fresh connection a failure has another cause, so there is no second retry.
    const mayRepeat = wasProcessed ? isReused && this.request.mayBeSentAgain : this.request.mayBeSentElsewhere;
    if (!mayRepeat || hold === undefined) {
      if (this.repeat(wasProcessed ? this.request.mayBeSentAgain : this.request.isWhole)) return;
      this.fail(badGateway(`The app gave no complete response: ${reason}.`));
      return;
    }
    this.context.counters.upstreamRetries += 1;
    this.asked?.recall();
    this.reach(hold, 'None');
  }

  private connectFailed(failure: ConnectFailure): void {
    this.upstream = undefined;
    this.unanswered.end();
    const { hold } = this;
    if (hold === undefined) return;
    this.asked?.keep();
    this.attempts.connectFailed(hold, failure);
  }

  /** The response says that the app has failed. Returns false if the client gets it. */
  private refuse(endStream: boolean): boolean {
    return this.repeat(this.request.isWhole, endStream ? undefined : this.upstream);
  }

  attemptFailed(reply: Reply): void {
    const { upstream } = this;
    if (this.phase === 'sent' && this.repeat(this.request.mayBeSentAgain)) upstream?.abort();
    else this.fail(reply);
  }

  /** Sends the request again after a while, if its route has retries left for it. `rest`: the stream of a response that is not complete. */
  private repeat(mayRepeat: boolean, rest?: UpstreamStream): boolean {
    const { hold } = this;
    if (!mayRepeat || hold === undefined || !this.attempts.again(hold, this.entry, rest)) return false;
    this.phase = 'connecting';
    this.upstream = undefined;
    this.unanswered.end();
    this.timers?.attemptOver();
    this.asked?.recall();
    return true;
  }

  /** The session side need not try again: several probes have. */
  upstreamUnreachable(): void {
    this.upstream = undefined;
    this.context.counters.upstreamConnectFailures += 1;
    if (this.phase === 'responding') {
      this.fail(unreachable);
    } else if (this.request.mayBeSentAgain) {
      this.asked?.recall();
      this.connectFailed('Silent');
    } else {
      // The session hold is still notified, so that the client's next request does not wait for retries.
      const next = this.hold?.connectFailed('Silent');
      this.hold = next?.kind === 'forward' ? next.hold : this.hold;
      this.respond(unreachable);
    }
  }

  /** The response cannot be completed: the proxy responds itself, or aborts the stream so that the client sees an incomplete response. */
  fail(reply: Reply): void {
    if (this.phase !== 'responding') {
      this.respond(reply);
      return;
    }
    this.context.counters.responsesTruncated += 1;
    this.end(reply);
    this.client.abort();
  }

  respond(reply: Reply): void {
    if (this.phase === 'over') return;
    this.end(reply);
    const { replies, limitRefusals } = this.context.counters;
    countReason(replies, reply.reason);
    // Not each attempt: a request of a session is retried, and a new session may find room on another pod.
    if (reply.reason === 'TooManyRequests') limitRefusals.requestsPerEndpoint += 1;
    this.client.reply(reply);
  }

  clientGone(): void {
    if (this.phase !== 'over') {
      this.context.counters.clientsGone += 1;
      this.end({ reason: 'ClientGone' });
    }
  }

  /** The exchange continues, but not without progress for long. */
  clientEnded(): void {
    this.awaitProgress();
  }

  deadlinePassed(): void {
    if (this.client.halfClosed || this.phase === 'responding') {
      if (this.awaitsBody) this.context.counters.limitRefusals.requestBody += 1;
      this.client.abort();
    } else if (this.request.awaitsApp) {
      this.context.counters.limitRefusals.responseHead += 1;
      this.respond(gatewayTimeout('The app did not respond in time.'));
    } else {
      this.context.counters.limitRefusals.requestBody += 1;
      this.requestInvalid(refusals.RequestTimeout);
    }
  }

  private awaitProgress(): void {
    if (this.phase === 'over') return;
    const { awaitsApp } = this.request;
    if (this.phase === 'sent') this.unanswered.recount(this.upstream?.endpoint, awaitsApp);
    const { timeouts, deadlines } = this.context;
    const delayMs = progressTimeoutMs(this.phase, awaitsApp, this.clientBlocked, timeouts);
    this.client.deadlineMs = deadlines.in(this.client.halfClosed ? Math.min(delayMs, timeouts.halfClosedMs) : delayMs);
  }

  /** The client owes the rest of its body, and reads what it receives. */
  private get awaitsBody(): boolean {
    return !this.client.halfClosed && !this.clientBlocked && !this.request.awaitsApp;
  }

  get requestId(): string | undefined {
    return this.entry?.requestId ?? this.request.replacedId?.id ?? (this.asked && clientRequestId(this.asked));
  }

  fault(error: unknown): void {
    this.client.fault(error);
  }

  /** A fault ended it. The connection is not used again: which part of the state is damaged is unknown. */
  abort(): void {
    const isOver = this.phase === 'over';
    if (isOver || this.phase === 'responding') {
      this.context.counters.responsesTruncated += isOver ? 0 : 1;
      this.end(internalError);
      this.client.abort();
      return;
    }
    this.end(internalError);
    countReason(this.context.counters.replies, internalError.reason);
    this.client.reply(internalError, { closes: true });
  }

  /** Only upgraded streams outlast a shutdown. */
  close(): void {
    this.client.abort();
  }

  /** `outcome`: there is no complete response of the app. */
  private end(outcome?: Outcome): void {
    if (this.phase === 'over') return;
    if (this.entry !== undefined) this.entry.finish(this.phase === 'responding' ? this.status : 0, outcome);
    this.phase = 'over';
    this.context.counters.requestsOpen -= 1;
    this.client.deadlineMs = Infinity;
    const { hold } = this;
    this.hold = undefined;
    this.asked = undefined;
    try {
      this.attempts.end();
      this.timers?.cancel();
      this.request.end();
      this.unanswered.end();
      this.upstream?.abort();
      this.upstream = undefined;
    } finally {
      hold?.release();
    }
  }
}
