import type { ServerContext } from '../context.ts';
import { countReason } from '../counters.ts';
import type { Head } from '../http/head.ts';
import { isGrpc, renderFields, renderGrpc } from '../http/reply-fields.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Request } from '../http/request.ts';
import { noBytes } from '../net/byte-copy.ts';
import type { Timed } from '../net/deadlines.ts';
import { noRange, type Range } from '../net/tcp-socket.ts';
import type { Reply } from '../routing.ts';
import type { ClientStream, ClientStreamUser, RequestHandler, ResponseChanges } from '../streams.ts';
import { ErrorCode } from './frames.ts';
import { replyBlock, responseBlock, trailerBlock } from './message-blocks.ts';
import type { Session } from './session.ts';
import { Stream, type StreamUser } from './stream.ts';

/** A request of a client, and its response. Used again for later ones of its connection. */
export class Http2ClientStream implements ClientStream, StreamUser, Timed {
  /** A client of HTTP/2 ends its request, not its connection. */
  readonly halfClosed = false;
  deadlineMs = Infinity;
  user: ClientStreamUser;
  readonly stream: Stream;
  private readonly context: ServerContext;
  private readonly handler: RequestHandler;
  private isHead = false;
  private isGrpc = false;
  /** It was upgraded. */
  isTunnel = false;
  private isOver = true;
  private hasFault = false;

  constructor(session: Session, context: ServerContext) {
    this.context = context;
    this.stream = new Stream(session, this);
    this.handler = context.createHandler(this);
    this.user = this.handler;
  }

  /** `endStream`: nothing follows the head. */
  begin(request: Request, listenerPort: number): void {
    this.prepare(request.method === 'HEAD', isGrpc(request.header('content-type')));
    this.context.counters.requests += 1;
    this.call(() => this.handler.begin(request, listenerPort));
  }

  private prepare(isHead: boolean, isGrpcRequest: boolean): void {
    this.user = this.handler;
    this.deadlineMs = Infinity;
    this.isHead = isHead;
    this.isGrpc = isGrpcRequest;
    this.isTunnel = false;
    this.isOver = false;
  }

  /** Both sides have ended. */
  closed(): void {
    this.isOver = true;
    this.deadlineMs = Infinity;
    this.user = this.handler;
  }

  /** For another request: after a fault, which part of its state is damaged is unknown. */
  get isUsable(): boolean {
    return !this.hasFault;
  }

  /** Shutdown no longer waits. */
  endOfGrace(): void {
    if (this.isTunnel) {
      this.call(() => this.user.close());
      return;
    }
    this.call(() => this.user.clientGone());
    this.abort();
  }

  /** A request that is not valid. */
  beginRefused(refusal: Refusal): void {
    this.prepare(false, false);
    this.refuse(refusal);
  }

  // What is received.

  readRequest(): void {
    this.stream.read();
  }

  pauseRequest(): void {
    this.stream.pause();
  }

  content(bytes: Buffer, range: Range, endStream: boolean): void {
    this.call(() => this.user.requestContent(bytes, range, endStream));
  }

  trailers(trailers: Head): void {
    this.call(() => this.user.requestEnded(trailers));
  }

  drained(): void {
    this.call(() => this.user.clientDrained());
  }

  gone(): void {
    this.isOver = true;
    this.call(() => this.user.clientGone());
  }

  deadlinePassed(): void {
    if (this.isOver) this.abort();
    else this.user.deadlinePassed();
  }

  /** Each call is a fault boundary: see `faults.ts`. */
  private call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.fault(error);
    }
  }

  fault(error: unknown): void {
    this.hasFault = true;
    this.context.faults.record(error, 'Client', this.user.requestId);
    try {
      this.user.abort();
    } catch (second) {
      this.context.faults.record(second, 'Client');
    }
    this.abort();
  }

  // The response.

  sendInterim(head: Head, changes: ResponseChanges): void {
    this.stream.sendHeaders(responseBlock(head, changes), false);
  }

  sendHead(head: Head, changes: ResponseChanges, endStream: boolean): void {
    this.isTunnel = head.status === 101;
    this.stream.sendHeaders(responseBlock(head, changes), endStream);
    if (endStream) this.ended();
  }

  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean {
    const isReady = this.stream.sendContent(bytes, range, endStream);
    if (endStream) this.ended();
    return isReady;
  }

  sendTrailers(trailers: Head | undefined): void {
    if (trailers === undefined) this.stream.sendContent(noBytes, noRange, true);
    else this.stream.sendTrailers(trailerBlock(trailers));
    this.ended();
  }

  flush(): void {}

  reply(reply: Reply): void {
    this.respond(reply);
  }

  refuse(refusal: Refusal): void {
    countReason(this.context.counters.refusals, refusal.reason);
    this.respond(refusal);
  }

  private respond(reply: Pick<Reply, 'status' | 'body' | 'headers'> & { reason: string }): void {
    const { isHead } = this;
    const rendered = this.isGrpc
      ? renderGrpc(reply)
      : renderFields(reply, { isHead, nowMs: this.context.clock.nowMs() });
    const { content } = rendered;
    this.stream.sendHeaders(replyBlock(rendered), content.length === 0);
    if (content.length > 0) this.stream.sendContent(content, { from: 0, to: content.length }, true);
    this.ended();
  }

  /** RFC 9113 §8.1: a response may end before its request; what the client still sends is not wanted. */
  private ended(): void {
    if (this.isTunnel) return;
    this.isOver = true;
    // What waits for the windows of the client does not wait forever.
    if (!this.stream.isLocalClosed) this.deadlineMs = this.context.deadlines.in(this.context.timeouts.stallMs);
    this.stream.ignoreRest();
  }

  abort(): void {
    const { user, isOver } = this;
    this.isOver = true;
    this.stream.reset(ErrorCode.InternalError);
    // As when a connection is cut: its end follows.
    if (!isOver) this.call(() => user.clientGone());
  }

  close(): void {
    this.isTunnel = false;
    this.stream.sendContent(noBytes, noRange, true);
    this.ended();
  }
}
