import type { Clock } from '../../platform/clock.ts';
import type { Head } from '../http/head.ts';
import { noRange, type Range, type TcpSocket } from '../net/tcp-socket.ts';
import type { Costly, FloodBudget } from './flood-budget.ts';
import { formError } from './frame-form.ts';
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
  protocolError,
  type ConnectionError,
  type Frame,
} from './frames.ts';
import type { AssembledHead, HeadAssembler, HeadKind } from './head-assembler.ts';
import { dependsOnItself, HeaderFrames, selfDependency, type HeadersUser } from './header-frames.ts';
import { PeerSettings } from './peer-settings.ts';
import { SendWindows } from './send-windows.ts';
import { ClosedStreams } from './closed-streams.ts';
import { streamWindowBytes, type Stream, type StreamSession } from './stream.ts';
import { TurnFrames } from './turn-frames.ts';

/** So much of a connection's window is returned at a time, as it is used. */
export const returnedWindowBytes = 512 * 1024;
/** A smaller increment of a window moves less than its frame is worth. */
const leastIncrement = 256;
/** What the peer of a connection may make wait to be sent, without reading it: then nothing more is read from it. */
const maxQueuedBytes = 128 * 1024;

/** What differs between the two ends of a connection. */
export interface SessionRole extends HeadersUser {
  /** Whether the id is one that the peer may use, or has used. */
  isIdle(streamId: number): boolean;
  goAwayReceived(lastStreamId: number, code: number): void;
  /** Those with which the peer begins. */
  settingsReceived(): void;
  /** A fault of the peer has ended one of its streams. */
  streamFailed(code: ErrorCode): void;
  streamClosed(stream: Stream): void;
  /** The connection ends: GOAWAY was sent, and all streams are gone. */
  failed(error: ConnectionError): void;
}

/** What all connections share. */
export type SessionParts = {
  socket: TcpSocket;
  peer: 'Client' | 'Server';
  role: SessionRole;
  clock: Clock;
  /** Undefined: the peer is trusted not to flood. */
  budget: FloodBudget | undefined;
  /** For what the users of all streams have not taken yet. Larger than the window of one: a stream that waits must not stop the others. */
  windowBytes: number;
  /** One for all connections: a head is read before the next one is assembled. */
  assembler: HeadAssembler;
};

/** The frames of one connection, at either end of it: what they mean for the connection, and for which stream they are. */
export class Session implements FrameUser, HeadersUser, StreamSession {
  readonly peer: PeerSettings;
  readonly streams = new Map<number, Stream>();
  /** The largest id of a stream that the peer has opened. */
  lastPeerStreamId = 0;
  isOver = false;
  private readonly parts: SessionParts;
  private readonly frames: TurnFrames;
  private readonly reader = new FrameReader(this);
  private readonly headers: HeaderFrames;
  private readonly closed = new ClosedStreams();
  private readonly windows = new SendWindows(this);
  private receiveWindow: number;
  private unacknowledged = 0;
  private hasSentHeaders = false;
  private hasSettings = false;
  /** That of the current DATA frame, if there is one that takes it. */
  private dataStream: Stream | undefined;

  constructor(parts: SessionParts) {
    this.parts = parts;
    this.frames = new TurnFrames(parts.socket);
    this.peer = new PeerSettings(parts.peer);
    this.receiveWindow = parts.windowBytes;
    this.headers = new HeaderFrames(this, parts.assembler);
  }

  /** Sends the preface of this end. */
  begin(values: Parameters<typeof settings>[0], before = ''): void {
    const window = windowUpdate(0, this.parts.windowBytes - defaultWindowBytes);
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
    this.flush();
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
    this.frames.add(text);
  }

  /** Before the end of the connection; otherwise what was sent leaves by itself. */
  flush(): void {
    this.frames.flush();
  }

  /** Nothing should be written but what the protocol requires. */
  get isBlocked(): boolean {
    return this.parts.socket.needsDrain;
  }

  get sendWindow(): number {
    return this.windows.connectionBytes;
  }

  sendHeaders(streamId: number, block: string, endStream: boolean): void {
    // The peer may have a smaller table than the default one; this end has none (RFC 7541 §4.2).
    const whole = this.hasSentHeaders ? block : `\x20${block}`;
    this.hasSentHeaders = true;
    this.write(headers(streamId, whole, { endStream, maxFrameBytes: this.peer.maxFrameBytes }));
  }

  sendData(streamId: number, bytes: Buffer, range: Range, endStream: boolean): void {
    const length = range.to - range.from;
    this.windows.connectionBytes -= length;
    this.parts.budget?.moved();
    this.frames.addContent(dataHeader(length, streamId, endStream), bytes, range);
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
    this.parts.budget?.completed();
    this.parts.role.streamClosed(stream);
  }

  private forget(stream: Stream): void {
    this.streams.delete(stream.id);
    this.windows.forget(stream);
    if (this.dataStream === stream) this.dataStream = undefined;
  }

  /** The stream continues when a window has grown, or the socket has written. */
  awaitWindow(stream: Stream): void {
    this.windows.wait(stream);
  }

  socketDrained(): void {
    this.parts.socket.resume();
    this.windows.grown();
  }

  // Flow control of what is received.

  consumed(bytes: number): void {
    this.unacknowledged += bytes;
    if (this.isOver || this.unacknowledged < returnedWindowBytes) return;
    this.updateWindow(0, this.unacknowledged);
    this.receiveWindow += this.unacknowledged;
    this.unacknowledged = 0;
  }

  updateWindow(streamId: number, bytes: number): void {
    this.write(windowUpdate(streamId, bytes));
  }

  // Received frames.

  dataBegun(frame: Frame): ConnectionError | undefined {
    const { streamId, length } = frame;
    this.dataStream = undefined;
    if (this.headers.openStreamId !== 0) return protocolError('a frame interrupts a header block');
    if (!this.hasSettings) return protocolError('the first frame is not SETTINGS');
    if (streamId === 0 || this.parts.role.isIdle(streamId)) return protocolError('DATA of a stream that is not open');
    this.receiveWindow -= length;
    if (this.receiveWindow < 0) return flowError('DATA beyond the window of the connection');
    const stream = this.streams.get(streamId);
    if (stream === undefined || stream.isRemoteClosed) return this.lateData(streamId, stream);
    stream.receiveWindow -= length;
    if (stream.receiveWindow < 0) return this.streamError(stream, ErrorCode.FlowControlError);
    this.dataStream = stream;
    return undefined;
  }

  /** DATA on a stream that has ended: late, if this end has reset it. */
  private lateData(streamId: number, stream: Stream | undefined): ConnectionError | undefined {
    if (stream !== undefined) return this.streamError(stream, ErrorCode.StreamClosed);
    if (this.closed.find(streamId) === 'Here') return this.charge('Empty');
    return this.refuse(streamId, ErrorCode.StreamClosed);
  }

  data(frame: Frame, bytes: Buffer, range: Range, isLast: boolean): ConnectionError | undefined {
    this.parts.budget?.moved();
    return this.pass(bytes, range, isLast && (frame.flags & Flag.EndStream) !== 0);
  }

  dataEnded({ flags, length }: Frame, padding: number): ConnectionError | undefined {
    if (this.dataStream === undefined) this.consumed(padding);
    else this.dataStream.consumed(padding);
    if ((flags & Flag.EndStream) !== 0) return this.pass(noPayload, noRange, true);
    return length === padding ? this.charge('Empty') : undefined;
  }

  /** What no stream takes, because it has ended, no longer counts against the connection. */
  private pass(bytes: Buffer, range: Range, endStream: boolean): ConnectionError | undefined {
    const stream = this.dataStream;
    if (stream === undefined) {
      this.consumed(range.to - range.from);
    } else if (!stream.receive(bytes, range, endStream)) {
      this.consumed(range.to - range.from);
      return this.streamError(stream, ErrorCode.ProtocolError);
    }
    return undefined;
  }

  /** Its user learns of it as of a reset by the peer. Returns an error if there were too many. */
  streamError(stream: Stream, code: ErrorCode): ConnectionError | undefined {
    const error = this.refuse(stream.id, code);
    this.forget(stream);
    stream.gone(code);
    this.parts.role.streamClosed(stream);
    return error;
  }

  /** As `streamError`, of a stream that has no user. */
  refuse(streamId: number, code: ErrorCode, costly: Costly = 'Reset'): ConnectionError | undefined {
    this.resetId(streamId, code);
    this.parts.role.streamFailed(code);
    return this.charge(costly);
  }

  frame(frame: Frame, payload: Buffer): ConnectionError | undefined {
    return this.misplaced(frame) ?? formError(frame) ?? this.takeFrame(frame, payload);
  }

  private misplaced({ type, flags, streamId }: Frame): ConnectionError | undefined {
    const { openStreamId } = this.headers;
    const continues = type === FrameType.Continuation && streamId === openStreamId;
    if (openStreamId !== 0 && !continues) return protocolError('a frame interrupts a header block');
    if (openStreamId === 0 && type === FrameType.Continuation) return protocolError('CONTINUATION without HEADERS');
    return this.hasSettings || (type === FrameType.Settings && (flags & Flag.Ack) === 0)
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
        return protocolError('PUSH_PROMISE, which is not enabled');
      case FrameType.Ping:
        return this.ping(frame, payload);
      case FrameType.GoAway:
        return this.goAwayReceived(payload);
      case FrameType.WindowUpdate:
        return this.windowUpdateReceived(frame, payload);
      default:
        // RFC 9113 §5.5: frames of unknown types are ignored.
        return this.charge('Idle');
    }
  }

  private charge(costly: Costly): ConnectionError | undefined {
    const { budget, clock } = this.parts;
    return budget === undefined || budget.take(costly, clock.nowMs())
      ? undefined
      : { code: ErrorCode.EnhanceYourCalm, detail: 'too many frames without use' };
  }

  headKind(streamId: number): HeadKind {
    return this.parts.role.headKind(streamId);
  }

  headersReceived(
    streamId: number,
    head: Head,
    outcome: AssembledHead,
    endStream: boolean,
  ): ConnectionError | undefined {
    const endedBy = this.closed.find(streamId);
    if (endedBy === 'Here') return this.charge('Empty');
    if (endedBy === 'There') return { code: ErrorCode.StreamClosed, detail: 'HEADERS of a stream that has ended' };
    return this.parts.role.headersReceived(streamId, head, outcome, endStream);
  }

  /** Priorities are not used (RFC 9113 §5.3.2). */
  private priority({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    return dependsOnItself(payload, 0, streamId) ? selfDependency : this.charge('Idle');
  }

  private resetReceived({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    if (this.parts.role.isIdle(streamId)) return protocolError('RST_STREAM of a stream that is not open');
    const stream = this.streams.get(streamId);
    if (stream === undefined) return this.charge('Empty');
    this.closed.add(streamId, 'There');
    this.forget(stream);
    stream.gone(errorCodeOf(payload.readUInt32BE(0)));
    this.parts.role.streamClosed(stream);
    return this.charge('Reset');
  }

  private settingsFrame({ flags }: Frame, payload: Buffer): ConnectionError | undefined {
    if ((flags & Flag.Ack) !== 0) return this.charge('Idle');
    const before = this.peer.initialWindowBytes;
    const error = this.peer.apply(payload);
    if (error !== undefined) return error;
    // At once (RFC 9113 §6.5.3): before what larger windows let through.
    this.write(settingsAck);
    if (!this.windows.resize(this.streams.values(), this.peer.initialWindowBytes - before)) return tooLargeWindow;
    if (!this.hasSettings) this.parts.role.settingsReceived();
    this.hasSettings = true;
    return this.charge('Acknowledged');
  }

  private ping({ flags }: Frame, payload: Buffer): ConnectionError | undefined {
    if ((flags & Flag.Ack) !== 0) return this.charge('Idle');
    this.write(pingAck(payload));
    return this.charge('Acknowledged');
  }

  private goAwayReceived(payload: Buffer): ConnectionError | undefined {
    this.parts.role.goAwayReceived(payload.readUInt32BE(0) & 0x7fff_ffff, payload.readUInt32BE(4));
    return this.charge('Idle');
  }

  private windowUpdateReceived({ streamId }: Frame, payload: Buffer): ConnectionError | undefined {
    const increment = payload.readUInt32BE(0) & 0x7fff_ffff;
    if (streamId === 0 && increment === 0) return protocolError('WINDOW_UPDATE of 0');
    if (streamId === 0 && !this.windows.growConnection(increment)) return tooLargeWindow;
    if (streamId !== 0 && this.parts.role.isIdle(streamId)) {
      return protocolError('WINDOW_UPDATE of a stream that is not open');
    }
    const stream = this.streams.get(streamId);
    if (stream !== undefined && increment === 0) return this.streamError(stream, ErrorCode.ProtocolError);
    if (stream !== undefined && !this.windows.growStream(stream, increment)) {
      return this.streamError(stream, ErrorCode.FlowControlError);
    }
    return this.charge(increment < leastIncrement ? 'Dribble' : 'Idle');
  }
}

const noPayload = Buffer.alloc(0);
const tooLargeWindow = flowError('a window becomes larger than 2^31-1');

/** RFC 9113 §7: an unknown code is one of INTERNAL_ERROR. */
const errorCodeOf = (code: number): ErrorCode =>
  Object.values(ErrorCode).find((known) => known === code) ?? ErrorCode.InternalError;
