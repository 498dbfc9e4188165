import { createBody, readBody } from './body.ts';
import type { Body } from './body.ts';
import { joinedCopy } from '../net/byte-copy.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Request } from './request.ts';

/** The client's connection, as far as a request is read from it. */
export interface RequestSource {
  readonly pending: Buffer | undefined;
  /** Removes the first bytes of `pending`. */
  drop(count: number): void;
  pause(): void;
  resume(): void;
}

/** Where the request is written to. `write` returns false where the next write must wait for `drained`. */
export interface RequestTarget {
  write(data: string | Buffer): boolean;
}

/** RFC 9110 §9.2.2: sending it twice does what sending it once does. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Writes the request to the app: the head and what has come of the body in one write, then the body as it comes. */
export class RequestWriter {
  /** As the app gets it; known with the route. */
  head = '';
  /** The app does not take what was written yet. */
  blocked = false;
  /** The body is not valid. */
  refusal: Refusal | undefined;
  private readonly client: RequestSource;
  private readonly body: Body;
  /** May be sent twice (RFC 9110 §9.2.2). */
  readonly idempotent: boolean;
  private begun = false;
  /** The whole request, as long as it may be sent again. */
  private replay: string | Buffer | undefined;

  constructor(client: RequestSource, request: Request) {
    this.client = client;
    this.body = createBody(request.framing);
    this.idempotent = idempotentMethods.has(request.method);
  }

  /** Everything came and was written, if not taken by the app yet. */
  get done(): boolean {
    return this.body.done;
  }

  /** All of it is at hand, doing it twice does no harm, and the app has not begun to answer. */
  get mayBeSentAgain(): boolean {
    return this.replay !== undefined;
  }

  /** There is a connection. Nothing of the body was taken before, so that until here every failure leaves it whole. */
  begin(upstream: RequestTarget): void {
    const whole = this.replay ?? this.firstPiece();
    if (this.refusal !== undefined) return;
    this.begun = true;
    if (this.blocked) {
      // By a connection that is gone.
      this.drained();
    }
    this.replay = this.body.done && this.idempotent ? whole : undefined;
    this.write(upstream, whole);
  }

  private firstPiece(): string | Buffer {
    const { pending } = this.client;
    if (pending === undefined || this.body.done) return this.head;
    const end = readBody(this.body, pending, 0, pending.length);
    this.refusal = this.body.refusal;
    const piece = joinedCopy(this.head, pending, 0, end);
    this.client.drop(end);
    return piece;
  }

  /** Bytes from the client. Returns how many of them belong to this request and were consumed. */
  take(upstream: RequestTarget, bytes: Buffer): number {
    if (!this.begun) return 0;
    const end = readBody(this.body, bytes, 0, bytes.length);
    this.refusal = this.body.refusal;
    if (this.refusal === undefined && end > 0) {
      this.write(upstream, end === bytes.length ? bytes : bytes.subarray(0, end));
    }
    return end;
  }

  private write(upstream: RequestTarget, data: string | Buffer): void {
    if (!upstream.write(data)) {
      this.blocked = true;
      this.client.pause();
    }
  }

  drained(): void {
    this.blocked = false;
    this.client.resume();
  }

  /** The app has begun to answer: it saw the request. */
  answered(): void {
    this.replay = undefined;
  }
}
