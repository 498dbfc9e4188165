/** The request of an exchange on its way to an endpoint, and to another one if the first has not received it. */
import { noRange, type Range } from '../net/tcp-socket.ts';
import { appended, noBytes } from '../net/byte-copy.ts';
import type { Head } from '../http/head.ts';
import type { Request } from '../http/request.ts';
import { withRequestId, type ReplacedId, type ReplaceId } from '../http/request-ids.ts';
import type { RequestChanges, UpstreamStream } from '../streams.ts';
import type { Mirrors } from './mirrors.ts';

/** RFC 9110 §9.2.2: sending such a request twice has the same effect as sending it once. */
const idempotentMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

const maxAttempts = 3;

/** Of the content of one request. */
const maxRetainedBytes = 64 * 1024;

export class ForwardedRequest {
  /** The whole request was received, though the endpoint may not have accepted it yet. */
  done = false;
  /** The endpoint does not accept more of it. */
  blocked = false;
  idempotent = false;
  /** It asks the app to switch to another protocol. */
  upgrades = false;
  mirrors: Mirrors | undefined;
  /** Undefined: its id stays as it is. */
  replacedId: ReplacedId | undefined;
  private attempts = 0;
  /** All content: if it came with the head, or is retained. */
  private content: Buffer = noBytes;
  private isRetained = false;
  /** It can be sent again as it was. */
  isWhole = false;

  begin(request: Request, replaceId: ReplaceId | undefined): void {
    const { method, hasBody, head } = request;
    this.replacedId = replaceId?.(request);
    this.done = !hasBody;
    this.blocked = false;
    this.idempotent = idempotentMethods.has(method);
    this.upgrades = head.connection.upgrade !== undefined;
    this.mirrors = undefined;
    this.attempts = 0;
    this.content = noBytes;
    this.isRetained = false;
    this.isWhole = false;
  }

  /** Its route has retries: what is sent is kept, up to a limit, until the app responds. */
  retain(): void {
    this.isRetained = true;
  }

  /** The endpoint should respond, or accept more of it; otherwise the client owes the rest. */
  get awaitsApp(): boolean {
    return this.done || this.blocked;
  }

  /** Although the endpoint may have processed it: it is idempotent, and the app has not started to respond. */
  get mayBeSentAgain(): boolean {
    return this.isWhole && this.idempotent;
  }

  /** After an endpoint has said that it has not processed it. Some say so always. */
  get mayBeSentElsewhere(): boolean {
    return this.isWhole && this.attempts < maxAttempts;
  }

  /** The app has started to respond: it has received the request. */
  answered(): void {
    this.isWhole = false;
  }

  /** Sends the head, and content that was sent before. The rest follows as the client sends it. */
  sendTo(upstream: UpstreamStream, request: Request, changes: RequestChanges): void {
    this.attempts += 1;
    this.blocked = false;
    if (this.attempts > 1) request.recall();
    const hasContent = this.content.length > 0;
    const { replacedId: id } = this;
    const changed = id === undefined ? changes : { ...changes, edits: withRequestId(changes.edits, id) };
    upstream.sendHead(request, changed, this.done && !hasContent);
    if (hasContent) upstream.sendContent(this.content, { from: 0, to: this.content.length }, true);
    if (this.attempts > 1) return;
    this.mirrors?.begin(request, { filter: changes.filter, id }, this.done);
    this.isWhole = this.done;
    request.leave({ mayBeRecalled: this.idempotent || this.isRetained || upstream.mayRefuse });
  }

  /** Returns false if the endpoint accepts no more for now. */
  pass(upstream: UpstreamStream, bytes: Buffer, range: Range, endStream: boolean): boolean {
    this.done ||= endStream;
    if (this.isRetained) this.keep(bytes, range, endStream);
    this.mirrors?.content(bytes, range, endStream);
    this.blocked = !upstream.sendContent(bytes, range, endStream);
    return !this.blocked;
  }

  /** As `pass`, for content that came with the head: if that is all, the request may be repeated. */
  passFirst(upstream: UpstreamStream, bytes: Buffer, range: Range, endStream: boolean): boolean {
    if (endStream && !this.isRetained && (this.idempotent || upstream.mayRefuse)) {
      this.content = Buffer.from(bytes.subarray(range.from, range.to));
      this.isWhole = true;
    }
    return this.pass(upstream, bytes, range, endStream);
  }

  private keep(bytes: Buffer, { from, to }: Range, endStream: boolean): void {
    if (this.content.length + to - from > maxRetainedBytes) {
      this.isRetained = false;
      this.content = noBytes;
      return;
    }
    this.content = appended(this.content, bytes.subarray(from), to - from);
    this.isWhole = endStream;
  }

  endWith(upstream: UpstreamStream, trailers: Head | undefined): void {
    this.done = true;
    this.isWhole = this.isRetained && trailers === undefined;
    this.mirrors?.content(noBytes, noRange, true);
    upstream.sendTrailers(trailers);
  }

  /** Nothing more is sent. */
  end(): void {
    if (!this.done) this.mirrors?.abandon();
    this.mirrors = undefined;
  }
}
