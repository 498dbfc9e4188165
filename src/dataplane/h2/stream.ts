/**
 * One stream of a connection: its windows of flow control, and what waits for them (RFC 9113 §5).
 *
 *   open ──END_STREAM sent──► half-closed (local) ──END_STREAM received──► closed
 *     └──END_STREAM received──► half-closed (remote) ──END_STREAM sent──► closed
 *     └── RST_STREAM, sent or received ─────────────────────────────────► closed
 */
import { copyHead, type Head } from '../http/head.ts';
import { noRange, type Range } from '../net/tcp-socket.ts';
import { ErrorCode } from './frames.ts';
import { JoinedBytes } from './joined-bytes.ts';

/** The connection of a stream. */
export interface StreamSession {
  readonly peer: { readonly initialWindowBytes: number; readonly maxFrameBytes: number };
  readonly sendWindow: number;
  /** Nothing should be written but what the protocol requires. */
  readonly isBlocked: boolean;
  sendHeaders(streamId: number, block: string, endStream: boolean): void;
  sendData(streamId: number, bytes: Buffer, range: Range, endStream: boolean): void;
  resetStream(stream: Stream, code: ErrorCode): void;
  streamClosed(stream: Stream): void;
  /** The stream continues when a window has grown, or the socket has written. */
  awaitWindow(stream: Stream): void;
  /** So many bytes no longer wait for a user. */
  consumed(bytes: number): void;
  updateWindow(streamId: number, bytes: number): void;
}

/** What a stream does with what it receives. */
export interface StreamUser {
  content(bytes: Buffer, range: Range, endStream: boolean): void;
  /** They end it. */
  trailers(trailers: Head): void;
  /** What was queued has been sent. */
  drained(): void;
  /** It was reset, or its connection is closed. */
  gone(code: ErrorCode | undefined): void;
}

/** The window of a stream, for what it receives: that much may have to be kept while its user is paused. */
export const streamWindowBytes = 256 * 1024;

export class Stream {
  id = 0;
  sendWindow = 0;
  isLocalClosed = false;
  isRemoteClosed = false;
  receiveWindow = streamWindowBytes;
  private readonly session: StreamSession;
  private readonly user: StreamUser;
  /** Content that waits for a window. */
  private readonly queue = new JoinedBytes();
  /** The header block of trailers, or nothing, after what is queued. */
  private queuedEnd: string | undefined;
  /** Content that waits for the user. */
  private readonly received = new JoinedBytes();
  /** There is such content, or the end after none. */
  private hasReceived = false;
  private receivedTrailers: Head | undefined;
  private isPaused = true;
  private ignoresRest = false;
  /** By Content-Length, if there is one. */
  private expectedBytes: number | undefined;
  private receivedBytes = 0;
  private unacknowledged = 0;

  constructor(session: StreamSession, user: StreamUser) {
    this.session = session;
    this.user = user;
  }

  open(id: number): void {
    this.id = id;
    this.sendWindow = this.session.peer.initialWindowBytes;
    this.receiveWindow = streamWindowBytes;
    this.isLocalClosed = false;
    this.isRemoteClosed = false;
    this.queue.clear();
    this.queuedEnd = undefined;
    this.received.clear();
    this.hasReceived = false;
    this.receivedTrailers = undefined;
    this.isPaused = true;
    this.ignoresRest = false;
    this.expectedBytes = undefined;
    this.receivedBytes = 0;
    this.unacknowledged = 0;
  }

  // Sending.

  sendHeaders(block: string, endStream: boolean): void {
    if (this.isLocalClosed) return;
    this.session.sendHeaders(this.id, block, endStream);
    if (endStream) this.localEnded();
  }

  /** Returns false if the next piece must wait for `drained`. */
  sendContent(bytes: Buffer, range: Range, endStream: boolean): boolean {
    if (this.isLocalClosed) return true;
    let { from } = range;
    if (this.queue.length === 0) from = this.sendNow(bytes, range, endStream);
    if (!this.isLocalClosed) {
      this.queue.add(bytes, { from, to: range.to });
      if (endStream) this.queuedEnd = '';
    }
    const mustWait = this.queue.length > 0 || this.session.isBlocked;
    if (mustWait) this.session.awaitWindow(this);
    return !mustWait;
  }

  /** Sends what the windows allow. Returns where the rest begins. */
  private sendNow(bytes: Buffer, { from, to }: Range, endStream: boolean): number {
    if (from === to) {
      if (endStream) this.endNow(bytes);
      return to;
    }
    let at = from;
    for (let allowed = this.allowed(); at < to && allowed > 0; allowed = this.allowed()) {
      const end = Math.min(to, at + allowed);
      const isLast = endStream && end === to;
      this.sendWindow -= end - at;
      this.session.sendData(this.id, bytes, { from: at, to: end }, isLast);
      at = end;
      if (isLast) this.localEnded();
    }
    return at;
  }

  private endNow(bytes: Buffer): void {
    this.session.sendData(this.id, bytes, noRange, true);
    this.localEnded();
  }

  private allowed(): number {
    const { isBlocked, sendWindow, peer } = this.session;
    return isBlocked ? 0 : Math.min(this.sendWindow, sendWindow, peer.maxFrameBytes);
  }

  sendTrailers(block: string): void {
    if (this.isLocalClosed) return;
    if (this.queue.length > 0) this.queuedEnd = block;
    else this.sendHeaders(block, true);
  }

  /** A window has grown. */
  sendQueued(): void {
    while (this.queue.length > 0) {
      const bytes = this.queue.first();
      const isLast = this.queue.length === bytes.length && this.queuedEnd === '';
      const end = this.sendNow(bytes, { from: 0, to: bytes.length }, isLast);
      this.queue.drop(end);
      if (end < bytes.length) {
        this.session.awaitWindow(this);
        return;
      }
    }
    const trailers = this.queuedEnd;
    this.queuedEnd = undefined;
    if (trailers !== undefined && trailers !== '') this.sendHeaders(trailers, true);
    else if (!this.isLocalClosed) this.user.drained();
  }

  /** What the peer still sends is not wanted once everything was sent. */
  ignoreRest(): void {
    this.ignoresRest = true;
    if (this.isLocalClosed && !this.isRemoteClosed) this.reset(ErrorCode.NoError);
  }

  private localEnded(): void {
    this.isLocalClosed = true;
    if (this.ignoresRest && !this.isRemoteClosed) this.reset(ErrorCode.NoError);
    else this.closeIfOver();
  }

  reset(code: ErrorCode): void {
    // The peer does not know one that was not opened: RST_STREAM of stream 0 would end the connection.
    if (this.id === 0 || (this.isLocalClosed && this.isRemoteClosed)) return;
    this.isLocalClosed = true;
    this.isRemoteClosed = true;
    this.session.resetStream(this, code);
  }

  /** Called when the peer's head has ended the message. */
  ended(): void {
    this.closeIfOver();
  }

  private closeIfOver(): void {
    if (this.isLocalClosed && this.isRemoteClosed) this.session.streamClosed(this);
  }

  // Receiving.

  /** `length`: of the content that the head announces; undefined: any. Returns whether the message is valid. */
  expect(length: number | undefined): void {
    this.expectedBytes = length;
  }

  /** `endStream`: these are the last bytes, or there are none. Returns whether the content has the length that was announced. */
  receive(bytes: Buffer, range: Range, endStream: boolean): boolean {
    this.receivedBytes += range.to - range.from;
    this.isRemoteClosed = endStream;
    if (!this.hasValidLength()) return false;
    if (this.isPaused || this.hasReceived) {
      this.received.add(bytes, range);
      this.hasReceived = true;
    } else {
      this.pass(bytes, range, endStream);
    }
    if (endStream) this.closeIfOver();
    return true;
  }

  /** As `receive`, at the end of the message. */
  receiveTrailers(trailers: Head): boolean {
    this.isRemoteClosed = true;
    if (!this.hasValidLength()) return false;
    if (this.isPaused || this.hasReceived) this.receivedTrailers = copyHead(trailers);
    else this.user.trailers(trailers);
    this.closeIfOver();
    return true;
  }

  private hasValidLength(): boolean {
    const { expectedBytes, receivedBytes, isRemoteClosed } = this;
    if (expectedBytes === undefined) return true;
    return isRemoteClosed ? receivedBytes === expectedBytes : receivedBytes <= expectedBytes;
  }

  private pass(bytes: Buffer, range: Range, endStream: boolean): void {
    this.consumed(range.to - range.from);
    this.user.content(bytes, range, endStream);
  }

  pause(): void {
    this.isPaused = true;
  }

  /** Passes on what has arrived meanwhile, and from now on what arrives. */
  read(): void {
    this.isPaused = false;
    while (this.hasReceived && !this.isPaused) {
      const bytes = this.received.first();
      this.received.drop(bytes.length);
      this.hasReceived = this.received.length > 0;
      const isLast = this.isRemoteClosed && !this.hasReceived && this.receivedTrailers === undefined;
      this.pass(bytes, { from: 0, to: bytes.length }, isLast);
    }
    const trailers = this.receivedTrailers;
    if (trailers === undefined || this.isPaused) return;
    this.receivedTrailers = undefined;
    this.user.trailers(trailers);
  }

  /** The peer may send as much again, once half of the window is used: fewer frames than one for each piece. */
  consumed(bytes: number): void {
    this.session.consumed(bytes);
    this.unacknowledged += bytes;
    if (this.isRemoteClosed || this.unacknowledged < streamWindowBytes / 2) return;
    this.session.updateWindow(this.id, this.unacknowledged);
    this.receiveWindow += this.unacknowledged;
    this.unacknowledged = 0;
  }

  /** Ended by the peer, or with its connection. */
  gone(code: ErrorCode | undefined): void {
    this.isLocalClosed = true;
    this.isRemoteClosed = true;
    this.discard();
    this.user.gone(code);
  }

  /** What was not read counts no longer against the connection. */
  discard(): void {
    this.session.consumed(this.received.length);
    this.received.clear();
    this.hasReceived = false;
  }
}
