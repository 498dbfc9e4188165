import type { ServerContext } from '../context.ts';
import { countReason } from '../counters.ts';
import { LF } from '../http/ascii.ts';
import type { Head } from '../http/head.ts';
import { parseRequestHead, parseTrailers } from '../http/head-parser.ts';
import { refusals, type Refusal } from '../http/refusals.ts';
import { preface } from '../http/preface.ts';
import { Request } from '../http/request.ts';
import type { Opened } from '../listener/opened.ts';
import type { CutReport, OpenConnection } from '../listener/open-connections.ts';
import { RequestGate } from '../listener/request-gate.ts';
import type { Waiting } from '../listener/turns.ts';
import { noBytes } from '../net/byte-copy.ts';
import type { Timed } from '../net/deadlines.ts';
import { isShared } from '../net/read-buffers.ts';
import { noRange, type Range, type SocketUser, type TcpSocket } from '../net/tcp-socket.ts';
import type { Reply } from '../routing.ts';
import type { ClientStream, ClientStreamUser, RequestHandler, ResponseChanges } from '../streams.ts';
import { BodyReader } from './body.ts';
import { KnownRequest } from './known-request.ts';
import { renderReply } from './replies.ts';
import { ResponseWriter, writeInterim } from './response-writer.ts';

type Phase = 'reading' | 'exchange' | 'tunnel' | 'closing';

/**
 * Requests that the proxy answers itself are processed at once, so hundreds of them may be in one read. After this many the other connections have
 * their turn.
 */
const requestsPerTurn = 16;

/**
 * One connection of a client that speaks HTTP/1.1: its requests one after another, in order, whether they are pipelined or not. So its stream is the
 * connection itself.
 *
 *   reading ──head──► exchange ──response ended, keep-alive──► reading (at once, if bytes are pending)
 *      │                 │  └──101──► tunnel ──both sides ended──┐
 *      │ refused, idle   │ response ended, close                 │
 *      └────────► closing ◄──────────────────────────────────────┘
 *   closing: FIN follows the response; received bytes are discarded until the client sends FIN, or lingerMs has passed
 */
export class ClientConnection implements ClientStream, SocketUser, OpenConnection, Timed, Waiting {
  readonly socket: TcpSocket;
  deadlineMs: number;
  halfClosed = false;
  phase: Phase = 'reading';
  user: ClientStreamUser;
  private readonly context: ServerContext;
  private readonly opened: Opened;
  private readonly gate: RequestGate;
  private readonly handler: RequestHandler;
  private readonly response: ResponseWriter;
  private readonly body = new BodyReader();
  private readonly known = new KnownRequest();
  /** Received bytes that were not consumed yet: the rest of a body, or the next request. */
  private pending: Buffer | undefined;
  /** Of a read in a tunnel: from its beginning. */
  private readonly whole: Range = { from: 0, to: 0 };
  /** The user takes the body. */
  private wantsBody = false;
  private http10 = false;
  private isHead = false;
  private upgrade: string | undefined;
  /** The client would keep the connection. */
  private clientStays = false;
  private isFirst = true;
  private advancing = false;
  /** The deadline is that of a head, which no later byte moves: from accept for the first request, from its first byte for a later one. */
  private headBegun = true;

  constructor(socket: TcpSocket, context: ServerContext, opened: Opened) {
    this.socket = socket;
    this.context = context;
    this.opened = opened;
    this.deadlineMs = opened.deadlineMs;
    this.gate = new RequestGate(socket, context, opened);
    this.response = new ResponseWriter(socket);
    this.handler = context.createHandler(this);
    this.user = this.handler;
    socket.user = this;
  }

  // Callbacks of the socket. Each is a fault boundary: see `faults.ts`.

  /** It was accepted. */
  socketConnected(): void {}

  socketBytes(bytes: Buffer, length: number): void {
    this.bytesReceived(bytes, length);
    // The bytes after this request are kept until they are processed, and the next read of any connection overwrites them.
    if (this.pending !== undefined && isShared(this.pending)) this.pending = Buffer.from(this.pending);
  }

  socketDrained(): void {
    if (this.phase === 'reading') this.advance();
    else if (this.phase !== 'closing') this.user.clientDrained();
  }

  socketEnded(): void {
    this.halfClosed = true;
    switch (this.phase) {
      case 'reading':
        this.advance();
        return;
      case 'exchange':
        // FIN may be a half-close or the end of the connection; only a write would show which.
        if (this.body.done || this.pending !== undefined) this.user.clientEnded();
        else this.cut('close');
        return;
      case 'tunnel':
        this.user.requestContent(noBytes, noRange, true);
        return;
      case 'closing':
    }
  }

  socketFinished(): void {
    if (this.phase === 'closing') this.deadlineMs = this.context.deadlines.in(this.context.timeouts.lingerMs);
  }

  socketClosed(): void {
    const { phase } = this;
    this.phase = 'closing';
    this.opened.closed();
    if (phase === 'exchange' || phase === 'tunnel') this.user.clientGone();
  }

  fault(error: unknown): void {
    this.context.faults.record(error, 'Client', this.user.requestId);
    try {
      if (this.phase === 'exchange' || this.phase === 'tunnel') this.user.abort();
      else this.cut('close');
    } catch (second) {
      this.context.faults.record(second, 'Client');
      this.cut('close');
    }
  }

  private bytesReceived(bytes: Buffer, length: number): void {
    switch (this.phase) {
      case 'reading':
        // A view of the bytes costs as much as the rest of a small read: most reads are whole requests, which need none.
        if (this.pending === undefined) this.advance(bytes, length);
        else this.headContinued(this.pending, bytes.subarray(0, length));
        if (!this.headBegun) this.beginHead();
        return;
      case 'exchange':
        this.bodyBytes(bytes, length);
        return;
      case 'tunnel':
        this.whole.to = length;
        this.user.requestContent(bytes, this.whole, false);
        return;
      case 'closing':
    }
  }

  // Heads.

  private headContinued(before: Buffer, chunk: Buffer): void {
    this.pending = Buffer.concat([before, chunk]);
    // A head is parsed again from its start only when a line has ended: a client that sends byte by byte costs one parse per line, and
    // the number of lines is limited.
    if (chunk.includes(LF) || this.pending.length >= this.context.requestHead.limits.headBytes) this.advance();
  }

  private beginHead(): void {
    if (this.phase !== 'reading' || this.pending === undefined) return;
    this.headBegun = true;
    this.deadlineMs = this.context.deadlines.in(this.context.timeouts.headMs);
  }

  /**
   * Processes the received requests one after another, while each is finished at once. Nothing more is read meanwhile: what a client sends
   * ahead stays in its own kernel, beyond one read. `received`: what was just read, if nothing was pending before.
   */
  private advance(received?: Buffer, length = 0): void {
    if (this.advancing) return;
    this.advancing = true;
    const more = (received === undefined || this.parseUnlessFull(received, length)) && this.parsePending();
    this.advancing = false;
    if (this.phase !== 'reading') return;
    if (this.socket.needsDrain) this.socket.pause();
    else if (more && this.pending !== undefined) this.yieldTurn();
    else if (this.halfClosed) this.close();
    else this.socket.resume();
  }

  /** Returns whether it may be continued in a later turn. */
  private parsePending(): boolean {
    for (let left = requestsPerTurn; left > 0 && this.phase === 'reading' && this.pending !== undefined; left -= 1) {
      if (!this.parseUnlessFull(this.pending, this.pending.length)) return false;
    }
    return true;
  }

  private yieldTurn(): void {
    if (this.advancing) return;
    this.socket.pause();
    this.context.turns.wait(this);
  }

  nextTurn(): void {
    try {
      this.advance();
    } catch (error) {
      this.fault(error);
    }
  }

  /** Responses that the client does not read must not accumulate: 'drain' continues. Returns whether there was a request. */
  private parseUnlessFull(bytes: Buffer, length: number): boolean {
    if (!this.socket.needsDrain) return this.parseRequest(bytes, length);
    this.pending = bytes.subarray(0, length);
    return false;
  }

  private parseRequest(bytes: Buffer, length: number): boolean {
    if (this.isFirst && beginsHttp2(bytes, length)) {
      this.pending = bytes.subarray(0, length);
      if (length >= preface.length) this.opened.switchToHttp2(this.pending);
      return false;
    }
    const head = this.known.find(bytes, length) ?? this.context.requestHead;
    const outcome = head.repeated === undefined ? parseRequestHead(head, bytes, 0, length) : 'complete';
    if (outcome === 'incomplete') {
      this.awaitMore(head, bytes, length);
      return false;
    }
    const request = outcome === 'complete' ? this.gate.admit(this.known.learn(head)) : outcome;
    if (!(request instanceof Request)) {
      this.refuse(request);
      return false;
    }
    this.pending = head.end < length ? bytes.subarray(head.end, length) : undefined;
    if (this.pending !== undefined) this.socket.pause();
    this.beginRequest(request);
    return true;
  }

  private awaitMore(head: Head, bytes: Buffer, length: number): void {
    // Empty lines are no request: the connection is still idle. The preface of HTTP/2 has none before it.
    const isIdle = head.start === length;
    this.pending = isIdle ? undefined : bytes.subarray(0, length);
    this.isFirst &&= !isIdle;
  }

  private beginRequest(request: Request): void {
    const { connection, minorVersion } = request.head;
    this.http10 = minorVersion === 0;
    this.isHead = request.method === 'HEAD';
    this.upgrade = connection.upgrade;
    this.clientStays = this.http10 ? connection.keepAlive : !connection.close;
    this.phase = 'exchange';
    this.isFirst = false;
    this.deadlineMs = Infinity;
    this.wantsBody = false;
    this.body.begin(request.framing);
    this.context.counters.requests += 1;
    if (!this.body.done) this.socket.expect('Stream');
    this.handler.begin(request, this.opened.listener.port);
  }

  // The body of a request.

  readRequest(): void {
    this.wantsBody = true;
    this.readPending();
    if (this.wantsBody && this.pending === undefined) this.socket.resume();
  }

  pauseRequest(): void {
    this.wantsBody = false;
    this.socket.pause();
  }

  /** Passes on what has arrived of the body, or of the upgraded stream. */
  private readPending(): void {
    const bytes = this.pending;
    if (bytes === undefined) return;
    if (this.phase === 'tunnel') {
      this.pending = undefined;
      this.user.requestContent(bytes, { from: 0, to: bytes.length }, false);
    } else if (!this.body.done) {
      const end = this.body.read(bytes, 0, bytes.length);
      this.pending = end < bytes.length ? bytes.subarray(end) : undefined;
      this.passBody(bytes);
    }
  }

  private bodyBytes(bytes: Buffer, length: number): void {
    // Earlier bytes are consumed first, to keep the order.
    const mayRead = this.wantsBody && this.pending === undefined && !this.body.done;
    const end = mayRead ? this.body.read(bytes, 0, length) : 0;
    if (end < length) {
      const rest = bytes.subarray(end, length);
      this.pending = this.pending === undefined ? rest : Buffer.concat([this.pending, rest]);
      this.socket.pause();
    }
    if (mayRead) this.passBody(bytes);
  }

  private passBody(bytes: Buffer): void {
    const { content, done, refusal, trailers } = this.body;
    if (refusal !== undefined) {
      this.user.requestInvalid(refusal);
    } else if (done && trailers !== '') {
      this.passTrailers(bytes, trailers);
    } else if (done || content.to > content.from) {
      this.user.requestContent(bytes, content, done);
    }
  }

  private passTrailers(bytes: Buffer, text: string): void {
    const trailers = parseTrailers(text, this.context.requestHead.limits);
    if ('reason' in trailers) {
      this.user.requestInvalid(trailers);
      return;
    }
    const { content } = this.body;
    if (content.to > content.from) this.user.requestContent(bytes, content, false);
    this.user.requestEnded(trailers);
  }

  // The response.

  sendInterim(head: Head, changes: ResponseChanges): void {
    if (!this.http10) writeInterim(this.socket, head, changes);
  }

  sendHead(head: Head, changes: ResponseChanges, endStream: boolean): void {
    if (head.status === 101) {
      this.response.switchTo(head.connection.upgrade ?? this.upgrade ?? '', head, changes);
      this.phase = 'tunnel';
      this.socket.expect('Stream');
      return;
    }
    const { http10, isHead } = this;
    this.response.head(head, changes, { http10, isHead, endStream, mayStay: this.mayStay() });
    if (endStream) this.responseEnded();
  }

  /** Not while the request is still arriving: if the response ends first, the next request could not be found. */
  private mayStay(): boolean {
    return this.clientStays && this.body.done && this.context.shutdown === 'no';
  }

  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean {
    if (this.phase === 'closing') return true;
    const isReady = this.response.content(bytes, range, endStream);
    if (endStream) this.contentEnded();
    return isReady;
  }

  sendTrailers(trailers: Head | undefined): void {
    this.response.trailers(trailers);
    this.contentEnded();
  }

  private contentEnded(): void {
    if (this.phase === 'tunnel') this.endTunnel();
    else this.responseEnded();
  }

  private endTunnel(): void {
    this.response.flush();
    this.socket.end();
  }

  private responseEnded(): void {
    this.response.flush();
    this.exchangeOver(this.response.clientStays);
  }

  flush(): void {
    this.response.flush();
  }

  reply(reply: Reply, form = { closes: false }): void {
    const closes = form.closes || this.http10 || !this.mayStay();
    const { isHead } = this;
    this.socket.write(renderReply(reply, { closes, isHead, nowMs: this.context.clock.nowMs() }));
    this.exchangeOver(!closes);
  }

  refuse(refusal: Refusal): void {
    countReason(this.context.counters.refusals, refusal.reason);
    // Without a valid head, the method is unknown.
    const isHead = this.phase === 'exchange' && this.isHead;
    this.socket.write(renderReply(refusal, { closes: true, isHead, nowMs: this.context.clock.nowMs() }));
    this.close();
  }

  abort(): void {
    this.cut(this.response.endsWithConnection || this.phase === 'tunnel' ? 'reset' : 'close');
  }

  private exchangeOver(stays: boolean): void {
    if (!stays || this.context.shutdown === 'closing') {
      this.close();
      return;
    }
    this.phase = 'reading';
    this.socket.expect('Heads');
    this.headBegun = this.pending !== undefined;
    const { headMs, idleMs } = this.context.timeouts;
    this.deadlineMs = this.context.deadlines.in(this.headBegun ? headMs : idleMs);
    if (this.pending === undefined) this.advance();
    else this.yieldTurn();
  }

  /** Sends FIN after what was written, and discards what the client still sends. */
  close(): void {
    this.phase = 'closing';
    this.pending = undefined;
    this.deadlineMs = this.context.deadlines.in(this.context.timeouts.stallMs);
    this.socket.end();
    this.socket.resume();
  }

  cut(how: 'close' | 'reset'): void {
    if (how === 'reset') this.socket.reset();
    else this.socket.destroy();
  }

  deadlinePassed(): void {
    switch (this.phase) {
      case 'reading':
        if (this.pending === undefined) {
          this.close();
        } else {
          this.context.counters.limitRefusals.requestHead += 1;
          this.refuse(refusals.RequestTimeout);
        }
        return;
      case 'exchange':
      case 'tunnel':
        this.user.deadlinePassed();
        return;
      case 'closing':
        this.socket.destroy();
    }
  }

  // Shutdown.

  /** Nothing of a response or stream is left to be sent; the client may not have closed its side yet. */
  get isDone(): boolean {
    return this.phase === 'closing' && (this.socket.isFinished || this.socket.isDestroyed);
  }

  get carried(): CutReport {
    return { requests: this.phase === 'exchange' ? 1 : 0, upgrades: this.phase === 'tunnel' ? 1 : 0 };
  }

  /** A tunnel is closed gracefully on both sides; an incomplete response must not look complete. */
  endOfGrace(): void {
    if (this.phase === 'tunnel') this.user.close();
    else this.cut('close');
  }

  /** Its next response will say so. */
  announceShutdown(): void {}

  /** A connection between two requests closes now, every other one after its current response. */
  closeIfIdle(): void {
    if (this.phase === 'reading' && this.pending === undefined) this.close();
  }
}

/** Prior knowledge (RFC 9113 §3.3): the preface of HTTP/2, or its beginning. No method of HTTP/1.1 is PRI. */
const beginsHttp2 = (bytes: Buffer, received: number): boolean => {
  const length = Math.min(received, preface.length);
  return bytes[0] === preface[0] && Buffer.compare(bytes.subarray(0, length), preface.subarray(0, length)) === 0;
};
