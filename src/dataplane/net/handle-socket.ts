/** A TcpSocket on Node's TCP handle itself, without streams: a read calls the user, a write calls the kernel, and nothing is allocated in between. */
import { isIPv6 } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { joinedCopy } from './byte-copy.ts';
import { borrowLarge, isShared, returnLarge, sharedBuffers } from './read-buffers.ts';
import {
  endOfStream,
  localAddressOf,
  type Completion,
  type StreamHandle,
  type TcpHandle,
  type TcpHandles,
} from './tcp-handles.ts';
import { noUser, queuedBytesLimit } from './tcp-socket.ts';
import type { Pieces, Range, TcpSocket } from './tcp-socket.ts';
import { turnWrites } from './turn-writes.ts';

type OfSocket = { socket?: HandleSocket };
type SocketHandle = TcpHandle & OfSocket;
/** `data`: kept until it is written. */
type Write = Completion & { socket?: HandleSocket; bytes?: number; data?: string | Buffer | undefined };

/** Most writes are done when they return: their request is used again, by the next write of any socket. */
let spareWrite: Write | undefined;

/** Up to this size one string costs less than bytes. */
const smallBytes = 4096;
/** A head and what one read may have of its body. */
const scratchBytes = 128 * 1024;
/** Where head and body are joined to one write. */
let scratch = Buffer.allocUnsafeSlow(scratchBytes);

export type HandleParts = { handles: TcpHandles; handle: TcpHandle; remoteAddress: string };

export class HandleSocket implements TcpSocket {
  user = noUser;
  readonly remoteAddress: string;
  isDestroyed = false;
  queuedBytes = 0;
  needsDrain = false;
  isFinished = false;
  private readonly handles: TcpHandles;
  private readonly handle: SocketHandle;
  /** Where the handle reads to, and where it is to read to after the next read. */
  private bytes: Buffer = sharedBuffers.Heads;
  private nextBytes: Buffer = sharedBuffers.Heads;
  private isReading = false;
  private isBorrowing = false;
  /** Strings of this turn, which are written at its end. */
  private gathered = '';
  private writesOpen = 0;
  private isPaused = false;
  private isEnding = false;
  private hasReadAll = false;
  private reason = 'closed';

  constructor({ handles, handle, remoteAddress }: HandleParts) {
    this.handles = handles;
    this.handle = handle;
    this.remoteAddress = remoteAddress;
    this.handle.socket = this;
    handle.onread = read;
    handle.useUserBuffer(this.bytes);
  }

  /** Asked by few requests. */
  get localAddress(): string {
    return localAddressOf(this.handle).address;
  }

  get localPort(): number {
    return localAddressOf(this.handle).port;
  }

  /** Reads an accepted connection. */
  start(): void {
    this.failIf(this.handle.readStart());
  }

  /** `address`: an IP address. */
  connect({ address, port, keepAliveDelayS }: { address: string; port: number; keepAliveDelayS: number }): void {
    const { handle } = this;
    const request = this.handles.createConnect();
    request.oncomplete = (status) => {
      if (this.isDestroyed) return;
      if (status < 0) {
        this.fail(status);
        return;
      }
      handle.setNoDelay(true);
      handle.setKeepAlive(true, keepAliveDelayS);
      if (!this.isPaused) this.failIf(handle.readStart());
      this.call(() => this.user.socketConnected());
    };
    this.failIf(isIPv6(address) ? handle.connect6(request, address, port) : handle.connect(request, address, port));
  }

  /** Called by the handle. Returns another buffer for the next reads, if there is one. */
  readDone(): Buffer | undefined {
    const { handles } = this;
    const result = handles.state[handles.readResultAt] ?? 0;
    this.isReading = true;
    this.take(result);
    this.isReading = false;
    if (this.nextBytes === this.bytes || this.isDestroyed) return undefined;
    this.bytes = this.nextBytes;
    return this.bytes;
  }

  private take(result: number): void {
    if (result === 0) return;
    if (result > 0) {
      try {
        this.user.socketBytes(this.bytes, result);
      } catch (error) {
        this.user.fault(error);
      }
    } else if (result === endOfStream) {
      this.hasReadAll = true;
      this.handle.readStop();
      this.call(() => this.user.socketEnded());
      this.closeIfOver();
    } else {
      this.fail(result);
    }
  }

  write(data: string | Buffer): boolean {
    if (this.isDestroyed || this.isEnding) return false;
    if (typeof data === 'string' && this.writesOpen === 0 && this.gathered.length + data.length <= queuedBytesLimit) {
      if (this.gathered !== '' || (data !== '' && turnWrites.gather(this))) {
        this.gathered += data;
        this.queuedBytes += data.length;
        return true;
      }
    }
    this.flush();
    this.writeNow(data);
    return !this.needsDrain;
  }

  writeJoined(before: string, bytes: Buffer, range: Range, after: string): boolean {
    const { from, to } = range;
    const length = before.length + to - from + after.length;
    if (length <= smallBytes) return this.write(before + bytes.toString('latin1', from, to) + after);
    if (this.isDestroyed || this.isEnding) return false;
    this.flush();
    if (this.writesOpen > 0 || length > scratchBytes) {
      this.writeNow(joinedCopy(before, bytes, range, after));
    } else {
      scratch.write(before, 0, 'latin1');
      bytes.copy(scratch, before.length, from, to);
      if (after !== '') scratch.write(after, length - after.length, 'latin1');
      // What the kernel does not accept at once is written from these bytes later.
      if (!this.writeNow(scratch.subarray(0, length))) scratch = Buffer.allocUnsafeSlow(scratchBytes);
    }
    return !this.needsDrain;
  }

  writeBorrowed(bytes: Buffer): boolean {
    if (this.isDestroyed || this.isEnding) return false;
    this.flush();
    if (!this.writeNow(bytes)) this.needsDrain = true;
    return !this.needsDrain;
  }

  flush(): void {
    const { gathered } = this;
    if (gathered === '') return;
    this.gathered = '';
    this.queuedBytes -= gathered.length;
    if (!this.isDestroyed) this.writeNow(gathered);
  }

  /** Returns whether all of it was written. */
  private writeNow(data: string | Buffer): boolean {
    const { handle, handles } = this;
    const request: Write = (spareWrite ??= handles.createWrite());
    request.handle = handle;
    request.oncomplete = wrote;
    request.socket = this;
    const error =
      typeof data === 'string' ? handle.writeLatin1String(request, data) : handle.writeBuffer(request, data);
    if (error !== 0) {
      this.failIf(error);
      return true;
    }
    if (handles.state[handles.wroteLaterAt] === 0) return true;
    spareWrite = undefined;
    request.data = data;
    request.bytes = handles.state[handles.bytesWrittenAt] ?? 0;
    this.writesOpen += 1;
    this.queuedBytes += request.bytes;
    this.needsDrain ||= this.queuedBytes >= queuedBytesLimit;
    return false;
  }

  /** Called by the handle for a write that was not done when it returned. */
  writeDone(bytes: number, status: number): void {
    this.writesOpen -= 1;
    this.queuedBytes -= bytes;
    if (this.isDestroyed) return;
    if (status < 0) {
      this.fail(status);
    } else if (this.writesOpen === 0) {
      if (this.needsDrain) {
        this.needsDrain = false;
        this.call(() => this.user.socketDrained());
      }
      if (this.isEnding && this.writesOpen === 0) this.shutDown();
    }
  }

  pause(): void {
    if (this.isPaused || this.isDestroyed) return;
    this.isPaused = true;
    this.handle.readStop();
  }

  resume(): void {
    if (!this.isPaused || this.isDestroyed) return;
    this.isPaused = false;
    if (!this.hasReadAll) this.failIf(this.handle.readStart());
  }

  expect(pieces: Pieces, isFree = true): void {
    if (this.isDestroyed || (pieces === 'Large' && this.isBorrowing)) return;
    this.giveBack(isFree);
    const borrowed = pieces === 'Large' ? borrowLarge() : undefined;
    this.isBorrowing = borrowed !== undefined;
    this.nextBytes = borrowed ?? sharedBuffers[pieces === 'Large' ? 'Stream' : pieces];
    // The handle keeps a little memory for each change that is not the result of a read, until it is closed.
    if (this.isReading || this.bytes === this.nextBytes || isShared(this.bytes)) return;
    this.bytes = this.nextBytes;
    this.handle.useUserBuffer(this.bytes);
  }

  /** Calls `takeOver`, after which the connection, which must be paused, is that of another socket on its handle. */
  handOver<T>(takeOver: (parts: HandleParts) => T): T {
    const { handles, handle, remoteAddress } = this;
    const taken = takeOver({ handles, handle, remoteAddress });
    this.isDestroyed = true;
    return taken;
  }

  private giveBack(isFree: boolean): void {
    if (!this.isBorrowing) return;
    this.isBorrowing = false;
    returnLarge(this.nextBytes, isFree);
  }

  end(): void {
    if (this.isEnding || this.isDestroyed) return;
    this.flush();
    this.isEnding = true;
    if (this.writesOpen === 0) this.shutDown();
  }

  private shutDown(): void {
    if (this.isDestroyed || this.isFinished) return;
    const request = this.handles.createShutdown();
    request.handle = this.handle;
    request.oncomplete = (status) => {
      if (this.isDestroyed) return;
      if (status < 0) {
        this.fail(status);
        return;
      }
      this.isFinished = true;
      this.call(() => this.user.socketFinished());
      this.closeIfOver();
    };
    this.failIf(this.handle.shutdown(request));
  }

  private closeIfOver(): void {
    if (this.hasReadAll && this.isFinished) this.destroy();
  }

  /** The user learns of an error after the call that met it. */
  private failIf(error: number): void {
    if (error < 0) process.nextTick(() => this.fail(error));
  }

  private fail(error: number): void {
    if (this.isDestroyed) return;
    this.reason = getSystemErrorName(error);
    this.destroy();
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.flush();
    this.isDestroyed = true;
    this.giveBack(false);
    this.handle.close(() => this.closed());
  }

  reset(): void {
    if (this.isDestroyed) return;
    this.isDestroyed = true;
    this.giveBack(false);
    if (this.handle.reset(() => this.closed()) !== 0) this.handle.close(() => this.closed());
  }

  private closed(): void {
    this.call(() => this.user.socketClosed(this.reason));
  }

  /** Every callback is a fault boundary. */
  private call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.user.fault(error);
    }
  }
}

function read(this: StreamHandle & OfSocket): Buffer | undefined {
  return this.socket?.readDone();
}

function wrote(this: Write, status: number): void {
  const { socket, bytes = 0 } = this;
  this.data = undefined;
  socket?.writeDone(bytes, status);
}
