import type { ServerContext } from '../context.ts';
import { countReason } from '../counters.ts';
import type { Head } from '../http/head.ts';
import type { Refusal } from '../http/refusals.ts';
import { Request } from '../http/request.ts';
import type { Opened } from '../listener/opened.ts';
import type { CutReport, OpenConnection } from '../listener/open-connections.ts';
import { RequestGate } from '../listener/request-gate.ts';
import type { Timed } from '../net/deadlines.ts';
import type { SocketUser, TcpSocket } from '../net/tcp-socket.ts';
import { Http2ClientStream } from './client-stream.ts';
import { preface } from '../http/preface.ts';
import { FloodBudget } from './flood-budget.ts';
import { ErrorCode, nameOf, type ConnectionError } from './frames.ts';
import type { AssembledHead, HeadKind } from './head-assembler.ts';
import { Session, type SessionRole } from './session.ts';
import type { Stream } from './stream.ts';

/** What nginx and Envoy allow too; browsers use a few. */
const maxConcurrentStreams = 100;
/** Streams that wait to be used again. */
const maxSpareStreams = 16;
const maxStreamId = 2 ** 31 - 1;
/** What a client may send before the apps have taken it. */
const windowBytes = 1024 * 1024;

/**
 * One connection of a client that speaks HTTP/2: its requests are streams, many at a time.
 *
 *   preface ──► open ──GOAWAY sent──► leaving ──last stream over──► closing ──client's FIN, or lingerMs──► closed
 *      └──────────┴── error of the connection: GOAWAY, all streams end ──┘
 */
export class Http2ClientConnection implements SocketUser, SessionRole, OpenConnection, Timed {
  readonly socket: TcpSocket;
  deadlineMs: number;
  private readonly context: ServerContext;
  private readonly opened: Opened;
  private readonly gate: RequestGate;
  private readonly session: Session;
  private readonly byStream = new Map<Stream, Http2ClientStream>();
  private readonly spare: Http2ClientStream[] = [];
  private prefaceLeft = preface.length;
  /** Streams that the current read has begun. */
  private begun = 0;
  private isAnnounced = false;
  private isLeaving = false;
  /** The client has sent GOAWAY. */
  private clientLeaves = false;
  private isClosing = false;

  constructor(socket: TcpSocket, context: ServerContext, opened: Opened) {
    this.socket = socket;
    this.context = context;
    this.opened = opened;
    this.gate = new RequestGate(socket, context, opened);
    this.deadlineMs = opened.deadlineMs;
    const { clock, requestAssembler } = context;
    const parts = { socket, peer: 'Client' as const, clock, assembler: requestAssembler };
    this.session = new Session({ ...parts, role: this, budget: new FloodBudget(clock.nowMs()), windowBytes });
    socket.user = this;
    socket.expect('Stream');
    this.session.begin({
      MaxConcurrentStreams: maxConcurrentStreams,
      MaxHeaderListSize: requestAssembler.head.limits.headBytes,
      EnableConnectProtocol: 1,
    });
  }

  // Callbacks of the socket. Each is a fault boundary: see `faults.ts`.

  /** It was accepted. */
  socketConnected(): void {}

  socketBytes(bytes: Buffer, length: number): void {
    if (this.isClosing) return;
    this.begun = 0;
    const from = this.prefaceLeft > 0 ? this.readPreface(bytes, length) : 0;
    if (from < length) this.session.read(bytes, from, length);
  }

  /** Returns where it ends in these bytes; the length if they are something else. */
  private readPreface(bytes: Buffer, length: number): number {
    const at = preface.length - this.prefaceLeft;
    const end = Math.min(length, this.prefaceLeft);
    if (Buffer.compare(bytes.subarray(0, end), preface.subarray(at, at + end)) !== 0) {
      this.session.fail({
        code: ErrorCode.ProtocolError,
        detail: 'the connection does not begin with the preface of HTTP/2',
      });
      return length;
    }
    this.prefaceLeft -= end;
    return end;
  }

  socketDrained(): void {
    this.session.socketDrained();
  }

  /** Nothing more can arrive: requests that are not complete never will be. */
  socketEnded(): void {
    for (const stream of Array.from(this.session.streams.values())) {
      if (!stream.isRemoteClosed) this.session.streamError(stream, ErrorCode.Cancel);
    }
    this.leave();
  }

  socketFinished(): void {
    if (this.isClosing) this.deadlineMs = this.context.deadlines.in(this.context.timeouts.lingerMs);
  }

  socketClosed(): void {
    this.isClosing = true;
    this.opened.closed();
    this.session.endStreams();
  }

  fault(error: unknown): void {
    this.context.faults.record(error, 'Client');
    this.cut('close');
  }

  // Requests.

  headKind(streamId: number): HeadKind {
    return this.session.streams.has(streamId) ? 'trailers' : 'request';
  }

  isIdle(streamId: number): boolean {
    return streamId % 2 === 0 || streamId > this.session.lastPeerStreamId;
  }

  headersReceived(
    streamId: number,
    head: Head,
    outcome: AssembledHead,
    endStream: boolean,
  ): ConnectionError | undefined {
    const open = this.session.streams.get(streamId);
    if (open !== undefined) return this.trailersReceived(open, outcome === 'complete' ? head : undefined, endStream);
    if (!this.isIdle(streamId) || streamId % 2 === 0) {
      return { code: ErrorCode.ProtocolError, detail: 'HEADERS of a stream whose id is not new' };
    }
    this.session.lastPeerStreamId = streamId;
    // RFC 9113 §6.8: a client may repeat what it sent after our GOAWAY.
    if (this.isLeaving || this.isFull) return this.session.refuse(streamId, ErrorCode.RefusedStream, 'Acknowledged');
    if (outcome === 'malformed') return this.session.refuse(streamId, ErrorCode.ProtocolError);
    const request = outcome === 'complete' ? this.gate.admit(head, { hasUnknownLength: !endStream }) : outcome;
    return this.beginRequest(streamId, request, endStream);
  }

  /** No response to a stream of this read can have reached the client before it sent the next one: however soon they end, it had as many open. */
  private get isFull(): boolean {
    return Math.max(this.session.streams.size, this.begun) >= maxConcurrentStreams;
  }

  private beginRequest(streamId: number, request: Request | Refusal, endStream: boolean): ConnectionError | undefined {
    const framing = request instanceof Request ? request.framing : undefined;
    const expectedBytes = framing?.kind === 'length' ? framing.bytes : undefined;
    // RFC 9113 §8.1.1: the content is not as long as the head says.
    if (endStream && expectedBytes !== undefined && expectedBytes > 0) {
      return this.session.refuse(streamId, ErrorCode.ProtocolError);
    }
    const client = this.openStream(streamId);
    client.stream.isRemoteClosed = endStream;
    client.stream.expect(expectedBytes);
    if (request instanceof Request) client.begin(request, this.opened.listener.port);
    else client.beginRefused(request);
    return undefined;
  }

  private openStream(streamId: number): Http2ClientStream {
    const client = this.spare.pop() ?? new Http2ClientStream(this.session, this.context);
    client.stream.open(streamId);
    this.session.streams.set(streamId, client.stream);
    this.byStream.set(client.stream, client);
    this.context.deadlines.watch(client);
    this.deadlineMs = Infinity;
    this.begun += 1;
    if (this.context.shutdown !== 'no') this.announceShutdown();
    return client;
  }

  private trailersReceived(stream: Stream, head: Head | undefined, endStream: boolean): ConnectionError | undefined {
    if (stream.isRemoteClosed) return { code: ErrorCode.StreamClosed, detail: 'HEADERS of a stream that has ended' };
    const isValid = head !== undefined && endStream && stream.receiveTrailers(head);
    return isValid ? undefined : this.session.streamError(stream, ErrorCode.ProtocolError);
  }

  streamClosed(stream: Stream): void {
    const client = this.byStream.get(stream);
    if (client === undefined) return;
    this.byStream.delete(stream);
    this.context.deadlines.forget(client);
    client.closed();
    if (client.isUsable && this.spare.length < maxSpareStreams) this.spare.push(client);
    if (this.byStream.size > 0) return;
    if (this.context.shutdown === 'closing') this.leave();
    if (this.isLeaving) this.close();
    else this.awaitRequest();
  }

  settingsReceived(): void {
    if (this.session.streams.size === 0) this.awaitRequest();
  }

  private awaitRequest(): void {
    const { idleMs, lingerMs } = this.context.timeouts;
    this.deadlineMs = this.context.deadlines.in(this.clientLeaves ? lingerMs : idleMs);
  }

  /**
   * The client is about to leave. Requests may still follow: a GOAWAY is about the streams of the other side (RFC 9113 §6.8), and nghttp2 sends it before
   * requests that were made earlier.
   */
  goAwayReceived(): void {
    this.clientLeaves = true;
    if (this.session.streams.size === 0) this.awaitRequest();
  }

  streamFailed(code: ErrorCode): void {
    countReason(this.context.counters.http2Errors.Stream, nameOf(code));
  }

  failed({ code }: ConnectionError): void {
    countReason(this.context.counters.http2Errors.Connection, nameOf(code));
    this.close();
  }

  /** Without a request in time. */
  deadlinePassed(): void {
    if (this.isClosing) this.socket.destroy();
    else this.leave();
  }

  // Shutdown.

  get isDone(): boolean {
    return this.isClosing && (this.socket.isFinished || this.socket.isDestroyed);
  }

  get carried(): CutReport {
    let upgrades = 0;
    for (const { isTunnel } of this.byStream.values()) upgrades += isTunnel ? 1 : 0;
    return { requests: this.byStream.size - upgrades, upgrades };
  }

  /**
   * The client should send its next requests elsewhere. It has not seen this yet, so those that it sends meanwhile are still accepted (RFC 9113 §6.8). Before
   * its first request, it would take the connection for one that accepts none.
   */
  announceShutdown(): void {
    if (this.isAnnounced || this.isClosing || this.isLeaving || this.session.lastPeerStreamId === 0) return;
    this.isAnnounced = true;
    this.session.sendGoAway(maxStreamId);
  }

  closeIfIdle(): void {
    this.leave();
  }

  /** Accepts no more streams; closes when the last of them is over. */
  private leave(): void {
    if (this.isClosing || this.isLeaving) return;
    this.isLeaving = true;
    this.session.sendGoAway(this.session.lastPeerStreamId);
    if (this.session.streams.size === 0) this.close();
  }

  endOfGrace(): void {
    for (const client of Array.from(this.byStream.values())) client.endOfGrace();
    this.close();
  }

  private close(): void {
    if (this.isClosing) return;
    this.isClosing = true;
    this.session.isOver = true;
    this.deadlineMs = this.context.deadlines.in(this.context.timeouts.stallMs);
    this.session.flush();
    this.socket.end();
    this.socket.resume();
  }

  cut(how: 'close' | 'reset'): void {
    this.session.flush();
    if (how === 'reset') this.socket.reset();
    else this.socket.destroy();
  }
}
