import { createBody, readBody } from './body.ts';
import { editedCopy } from './chunk-edits.ts';
import { joinedCopy } from '../net/byte-copy.ts';
import { editRequestHead } from './edited-head.ts';
import type { RequestEdits, TokenFilter } from '../routing.ts';
import { noHeaderNames, type HeaderNames } from '../http/header-names.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Request } from './request.ts';

/** The part of the client's connection from which a request is read. */
export interface RequestSource {
  readonly pending: Buffer | undefined;
  /** Removes the first bytes of `pending`. */
  drop(count: number): void;
  pause(): void;
  resume(): void;
}

/** The connection to which the request is written. `write` returns false if the next write must wait for `drained`. */
export interface RequestSink {
  write(data: string | Buffer): boolean;
}

/** Gets what is sent of the request, at no cost for the request itself. */
export interface RequestCopies {
  /** The head without the filters of the route, and the received part of the body. Called once. */
  begin(unedited: string, rest: string | Buffer): void;
  write(data: string | Buffer): void;
  /** The request ends before it is complete. */
  abandon(): void;
}

/** RFC 9110 §9.2.2: sending such a request twice has the same effect as sending it once. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Writes the request to the app: the head and the received part of the body in one write, then the rest of the body as it arrives. */
export class RequestWriter {
  /** The app has not accepted all written data yet. */
  blocked = false;
  /** The body is not valid. */
  refusal: Refusal | undefined;
  copies: RequestCopies | undefined;
  private readonly client: RequestSource;
  private body = createBody({ kind: 'none' });
  /** May be sent twice (RFC 9110 §9.2.2). */
  idempotent = false;
  /** For the app; known once the request is routed. */
  private head = '';
  /** Without the filters of the route. */
  private unedited = '';
  private begun = false;
  /** The whole request, while it may be sent again. */
  private replay: string | Buffer | undefined;

  constructor(client: RequestSource) {
    this.client = client;
  }

  /** The next request of the client. */
  start({ framing, method }: Request): void {
    this.body = createBody(framing);
    this.idempotent = idempotentMethods.has(method);
    this.blocked = false;
    this.refusal = undefined;
    this.copies = undefined;
    this.head = '';
    this.unedited = '';
    this.begun = false;
    this.replay = undefined;
  }

  /** The whole request has arrived and was written, though the app may not have accepted it yet. */
  get done(): boolean {
    return this.body.done;
  }

  /** It is available as a whole, idempotent, and the app has not started to respond. */
  get mayBeSentAgain(): boolean {
    return this.replay !== undefined;
  }

  /** Called with a connection. No part of the body was consumed before, so until here every failure leaves the request whole. */
  begin(upstream: RequestSink): void {
    const whole = this.replay ?? this.firstPiece();
    if (this.refusal !== undefined) return;
    if (!this.begun) this.copies?.begin(this.unedited, from(whole, this.head.length));
    this.begun = true;
    if (this.blocked) {
      // By a connection that is closed.
      this.drained();
    }
    this.replay = this.body.done && this.idempotent ? whole : undefined;
    this.write(upstream, whole);
  }

  useHead(head: string, filter: TokenFilter): void {
    this.unedited = head;
    this.head = head;
    this.useFilter(filter, noHeaderNames);
  }

  /** By the filters of the route; also a request that was sent before, and is sent again to a backend with other filters. */
  edit(edits: RequestEdits | undefined, filter: TokenFilter): void {
    const { replay, unedited } = this;
    const head = edits === undefined ? unedited : editRequestHead(unedited, edits);
    if (replay !== undefined) {
      const start = this.head.length;
      this.replay =
        typeof replay === 'string' ? head + replay.slice(start) : joinedCopy(head, replay, start, replay.length);
    }
    this.head = head;
    this.useFilter(filter, edits?.headers?.removed ?? noHeaderNames);
  }

  /** Trailers are subject to the same rules as the headers. `removed`: what the filters of the route set or remove. */
  private useFilter({ headers, hidesFromApp }: TokenFilter, removed: HeaderNames): void {
    if (this.body.kind !== 'chunked') return;
    const hidesNone = headers.size === 0 && removed.size === 0;
    this.body.isHiddenTrailer = hidesNone
      ? undefined
      : (bytes, value) => {
          if (removed.find(bytes, 0, bytes.length) !== undefined) return true;
          const name = headers.find(bytes, 0, bytes.length);
          return name !== undefined && hidesFromApp(name, value);
        };
  }

  private firstPiece(): string | Buffer {
    const { pending } = this.client;
    if (pending === undefined || this.body.done) return this.head;
    const end = readBody(this.body, pending, 0, pending.length);
    this.refusal = this.body.refusal;
    const piece = editedCopy(this.head, pending, { from: 0, to: end, edits: this.body.edits });
    this.client.drop(end);
    return piece;
  }

  /** Bytes from the client, which are copied. Returns how many of them belong to this request and were consumed. */
  take(upstream: RequestSink, bytes: Buffer): number {
    if (!this.begun) return 0;
    const end = readBody(this.body, bytes, 0, bytes.length);
    this.refusal = this.body.refusal;
    if (this.refusal === undefined && end > 0) {
      this.writePiece(upstream, end === bytes.length ? bytes : bytes.subarray(0, end));
    }
    return end;
  }

  private writePiece(upstream: RequestSink, bytes: Buffer): void {
    const piece = editedCopy('', bytes, { from: 0, to: bytes.length, edits: this.body.edits });
    // All of it may have been the beginning of a line.
    if (piece.length === 0) return;
    this.copies?.write(piece);
    this.write(upstream, piece);
  }

  private write(upstream: RequestSink, data: string | Buffer): void {
    if (!upstream.write(data)) {
      this.blocked = true;
      this.client.pause();
    }
  }

  /** Nothing more is sent. */
  end(): void {
    if (!this.body.done) this.copies?.abandon();
  }

  drained(): void {
    this.blocked = false;
    this.client.resume();
  }

  /** The app has started to respond: it has received the request. */
  answered(): void {
    this.replay = undefined;
  }
}

const from = (data: string | Buffer, start: number): string | Buffer =>
  typeof data === 'string' ? data.slice(start) : data.subarray(start);
