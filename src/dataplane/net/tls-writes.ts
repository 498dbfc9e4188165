/**
 * What is written to a TLS handle. One write is open at a time; what comes meanwhile waits for its end, which the handle reports in a later turn of
 * the event loop, and then becomes one record.
 */
import type { Completion, TcpHandles } from './tcp-handles.ts';
import { queuedBytesLimit } from './tcp-socket.ts';
import type { TlsHandle } from './tls-handles.ts';
import { turnWrites, type Flushable } from './turn-writes.ts';
import { WaitingBytes } from './waiting-bytes.ts';

/** `status`: below zero if the write failed. */
type Write = Completion & { done?: (status: number) => void };

type Parts = {
  handles: TcpHandles;
  tls: TlsHandle;
  /** The open write is complete. */
  done: (status: number) => void;
  /** Called in the write that failed. */
  failed: (status: number) => void;
};

export class TlsWrites implements Flushable {
  needsDrain = false;
  private readonly parts: Parts;
  private readonly waiting = new WaitingBytes();
  private openBytes = 0;
  /** It is flushed at the end of this turn. */
  private isGathered = false;
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
    if (this.openBytes > 0) this.needsDrain ||= this.queuedBytes >= queuedBytesLimit;
    else if (!isSmall || !this.gather()) this.flush();
    return !this.needsDrain;
  }

  /** Bytes are encrypted when their write begins, and not needed any more. */
  writeBorrowed(bytes: Buffer): boolean {
    const waits = this.openBytes > 0;
    this.write(bytes);
    this.needsDrain ||= waits;
    return !this.needsDrain;
  }

  private gather(): boolean {
    this.isGathered ||= turnWrites.gather(this);
    return this.isGathered;
  }

  flush(): void {
    this.isGathered = false;
    if (this.openBytes === 0 && !this.isStopped) this.begin();
  }

  private begin(): void {
    const { handles, tls, done, failed } = this.parts;
    const { length } = this.waiting;
    // An empty write has another meaning for the handle.
    if (length === 0) return;
    const request: Write = handles.createWrite();
    request.handle = tls;
    request.oncomplete = completed;
    request.done = done;
    const data = this.waiting.take();
    const error = typeof data === 'string' ? tls.writeLatin1String(request, data) : tls.writeBuffer(request, data);
    if (error < 0) failed(error);
    if (error !== 0 || handles.state[handles.wroteLaterAt] === 0) return;
    this.openBytes = length;
    this.needsDrain ||= length >= queuedBytesLimit;
  }

  /** To be called when the open write is done. Returns whether what waited for it has been written, too, and `needsDrain` was set. */
  proceed(): boolean {
    this.openBytes = 0;
    if (!this.isGathered) this.flush();
    if (!this.needsDrain || this.openBytes > 0) return false;
    this.needsDrain = false;
    return true;
  }

  /** The handle is closed: nothing more is written. */
  stop(): void {
    this.isStopped = true;
  }
}

function completed(this: Write, status: number): void {
  this.done?.(status);
}
