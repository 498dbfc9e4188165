/**
 * What is written to a TLS handle. One write is open at a time; what comes meanwhile waits for its end, which the handle reports in a later turn of
 * the event loop, and then becomes one record.
 */
import { constants } from 'node:os';
import type { Completion, TcpHandle, TcpHandles } from './tcp-handles.ts';
import { queuedBytesLimit } from './tcp-socket.ts';
import type { TlsHandle } from './tls-handles.ts';
import { turnWrites, type Flushable } from './turn-writes.ts';
import { WaitingBytes } from './waiting-bytes.ts';

/** `status`: below zero if the write failed. */
type Write = Completion & { done?: (status: number) => void };

type Parts = {
  handles: TcpHandles;
  tls: TlsHandle;
  tcp: TcpHandle;
  /** The open write is complete. */
  done: (status: number) => void;
  /** Called in the write that failed. */
  failed: (status: number) => void;
};

/** More than what the handle writes itself takes, if the kernel takes it. */
const patienceTurns = 3;

export class TlsWrites implements Flushable {
  needsDrain = false;
  private readonly parts: Parts;
  private readonly waiting = new WaitingBytes();
  private openBytes = 0;
  /** It is flushed at the end of this turn. */
  private isGathered = false;
  private isPatient = false;
  private isStopped = false;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  get queuedBytes(): number {
    return this.openBytes + this.waiting.length;
  }

  write(data: string | Buffer): boolean {
    this.waiting.add(data);
    const isSmall = typeof data === 'string' && this.waiting.length <= queuedBytesLimit;
    if (this.openBytes === 0 && (!isSmall || !this.gather())) this.flush();
    this.needsDrain ||= this.queuedBytes >= queuedBytesLimit;
    return !this.needsDrain;
  }

  /** Bytes are encrypted when their write begins, and not needed any more. */
  writeBorrowed(bytes: Buffer): boolean {
    this.write(bytes);
    this.needsDrain ||= this.waiting.length > 0;
    return !this.needsDrain;
  }

  private gather(): boolean {
    this.isGathered ||= turnWrites.gather(this);
    return this.isGathered;
  }

  flush(): void {
    this.isGathered = false;
    if (!this.isPatient) this.beginWithin(patienceTurns);
  }

  /**
   * The handle does not report that it failed to write something of its own, such as the tickets of a handshake, and then never completes another
   * write.
   */
  private beginWithin(turns: number): void {
    this.isPatient = false;
    // An empty write has another meaning for the handle.
    if (this.openBytes > 0 || this.waiting.length === 0 || this.isStopped) return;
    const { tls, tcp, failed } = this.parts;
    if (tls.writeQueueSize === 0 || tcp.writeQueueSize > 0) {
      this.begin();
    } else if (turns === 0) {
      failed(-constants.errno.EPIPE);
    } else {
      this.isPatient = true;
      setImmediate(() => this.beginWithin(turns - 1));
    }
  }

  private begin(): void {
    const { handles, tls, done, failed } = this.parts;
    const { length } = this.waiting;
    const request: Write = handles.createWrite();
    request.handle = tls;
    request.oncomplete = completed;
    request.done = done;
    const data = this.waiting.take();
    const error = typeof data === 'string' ? tls.writeLatin1String(request, data) : tls.writeBuffer(request, data);
    if (error < 0) failed(error);
    if (error !== 0 || handles.state[handles.wroteLaterAt] === 0) return;
    this.openBytes = length;
  }

  /** To be called when the open write is done. Returns whether what waited for it has been written, too, and `needsDrain` was set. */
  proceed(): boolean {
    this.openBytes = 0;
    if (!this.isGathered) this.flush();
    if (!this.needsDrain || this.queuedBytes > 0) return false;
    this.needsDrain = false;
    return true;
  }

  /** Nothing is written before `release`. */
  hold(): void {
    this.isPatient = true;
  }

  release(): void {
    this.beginWithin(patienceTurns);
  }

  /** The handle is closed: nothing more is written. */
  stop(): void {
    this.isStopped = true;
  }
}

function completed(this: Write, status: number): void {
  this.done?.(status);
}
