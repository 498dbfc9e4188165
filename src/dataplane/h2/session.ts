import type { Clock } from '../../platform/clock.ts';
import type { Head } from '../http/head.ts';
import { noRange, type Range, type TcpSocket } from '../net/tcp-socket.ts';
import { FloodBudget, type Costly } from './flood-budget.ts';
import {
  dataHeader,
  goAway,
  headers,
  pingAck,
  resetStream,
  settings,
  settingsAck,
  windowUpdate,
} from './frame-text.ts';
import { FrameReader, type FrameUser } from './frame-reader.ts';
import {
  defaultWindowBytes,
  ErrorCode,
  Flag,
  FrameType,
  flowError,
  maxWindowBytes,
  protocolError,
  sizeError,
  type ConnectionError,
  type Frame,
} from './frames.ts';
import type { AssembledHead, HeadAssembler, HeadKind } from './head-assembler.ts';
import { dependsOnItself, HeaderFrames, selfDependency, type HeadersUser } from './header-frames.ts';
import { PeerSettings } from './peer-settings.ts';
import { ClosedStreams } from './closed-streams.ts';
import { streamWindowBytes, type Stream, type StreamSession } from './stream.ts';

/** For what the users of all streams have not taken yet. Larger than the window of one: a stream that waits must not stop the others. */
const connectionWindowBytes = 1024 * 1024;
/** What the peer of a connection may make wait to be sent, without reading it: then nothing more is read from it. */
const maxQueuedBytes = 128 * 1024;

/** What differs between the two ends of a connection. */
export interface SessionRole extends HeadersUser {
  /** Whether the id is one that the peer may use, or has used. */
  isIdle(streamId: number): boolean;
  goAwayReceived(lastStreamId: number, code: number): void;
  settingsReceived(): void;
  streamClosed(stream: Stream): void;
  /** The connection ends: GOAWAY was sent, and all streams are gone. */
  failed(error: ConnectionError): void;
}

/** What all connections share. */
export type SessionParts = {
  socket: TcpSocket;
  role: SessionRole;
  clock: Clock;
  /** One for all connections: a head is read before the next one is assembled. */
  head: Head;
  assembler: HeadAssembler;
};

/** The frames of one connection, at either end of it: what they mean for the connection, and for which stream they are. */
export class Session implements FrameUser, HeadersUser, StreamSession {
  readonly peer = new PeerSettings();
  readonly streams = new Map<number, Stream>();
  sendWindow = defaultWindowBytes;
  /** The largest id of a stream that the peer has opened. */
  lastPeerStreamId = 0;
  isOver = false;
  private readonly parts: SessionParts;
  private readonly reader = new FrameReader(this);
  private readonly headers: HeaderFrames;
  private readonly budget: FloodBudget;
  private readonly closed = new ClosedStreams();
  private readonly waiting = new Set<Stream>();
  private receiveWindow = connectionWindowBytes;
  private unacknowledged = 0;
  private hasSentHeaders = false;
  private hasSettings = false;
  /** That of the current DATA frame, if there is one that takes it. */
  private dataStream: Stream | undefined;

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.budget = new FloodBudget(parts.clock.nowMs());
    this.headers = new HeaderFrames(this, parts.assembler);
  }

  /** Sends the preface of this end. */
  begin(values: Parameters<typeof settings>[0], before = ''): void {
    const window = windowUpdate(0, connectionWindowBytes - defaultWindowBytes);
    this.write(before + settings({ ...values, InitialWindowSize: streamWindowBytes }) + window);
  }

  read(bytes: Buffer, from: number, to: number): void {
    const error = this.reader.read(bytes, from, to);
    if (error !== undefined) this.fail(error);
    else if (this.parts.socket.queuedBytes > maxQueuedBytes) this.parts.socket.pause();
  }

  fail(error: ConnectionError): void {
    if (this.isOver) return;
    this.isOver = true;
    this.write(goAway(this.lastPeerStreamId, error.code, error.detail));
    this.endStreams();
    this.parts.role.failed(error);
  }

  /** The connection has ended. */
  endStreams(): void {
    this.isOver = true;
    for (const stream of Array.from(this.streams.values())) {
      this.forget(stream);
      stream.gone(undefined);
      this.parts.role.streamClosed(stream);
    }
  }

  // Sending.

  private write(text: string): void {
    this.parts.socket.write(text);
  }

  /** Nothing should be written but what the protocol requires. */
  get isBlocked(): boolean {
    return this.parts.socket.needsDrain;
  }

  sendHeaders(streamId: number, block: string, endStream: boolean): void {
    // The peer may have a smaller table than the default one; this end has none (RFC 7541 §4.2).
    const whole = this.hasSentHeaders ? block : `\x20${block}`;
    this.hasSentHeaders = true;
    this.write(headers(streamId, whole, { endStream, maxFrameBytes: this.peer.maxFrameBytes }));
  }

  sendData(streamId: number, bytes: Buffer, range: Range, endStream: boolean): void {
    const length = range.to - range.from;
    this.sendWindow -= length;
    this.budget.moved();
    const header = dataHeader(length, streamId, endStream);
    if (length === 0) this.write(header);
    else this.parts.socket.writeJoined(header, bytes, range, '');
  }

  sendGoAway(lastStreamId: number): void {
    this.write(goAway(lastStreamId, ErrorCode.NoError));
  }

  resetStream(stream: Stream, code: ErrorCode): void {
    this.resetId(stream.id, code);
    this.forget(stream);
    stream.discard();
    this.parts.role.streamClosed(stream);
  }

  resetId(streamId: number, code: ErrorCode): void {
    this.closed.add(streamId, 'Here');
    this.write(resetStream(streamId, code));
  }

  streamClosed(stream: Stream): void {
    this.closed.add(stream.id, 'There');
    this.forget(stream);
    this.budget.completed();
    this.parts.role.streamClosed(stream);
  }

  private forget(stream: Stream): void {
    this.streams.delete(stream.id);
    this.waiting.delete(stream);
  }

  /** The stream continues when a window has grown, or the socket has written. */
  awaitWindow(stream: Stream): void {
    this.waiting.add(stream);
  }

  private windowGrown(): void {
    for (const stream of Array.from(this.waiting)) {
      if (this.isBlocked || this.sendWindow <= 0) return;
      this.waiting.delete(stream);
      stream.sendQueued();
    }
  }

  socketDrained(): void {
    this.parts.socket.resume();
    this.windowGrown();
  }

  // Flow control of what is received.

  consumed(bytes: number): void {
    this.unacknowledged += bytes;
    if (this.isOver || this.unacknowledged < connectionWindowBytes / 2) return;
    this.updateWindow(0, this.unacknowledged);
    this.receiveWindow += this.unacknowledged;
    this.unacknowledged = 0;
  }

  updateWindow(streamId: number, bytes: number): void {
    this.write(windowUpdate(streamId, bytes));
  }

  // Received frames.

  dataBegun(frame: Frame): ConnectionError | undefined {
    const { streamId, length, flags } = frame;
    this.dataStream = undefined;
    if (this.headers.openStreamId !== 0) return protocolError('a frame interrupts a header block');
    if (!this.hasSettings) return protocolError('the first frame is not SETTINGS');
    if (streamId === 0 || this.parts.role.isIdle(streamId)) return protocolError('DATA of a stream that is not open');
    this.receiveWindow -= length;
    if (this.receiveWindow < 0) return flowError('DATA beyond the window of the connection');
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.isRemoteClosed) return this.lateData(streamId, stream, length);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) {
      this.consumed(length);
      this.streamError(stream, ErrorCode.FlowControlError);
      return undefined;
    }
    this.dataStream = stream;
    if (length > 0) this.budget.moved();
    return length === 0 && (flags & Flag.EndStream) === 0 ? this.charge('Empty') : undefined;
  }

  /** DATA on a stream that has ended: late, if this end has reset it. */
  private lateData(streamId: number, stream: Stream | undefined, length: number): ConnectionError | undefined {
    this.consumed(length);
    if (stream === undefined && this.closed.find(streamId) === 'Here') return this.charge('Empty');
    if (stream === undefined) this.resetId(streamId, ErrorCode.StreamClosed);
    else this.streamError(stream, ErrorCode.StreamClosed);
    return this.charge('Reset');
  }

  data(frame: Frame, bytes: Buffer, range: Range, isLast: boolean): void {
    const endStream = isLast && (frame.flags & Flag.EndStream) !== 0;
    this.pass(bytes, range, endStream);
  }

  dataEnded(frame: Frame, padding: number): void {
    if (padding > 0) this.dataStream?.consumed(padding);
    if ((frame.flags & Flag.EndStream) !== 0) this.pass(noPayload, noRange, true);
  }

  private pass(bytes: Buffer, range: Range, endStream: boolean): void {
    const stream = this.dataStream;
    if (stream === undefined || stream.receive(bytes, range, endStream)) return;
    this.dataStream = undefined;
    this.streamError(stream, ErrorCode.ProtocolError);
  }

  /** Its user learns of it as of a reset by the peer. */
  streamError(stream: Stream, code: ErrorCode): void {
    this.resetId(stream.id, code);
    this.forget(stream);
    stream.gone(code);
    this.parts.role.streamClosed(stream);
  }

  frame(frame: Frame, payload: Buffer): ConnectionError | undefined {
    return this.misplaced(frame) ?? this.takeFrame(frame, payload);
  }

  private misplaced({ type, streamId }: Frame): ConnectionError | undefined {
    const { openStreamId } = this.headers;
    const continues = type === FrameType.Continuation && streamId === openStreamId;
    if (openStreamId !== 0 && !continues) return protocolError('a frame interrupts a header block');
    if (openStreamId === 0 && type === FrameType.Continuation) return protocolError('CONTINUATION without HEADERS');
    return this.hasSettings || type === FrameType.Settings
      ? undefined
      : protocolError('the first frame is not SETTINGS');
  }

  private takeFrame(frame: Frame, payload: Buffer): ConnectionError | undefined {
    switch (frame.type) {
      case FrameType.Headers:
        return this.headers.headers(frame, payload);
      case FrameType.Continuation:
        return this.headers.continuation(frame, payload);
      case FrameType.Priority:
        return this.priority(frame, payload);
      case FrameType.ResetStream:
        return this.resetReceived(frame, payload);
      case FrameType.Settings:
        return this.settingsFrame(frame, payload);
      case FrameType.PushPromise:
        return protocolError('PUSH_PROMISE, which nobody has enabled');
      case FrameType.Ping:
        return this.ping(frame, payload);
      case FrameType.GoAway:
        return this.goAwayReceived(frame, payload);
      case FrameType.WindowUpdate:
        return this.windowUpdateReceived(frame, payload);
      default:
        // RFC 9113 §5.5: frames of unknown types are ignored.
        return this.charge('Idle');
    }
  }

  private charge(costly: Costly): ConnectionError | undefined {
    return this.budget.take(costly, this.parts.clock.nowMs())
      ? undefined
      : { code: ErrorCode.EnhanceYourCalm, detail: 'too many frames without use' };
  }

  headKind(streamId: number): HeadKind {
    return this.parts.role.headKind(streamId);
  }

  headersReceived(streamId: number, head: AssembledHead, endStream: boolean): ConnectionError | undefined {
    const endedBy = this.closed.find(streamId);
    if (endedBy === 'Here') return this.charge('Empty');
    if (endedBy === 'There') return { code: ErrorCode.StreamClosed, detail: 'HEADERS of a stream that has ended' };
    return this.parts.role.headersReceived(streamId, head, endStream);
  }

  private priority({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    if (streamId === 0) return protocolError('PRIORITY of stream 0');
    // Priorities are not used (RFC 9113 §5.3.2), but a frame of the wrong size could be anything.
    if (payload.length !== 5) return sizeError('PRIORITY is not 5 bytes long');
    return dependsOnItself(payload, 0, streamId) ? selfDependency : this.charge('Idle');
  }

  private resetReceived({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    if (payload.length !== 4) return sizeError('RST_STREAM is not 4 bytes long');
    if (streamId === 0 || this.parts.role.isIdle(streamId)) {
      return protocolError('RST_STREAM of a stream that is not open');
    }
    const stream = this.streams.get(streamId);
    if (stream !== undefined) {
      this.closed.add(streamId, 'There');
      this.forget(stream);
      stream.gone(errorCodeOf(payload.readUInt32BE(0)));
      this.parts.role.streamClosed(stream);
    }
    return this.charge('Reset');
  }

  private settingsFrame({ streamId, flags }: Frame, payload: Buffer): ConnectionError | undefined {
    if (streamId !== 0) return protocolError('SETTINGS of a stream');
    if ((flags & Flag.Ack) !== 0) {
      return payload.length === 0 ? undefined : sizeError('an acknowledgement with settings');
    }
    const before = this.peer.initialWindowBytes;
    const error = this.peer.apply(payload) ?? this.resizeWindows(this.peer.initialWindowBytes - before);
    if (error !== undefined) return error;
    this.hasSettings = true;
    this.write(settingsAck);
    this.parts.role.settingsReceived();
    return this.charge('Acknowledged');
  }

  /** RFC 9113 §6.9.2: windows may become negative. */
  private resizeWindows(change: number): ConnectionError | undefined {
    if (change === 0) return undefined;
    for (const stream of this.streams.values()) {
      stream.sendWindow += change;
      if (stream.sendWindow > maxWindowBytes) {
        return flowError('SETTINGS_INITIAL_WINDOW_SIZE makes a window larger than 2^31-1');
      }
    }
    this.windowGrown();
    return undefined;
  }

  private ping({ streamId, flags }: Frame, payload: Buffer): ConnectionError | undefined {
    if (payload.length !== 8) return sizeError('PING is not 8 bytes long');
    if (streamId !== 0) return protocolError('PING of a stream');
    if ((flags & Flag.Ack) !== 0) return undefined;
    this.write(pingAck(payload));
    return this.charge('Acknowledged');
  }

  private goAwayReceived({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    if (streamId !== 0) return protocolError('GOAWAY of a stream');
    if (payload.length < 8) return sizeError('GOAWAY is shorter than 8 bytes');
    this.parts.role.goAwayReceived(payload.readUInt32BE(0) & 0x7fff_ffff, payload.readUInt32BE(4));
    return undefined;
  }

  private windowUpdateReceived({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    if (payload.length !== 4) return sizeError('WINDOW_UPDATE is not 4 bytes long');
    const increment = payload.readUInt32BE(0) & 0x7fff_ffff;
    if (streamId === 0) return this.growConnection(increment);
    if (this.parts.role.isIdle(streamId)) return protocolError('WINDOW_UPDATE of a stream that is not open');
    const stream = this.streams.get(streamId);
    if (stream === undefined) return this.charge('Idle');
    if (increment === 0 || stream.sendWindow + increment > maxWindowBytes) {
      this.streamError(stream, increment === 0 ? ErrorCode.ProtocolError : ErrorCode.FlowControlError);
      return undefined;
    }
    stream.sendWindow += increment;
    if (!this.waiting.delete(stream)) return this.charge('Idle');
    stream.sendQueued();
    return undefined;
  }

  private growConnection(increment: number): ConnectionError | undefined {
    if (increment === 0) return protocolError('WINDOW_UPDATE of 0');
    if (this.sendWindow + increment > maxWindowBytes) {
      return flowError('WINDOW_UPDATE makes a window larger than 2^31-1');
    }
    this.sendWindow += increment;
    if (this.waiting.size === 0) return this.charge('Idle');
    this.windowGrown();
    return undefined;
  }
}

const noPayload = Buffer.alloc(0);

/** RFC 9113 §7: an unknown code is one of INTERNAL_ERROR. */
const errorCodeOf = (code: number): ErrorCode =>
  Object.values(ErrorCode).find((known) => known === code) ?? ErrorCode.InternalError;
