/** A TcpSocket on Node's TLS handle itself, without streams. */
import type { TLSSocket } from 'node:tls';
import { getSystemErrorName } from 'node:util';
import { joinedCopy } from './byte-copy.ts';
import { sharedBuffers } from './read-buffers.ts';
import { endOfStream, localAddressOf, type TcpHandle, type TcpHandles } from './tcp-handles.ts';
import { noUser, type Range, type TcpSocket } from './tcp-socket.ts';
import type { TlsHandle } from './tls-handles.ts';
import { TlsWrites } from './tls-writes.ts';

type OfSocket = { socket?: TlsHandleSocket };

/** OpenSSL decrypts at most this much at once, into a buffer of all sockets. */
const buffer = sharedBuffers.Heads;

/** More than the writes of a connection that is destroyed take, if the kernel takes them. */
const closingTurns = 5;

export type TlsHandleParts = { handles: TcpHandles; tcp: TcpHandle; tls: TlsHandle; remoteAddress: string };

export class TlsHandleSocket implements TcpSocket {
  user = noUser;
  readonly remoteAddress: string;
  readonly tls: TlsHandle;
  isDestroyed = false;
  isFinished = false;
  private readonly handles: TcpHandles;
  private readonly tcp: TcpHandle;
  private readonly writes: TlsWrites;
  private isPaused = false;
  private isEnding = false;
  private hasReadAll = false;
  private isClosing = false;
  private reason = 'closed';
  /** Which has the handles until its handshake is done. */
  private stream: TLSSocket | undefined;
  /** What the handle had already decrypted when its reading was stopped, in this order. A result below zero ends it. */
  private held: { result: number; bytes: Buffer }[] = [];

  constructor({ handles, tcp, tls, remoteAddress }: TlsHandleParts) {
    this.handles = handles;
    this.tcp = tcp;
    this.tls = tls;
    this.writes = new TlsWrites({
      handles,
      tls,
      tcp,
      done: (status) => this.writeDone(status),
      failed: (status) => this.failIf(status),
    });
    this.remoteAddress = remoteAddress;
  }

  private takeOver(): void {
    // An open TCP handle is never collected as garbage, and so keeps what it refers to.
    Object.assign(this.tcp, { socket: this });
    Object.assign(this.tls, { socket: this, onread: read, onerror: failed });
    this.tls.useUserBuffer(buffer);
  }

  /** Asked by few requests. */
  get localAddress(): string {
    return localAddressOf(this.tcp).address;
  }

  get localPort(): number {
    return localAddressOf(this.tcp).port;
  }

  /** Begins the handshake of a server. `hello`: what the peer has sent already. */
  serve(hello: Buffer): void {
    this.takeOver();
    Object.assign(this.tls, { onhandshakedone: connected });
    this.tls.receive(hello);
    if (!this.isDestroyed) this.failIf(this.tls.readStart());
  }

  /** Takes the handles from a stream when its handshake is done, and waits with writes until then. */
  follow(stream: TLSSocket, reasonOf: (error: NodeJS.ErrnoException) => string): void {
    this.stream = stream;
    this.writes.hold();
    stream
      .on('error', (error) => (this.reason = reasonOf(error)))
      .on('close', () => this.closed())
      .once('secureConnect', () => {
        if (this.isDestroyed || stream.destroyed) return;
        this.stream = undefined;
        Reflect.set(stream, '_handle', null);
        this.takeOver();
        // The handshake was read.
        if (this.isPaused) this.tls.readStop();
        this.handshakeDone();
        this.writes.release();
      });
  }

  /** Called by the handle. */
  handshakeDone(): void {
    if (!this.isDestroyed) this.call(() => this.user.socketConnected());
  }

  /** Called by the handle: also after `pause` and `destroy`, as long as it has something to decrypt. */
  readDone(): void {
    const { handles, held } = this;
    const result = handles.state[handles.readResultAt] ?? 0;
    if (result === 0 || this.isDestroyed) return;
    if (!this.isPaused && held.length === 0) this.take(result, buffer);
    else held.push({ result, bytes: Buffer.from(buffer.subarray(0, Math.max(result, 0))) });
  }

  private take(result: number, bytes: Buffer): void {
    if (result > 0) {
      try {
        this.user.socketBytes(bytes, result);
      } catch (error) {
        this.user.fault(error);
      }
    } else if (result === endOfStream) {
      this.hasReadAll = true;
      this.tls.readStop();
      this.call(() => this.user.socketEnded());
      this.closeIfOver();
    } else {
      this.fail(getSystemErrorName(result));
    }
  }

  get queuedBytes(): number {
    return this.writes.queuedBytes;
  }

  get needsDrain(): boolean {
    return this.writes.needsDrain;
  }

  write(data: string | Buffer): boolean {
    return !this.isDestroyed && !this.isEnding && this.writes.write(data);
  }

  writeJoined(before: string, bytes: Buffer, range: Range, after: string): boolean {
    return this.write(joinedCopy(before, bytes, range, after));
  }

  writeBorrowed(bytes: Buffer): boolean {
    return !this.isDestroyed && !this.isEnding && this.writes.writeBorrowed(bytes);
  }

  private writeDone(status: number): void {
    if (this.isClosing) return;
    if (status < 0) {
      this.fail(getSystemErrorName(status));
      return;
    }
    const isDrained = this.writes.proceed();
    if (this.isDestroyed) return;
    if (isDrained) this.call(() => this.user.socketDrained());
    if (this.isEnding && this.queuedBytes === 0) this.shutDown();
  }

  pause(): void {
    if (this.isPaused || this.isDestroyed) return;
    this.isPaused = true;
    if (this.stream === undefined) this.tls.readStop();
  }

  resume(): void {
    if (!this.isPaused || this.isDestroyed) return;
    this.isPaused = false;
    if (this.stream !== undefined) return;
    if (this.held.length > 0) setImmediate(() => this.takeHeld());
    else if (!this.hasReadAll) this.failIf(this.tls.readStart());
  }

  private takeHeld(): void {
    while (!this.isPaused && !this.isDestroyed) {
      const next = this.held.shift();
      if (next === undefined) {
        if (!this.hasReadAll) this.failIf(this.tls.readStart());
        return;
      }
      this.take(next.result, next.bytes);
    }
  }

  /** Records are small: their bytes are always read in pieces of one size. */
  expect(): void {}

  end(): void {
    if (this.isEnding || this.isDestroyed) return;
    this.writes.flush();
    this.isEnding = true;
    if (this.queuedBytes === 0) this.shutDown();
  }

  /** Sends close_notify and FIN. */
  private shutDown(): void {
    if (this.isDestroyed || this.isFinished) return;
    const request = this.handles.createShutdown();
    request.handle = this.tls;
    request.oncomplete = (status) => {
      if (this.isDestroyed) return;
      if (status < 0) {
        this.fail(getSystemErrorName(status));
        return;
      }
      this.isFinished = true;
      this.call(() => this.user.socketFinished());
      this.closeIfOver();
    };
    this.failIf(this.tls.shutdown(request));
  }

  private closeIfOver(): void {
    if (this.hasReadAll && this.isFinished) this.destroy();
  }

  private failIf(error: number): void {
    if (error < 0) process.nextTick(() => this.fail(getSystemErrorName(error)));
  }

  fail(reason: string): void {
    if (this.isDestroyed) return;
    this.reason = reason;
    this.destroy();
  }

  destroy(): void {
    if (this.isDestroyed) return;
    this.writes.flush();
    this.isDestroyed = true;
    if (this.stream === undefined && this.tcp.writeQueueSize === 0) this.closeAfterWrites(closingTurns);
    else this.close();
  }

  /** The kernel takes what is written, but the handle gives it only some turns later, after tickets of the handshake for example. */
  private closeAfterWrites(turns: number): void {
    if (this.isClosing) return;
    if (this.queuedBytes === 0 || turns === 0) this.close();
    else setImmediate(() => this.closeAfterWrites(turns - 1));
  }

  private close(): void {
    this.isClosing = true;
    this.writes.stop();
    if (this.stream === undefined) this.tcp.close(() => this.closed());
    else this.stream.destroy();
  }

  reset(): void {
    if (this.isClosing) return;
    this.isDestroyed = true;
    this.isClosing = true;
    this.writes.stop();
    if (this.stream !== undefined || this.tcp.reset(() => this.closed()) !== 0) this.close();
  }

  private closed(): void {
    this.isDestroyed = true;
    this.isClosing = true;
    this.tls.destroySSL();
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

// Called by handles.

function read(this: OfSocket): void {
  this.socket?.readDone();
}

function connected(this: OfSocket): void {
  this.socket?.handshakeDone();
}

function failed(this: OfSocket, { code, message }: NodeJS.ErrnoException): void {
  this.socket?.fail(code ?? message);
}
