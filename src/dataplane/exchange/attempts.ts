/** When a request is sent again: because its endpoint was not reached, or because the app failed and the route has retries. */
import type { AccessEntry } from '../access-log/access-log.ts';
import type { ServerContext } from '../context.ts';
import type { ConnectFailure, Reply, RetryPolicy, SessionHold } from '../routing.ts';
import type { UpstreamStream } from '../streams.ts';
import { discardResponse } from './discarded-response.ts';

/** The request whose attempts they are. */
export interface AttemptedRequest {
  reach(hold: SessionHold): void;
  respond(reply: Reply): void;
  fault(error: unknown): void;
}

/** As old as the exchange: of one request after another. */
export class Attempts {
  private readonly request: AttemptedRequest;
  private readonly context: ServerContext;
  /** Undefined: the route has no retries. */
  private policy: RetryPolicy | undefined;
  private retries = 0;
  private cancel: (() => void) | undefined;

  constructor(request: AttemptedRequest, context: ServerContext) {
    this.request = request;
    this.context = context;
  }

  begin(): void {
    this.policy = undefined;
    this.retries = 0;
    this.cancel = undefined;
  }

  follow(policy: RetryPolicy): void {
    this.policy = policy;
    policy.begun();
  }

  /** The client has received a part of a response. */
  responded(): void {
    this.policy = undefined;
  }

  isFailure(status: number): boolean {
    return this.policy !== undefined && this.policy.isFailure(status);
  }

  connectFailed(hold: SessionHold, failure: ConnectFailure): void {
    const next = hold.connectFailed(failure);
    switch (next.kind) {
      case 'retry':
        this.cancel = this.after(next.afterMs, () => hold);
        return;
      case 'forward':
        this.request.reach(next.hold);
        return;
      case 'reply':
        this.request.respond(next.reply);
    }
  }

  /** The app has failed. Returns false if the request is not sent again. `rest`: the stream of a response that is not complete. */
  again(hold: SessionHold, entry: AccessEntry | undefined, rest: UpstreamStream | undefined): boolean {
    const delayMs = this.nextDelayMs();
    if (delayMs === undefined) return false;
    if (entry !== undefined) entry.retries = this.retries;
    const endRest = rest && discardResponse(rest);
    const cancel = this.after(delayMs, () => {
      endRest?.();
      return hold.again();
    });
    this.cancel = () => {
      cancel();
      endRest?.();
    };
    return true;
  }

  private nextDelayMs(): number | undefined {
    const next = this.policy?.next(this.retries);
    if (next === undefined) return undefined;
    const isDelay = typeof next === 'number';
    this.context.counters.retries[isDelay ? 'Sent' : next] += 1;
    if (!isDelay) return undefined;
    this.retries += 1;
    return next;
  }

  private after(delayMs: number, next: () => SessionHold): () => void {
    return this.context.clock.after(delayMs, () => {
      try {
        this.request.reach(next());
      } catch (error) {
        this.request.fault(error);
      }
    });
  }

  end(): void {
    this.cancel?.();
  }
}
