import type { Reply } from '../routing.ts';
import { isShared } from '../net/read-buffers.ts';
import type { Range, SocketUser, TcpSocket } from '../net/tcp-socket.ts';
import type { Timed } from '../net/deadlines.ts';
import { LF } from '../http/ascii.ts';
import type { ClientSide, ClientTunnel } from './client-side.ts';
import { countReason } from './counters.ts';
import { Exchange } from './exchange.ts';
import { describeHop } from './hop.ts';
import type { Hop } from '../h1/hop.ts';
import { parseRequestHead } from '../h1/head-parser.ts';
import type { Head } from '../h1/head-parser.ts';
import type { OpenConnection } from './open-connections.ts';
import type { Opened } from './opened.ts';
import type { ServerContext } from './options.ts';
import type { TrustedProxies } from '../net/trusted-proxies.ts';
import { refusals } from '../http/refusals.ts';
import type { Refusal } from '../http/refusals.ts';
import type { Waiting } from './turns.ts';
import { renderReply } from '../h1/replies.ts';
import { Request, inspectRequest } from '../h1/request.ts';

type Phase = 'reading' | 'exchange' | 'tunnel' | 'closing';

/**
 * Requests that the proxy answers itself are processed at once, so hundreds of them may be in one read. After this many the other connections have
 * their turn.
 */
const requestsPerTurn = 16;

/**
 * One connection of a client: its requests one after another, in order, whether they are pipelined or not.
 *
 *   reading ──head──► exchange ──over, keep-alive──► reading (at once, if bytes are pending)
 *      │                 │  └──101──► tunnel ──both sides ended──┐
 *      │ refused, idle   │ over, close                           │
 *      └────────► closing ◄──────────────────────────────────────┘
 *   closing: FIN follows the response; received bytes are discarded until the client sends FIN, or lingerMs has passed
 */
export class ClientConnection implements ClientSide, SocketUser, OpenConnection, Timed, Waiting {
  readonly socket: TcpSocket;
  deadlineMs: number;
  pending: Buffer | undefined;
  halfClosed = false;
  phase: Phase;
  private readonly context: ServerContext;
  private readonly opened: Opened;
  private hop: Hop;
  private hopTrust: TrustedProxies;
  /** That by which the connection may be plain. */
  private terminationVersion: number | undefined;
  /** Of all requests, one after another. */
  private ownExchange: Exchange | undefined;
  /** While there is a request. */
  private exchange: Exchange | undefined;
  private tunnel: ClientTunnel | undefined;
  private advancing = false;
  /** The deadline is that of a head, which no later byte moves: from accept for the first request, from its first byte for a later one. */
  private headBegun = true;

  constructor(socket: TcpSocket, context: ServerContext, opened: Opened) {
    this.socket = socket;
    this.context = context;
    this.opened = opened;
    this.hopTrust = context.inFront.trusted;
    this.hop = this.describeHop();
    this.phase = 'reading';
    this.deadlineMs = opened.deadlineMs;
    socket.user = this;
  }

  /** By the current settings. */
  private describeHop(): Hop {
    this.hopTrust = this.context.inFront.trusted;
    const { listener, header } = this.opened;
    return describeHop(this.socket, { trusted: this.hopTrust, scheme: listener.scheme, header });
  }

  // Callbacks of the socket. Each is a fault boundary: see `faults.ts`.

  /** It was accepted. */
  socketConnected(): void {}

  socketBytes(bytes: Buffer, length: number): void {
    this.bytesReceived(length === bytes.length ? bytes : bytes.subarray(0, length));
    // The bytes after this request are kept until they are processed, and the next read of any connection overwrites them.
    if (this.pending !== undefined && isShared(this.pending)) this.pending = Buffer.from(this.pending);
  }

  socketDrained(): void {
    if (this.phase === 'reading') {
      this.advance();
    } else if (this.phase === 'exchange') {
      this.exchange?.clientDrained();
    } else if (this.phase === 'tunnel') {
      this.tunnel?.clientDrained();
    }
  }

  socketEnded(): void {
    this.halfClosed = true;
    if (this.phase === 'reading') {
      this.advance();
    } else if (this.phase === 'exchange') {
      this.exchange?.clientEnded();
    } else if (this.phase === 'tunnel') {
      this.tunnel?.clientEnded();
    }
  }

  socketFinished(): void {
    if (this.phase === 'closing') this.deadlineMs = this.context.deadlines.in(this.context.timeouts.lingerMs);
  }

  socketClosed(): void {
    const { exchange, tunnel } = this;
    this.phase = 'closing';
    this.exchange = undefined;
    this.tunnel = undefined;
    this.opened.closed();
    exchange?.clientGone();
    tunnel?.clientGone();
  }

  fault(error: unknown): void {
    this.context.faults.record(error, 'Client');
    const { exchange, tunnel } = this;
    this.exchange = undefined;
    this.tunnel = undefined;
    try {
      if (tunnel !== undefined) tunnel.abort();
      else if (exchange !== undefined) exchange.abort();
      else this.cut('close');
    } catch (second) {
      this.context.faults.record(second, 'Client');
      this.cut('close');
    }
  }

  private bytesReceived(chunk: Buffer): void {
    switch (this.phase) {
      case 'reading':
        this.headBytes(chunk);
        return;
      case 'exchange':
        this.exchangeBytes(chunk);
        return;
      case 'tunnel':
        this.tunnel?.clientBytes(chunk);
        return;
      case 'closing':
    }
  }

  private headBytes(chunk: Buffer): void {
    const before = this.pending;
    this.pending = before === undefined ? chunk : Buffer.concat([before, chunk]);
    // A head is parsed again from its start only when a line has ended: a client that sends byte by byte costs one parse per line, and
    // the number of lines is limited.
    const lineEnded =
      before === undefined || chunk.includes(LF) || this.pending.length >= this.context.requestHead.limits.headBytes;
    if (lineEnded) this.advance();
    if (!this.headBegun) this.beginHead();
  }

  private beginHead(): void {
    if (this.phase !== 'reading' || this.pending === undefined) return;
    this.headBegun = true;
    this.deadlineMs = this.context.deadlines.in(this.context.timeouts.headMs);
  }

  /**
   * Processes the received requests one after another, while each is finished at once. Nothing more is read meanwhile: what a client sends
   * ahead stays in its own kernel, beyond one read.
   */
  private advance(): void {
    if (this.advancing) return;
    this.advancing = true;
    let more = true;
    for (
      let left = requestsPerTurn;
      left > 0 && more && this.phase === 'reading' && this.pending !== undefined;
      left -= 1
    ) {
      // Responses that the client does not read must not accumulate: 'drain' continues here.
      more = !this.socket.needsDrain && this.readRequest(this.pending);
    }
    this.advancing = false;
    if (this.phase !== 'reading') return;
    if (this.socket.needsDrain) this.pause();
    else if (more && this.pending !== undefined) this.yieldTurn();
    else if (this.halfClosed) this.close();
    else this.resume();
  }

  private yieldTurn(): void {
    if (this.advancing) return;
    this.pause();
    this.context.turns.wait(this);
  }

  nextTurn(): void {
    try {
      this.advance();
    } catch (error) {
      this.fault(error);
    }
  }

  private readRequest(bytes: Buffer): boolean {
    const { context } = this;
    const head = context.requestHead;
    const outcome = parseRequestHead(head, bytes, 0, bytes.length);
    if (outcome === 'incomplete') {
      // Empty lines are no request: the connection is still idle.
      if (head.start === bytes.length) this.pending = undefined;
      return false;
    }
    if (this.hopTrust !== context.inFront.trusted) this.hop = this.describeHop();
    const request = outcome === 'complete' ? this.inspect(head) : outcome;
    if (!(request instanceof Request)) {
      this.refuse(request);
      return false;
    }
    this.pending = head.end < bytes.length ? bytes.subarray(head.end) : undefined;
    if (this.pending !== undefined) this.pause();
    this.phase = 'exchange';
    this.deadlineMs = Infinity;
    context.counters.requests += 1;
    this.ownExchange ??= new Exchange(this, context);
    this.exchange = this.ownExchange;
    this.exchange.begin(request);
    if (this.exchange.receivesBody) this.socket.expect('Stream');
    this.exchange.start(request, this.opened.listener.port);
    return true;
  }

  private inspect(head: Head): Request | Refusal {
    if (this.lacksEncryption()) return refusals.EncryptionRequired;
    const request = inspectRequest(head, this.hop);
    const { tls } = this.opened;
    const isMisdirected = tls !== undefined && request instanceof Request && tls.isMisdirected(request.host);
    return isMisdirected ? refusals.MisdirectedRequest : request;
  }

  /** The port has become one of HTTPS since the connection was accepted. */
  private lacksEncryption(): boolean {
    const { termination } = this.context;
    if (this.opened.tls !== undefined || this.terminationVersion === termination.version) return false;
    this.terminationVersion = termination.version;
    return termination.port(this.opened.listener.port) !== undefined;
  }

  private exchangeBytes(chunk: Buffer): void {
    // Earlier bytes are consumed first, to keep the order.
    const taken = this.pending === undefined ? (this.exchange?.requestBytes(chunk) ?? 0) : 0;
    if (taken === chunk.length) return;
    const rest = chunk.subarray(taken);
    this.pending = this.pending === undefined ? rest : Buffer.concat([this.pending, rest]);
    this.socket.pause();
  }

  drop(count: number): void {
    this.pending =
      this.pending === undefined || count >= this.pending.length ? undefined : this.pending.subarray(count);
    if (this.pending === undefined) this.resume();
  }

  write(data: string | Buffer): boolean {
    return this.socket.write(data);
  }

  send(text: string, bytes: Buffer, range: Range): boolean {
    if (text !== '' || isShared(bytes)) return this.socket.writeJoined(text, bytes, range);
    return this.socket.writeBorrowed(bytes.subarray(range.from, range.to));
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  reply(reply: Reply, form: { closes: boolean; isHead: boolean }): void {
    this.write(renderReply(reply, { ...form, nowMs: this.context.clock.nowMs() }));
    this.exchangeOver(form.closes ? 'close' : 'keepAlive');
  }

  refuse(refusal: Refusal): void {
    countReason(this.context.counters.refusals, refusal.reason);
    this.write(renderReply(refusal, { closes: true, isHead: false, nowMs: this.context.clock.nowMs() }));
    this.close();
  }

  exchangeOver(next: 'keepAlive' | 'close'): void {
    this.exchange = undefined;
    if (next === 'close' || this.context.shutdown === 'closing') {
      this.close();
      return;
    }
    this.phase = 'reading';
    this.socket.expect('Heads');
    this.headBegun = this.pending !== undefined;
    this.deadlineMs = this.context.deadlines.in(
      this.headBegun ? this.context.timeouts.headMs : this.context.timeouts.idleMs,
    );
    if (this.pending === undefined) this.advance();
    else this.yieldTurn();
  }

  tunnelBegun(tunnel: ClientTunnel): void {
    this.exchange = undefined;
    this.tunnel = tunnel;
    this.phase = 'tunnel';
    this.socket.expect('Stream');
    const early = this.pending;
    this.pending = undefined;
    this.resume();
    if (early !== undefined) tunnel.clientBytes(early);
    if (this.halfClosed) tunnel.clientEnded();
  }

  endWriting(): void {
    this.socket.end();
  }

  close(): void {
    this.phase = 'closing';
    this.pending = undefined;
    this.deadlineMs = this.context.deadlines.in(this.context.timeouts.stallMs);
    this.socket.end();
    this.resume();
  }

  cut(how: 'close' | 'reset'): void {
    if (how === 'reset') {
      this.socket.reset();
    } else {
      this.socket.destroy();
    }
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
        this.exchange?.deadlinePassed();
        return;
      case 'tunnel':
        this.tunnel?.deadlinePassed();
        return;
      case 'closing':
        this.socket.destroy();
    }
  }

  /** Nothing of a response or stream is left to be sent; the client may not have closed its side yet. */
  get isDone(): boolean {
    return this.phase === 'closing' && (this.socket.isFinished || this.socket.isDestroyed);
  }

  /** Shutdown no longer waits. A tunnel is closed gracefully on both sides; an incomplete response must not look complete. */
  endOfGrace(): void {
    if (this.tunnel === undefined || this.phase !== 'tunnel') {
      this.cut('close');
    } else {
      this.tunnel.close();
    }
  }

  /** Shutdown: a connection between two requests closes now, every other one after its current response. */
  closeIfIdle(): void {
    if (this.phase === 'reading' && this.pending === undefined) this.close();
  }
}
