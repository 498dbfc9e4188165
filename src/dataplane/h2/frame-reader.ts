/**
 * Splits what is read into frames. The payload of DATA is passed on in the pieces in which it arrives; that of any other frame as a whole, copied
 * only if it came in several reads.
 *
 *     Header ──9 bytes──► Payload (whole) ──────────────► Header
 *              └─DATA─► PadLength ──► Data ──► Padding ──► Header
 */
import { byteAt } from '../http/ascii.ts';
import type { Range } from '../net/tcp-socket.ts';
import {
  ErrorCode,
  Flag,
  FrameType,
  frameHeaderBytes,
  minMaxFrameBytes,
  type ConnectionError,
  type Frame,
} from './frames.ts';

export interface FrameUser {
  /** The header of a DATA frame: its whole length counts for flow control, padding too. Returns an error that ends the connection. */
  dataBegun(frame: Frame): ConnectionError | undefined;
  /** A part of its content, which the next read may change. `isLast`: the frame ends with it. */
  data(frame: Frame, bytes: Buffer, range: Range, isLast: boolean): ConnectionError | undefined;
  /** The end of a frame without content, or with padding: so many of its bytes are none. */
  dataEnded(frame: Frame, padding: number): ConnectionError | undefined;
  /** Any other frame. */
  frame(frame: Frame, payload: Buffer): ConnectionError | undefined;
  /** Nothing more is to be read. */
  readonly isOver: boolean;
}

type Step = 'Header' | 'Payload' | 'PadLength' | 'Data' | 'Padding';

export class FrameReader {
  private readonly user: FrameUser;
  private readonly frame: Frame = { length: 0, type: 0, flags: 0, streamId: 0 };
  private readonly header = Buffer.alloc(frameHeaderBytes);
  private headerLength = 0;
  private step: Step = 'Header';
  private padding = 0;
  /** Bytes left of the current step. */
  private left = 0;
  private kept: Buffer | undefined;
  private keptLength = 0;

  constructor(user: FrameUser) {
    this.user = user;
  }

  /** Returns an error of the peer that ends the connection. */
  read(bytes: Buffer, from: number, to: number): ConnectionError | undefined {
    let at = from;
    while (at < to && !this.user.isOver) {
      const next = this.readStep(bytes, at, to);
      if (typeof next === 'object') return next;
      at = next;
    }
    return undefined;
  }

  private readStep(bytes: Buffer, at: number, to: number): number | ConnectionError {
    switch (this.step) {
      case 'Header':
        return this.readHeader(bytes, at, to);
      case 'Payload':
        return this.readPayload(bytes, at, to);
      case 'PadLength':
        return this.readPadLength(byteAt(bytes, at)) ?? at + 1;
      case 'Data':
        return this.readData(bytes, at, to);
      case 'Padding':
        return this.skipPadding(at, to);
      default:
        return at;
    }
  }

  private readPadLength(length: number): ConnectionError | undefined {
    this.padding = length;
    this.left -= 1;
    if (length > this.left) return tooMuchPadding;
    this.left -= length;
    return this.enterData();
  }

  private skipPadding(at: number, to: number): number | ConnectionError {
    const end = Math.min(to, at + this.left);
    this.left -= end - at;
    return (this.left === 0 ? this.endData() : undefined) ?? end;
  }

  private readHeader(bytes: Buffer, at: number, to: number): number | ConnectionError {
    if (this.headerLength === 0 && to - at >= frameHeaderBytes) {
      return this.begin(bytes, at) ?? at + frameHeaderBytes;
    }
    const end = Math.min(to, at + frameHeaderBytes - this.headerLength);
    bytes.copy(this.header, this.headerLength, at, end);
    this.headerLength += end - at;
    if (this.headerLength < frameHeaderBytes) return end;
    this.headerLength = 0;
    return this.begin(this.header, 0) ?? end;
  }

  private begin(bytes: Buffer, at: number): ConnectionError | undefined {
    const { frame } = this;
    frame.length = (byteAt(bytes, at) << 16) | (byteAt(bytes, at + 1) << 8) | byteAt(bytes, at + 2);
    frame.type = byteAt(bytes, at + 3);
    frame.flags = byteAt(bytes, at + 4);
    frame.streamId = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (frame.length > minMaxFrameBytes) return tooLong;
    this.left = frame.length;
    if (frame.type === FrameType.Data) return this.beginData();
    if (frame.length === 0) return this.user.frame(frame, noPayload);
    this.step = 'Payload';
    return undefined;
  }

  private beginData(): ConnectionError | undefined {
    const { frame } = this;
    const error = this.user.dataBegun(frame);
    if (error !== undefined) return error;
    this.padding = 0;
    if ((frame.flags & Flag.Padded) === 0) return this.enterData();
    if (frame.length === 0) return tooMuchPadding;
    this.step = 'PadLength';
    return undefined;
  }

  private enterData(): ConnectionError | undefined {
    this.step = 'Data';
    return this.left === 0 ? this.enterPadding() : undefined;
  }

  private enterPadding(): ConnectionError | undefined {
    this.step = 'Padding';
    this.left = this.padding;
    return this.left === 0 ? this.endData() : undefined;
  }

  private endData(): ConnectionError | undefined {
    this.step = 'Header';
    return this.user.dataEnded(this.frame, this.isPadded ? this.padding + 1 : 0);
  }

  /** Even padding of no bytes has a byte for its length. */
  private get isPadded(): boolean {
    return (this.frame.flags & Flag.Padded) !== 0;
  }

  private readData(bytes: Buffer, at: number, to: number): number | ConnectionError {
    const end = Math.min(to, at + this.left);
    this.left -= end - at;
    const isLast = this.left === 0 && !this.isPadded;
    const error = this.user.data(this.frame, bytes, { from: at, to: end }, isLast);
    if (error !== undefined) return error;
    if (isLast) this.step = 'Header';
    return (this.left === 0 && !isLast ? this.enterPadding() : undefined) ?? end;
  }

  private readPayload(bytes: Buffer, at: number, to: number): number | ConnectionError {
    const { length } = this.frame;
    if (this.kept === undefined && to - at >= length) {
      this.step = 'Header';
      return this.user.frame(this.frame, bytes.subarray(at, at + length)) ?? at + length;
    }
    this.kept ??= Buffer.allocUnsafe(length);
    const end = Math.min(to, at + length - this.keptLength);
    bytes.copy(this.kept, this.keptLength, at, end);
    this.keptLength += end - at;
    if (this.keptLength < length) return end;
    const payload = this.kept;
    this.kept = undefined;
    this.keptLength = 0;
    this.step = 'Header';
    return this.user.frame(this.frame, payload) ?? end;
  }
}

const noPayload = Buffer.alloc(0);
const tooLong: ConnectionError = {
  code: ErrorCode.FrameSizeError,
  detail: `a frame is longer than SETTINGS_MAX_FRAME_SIZE, ${minMaxFrameBytes} bytes`,
};
const tooMuchPadding: ConnectionError = {
  code: ErrorCode.ProtocolError,
  detail: 'the padding of a DATA frame is longer than the frame',
};
