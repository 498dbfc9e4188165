/**
 * Writes lines to a file descriptor without ever waiting for it: a slow reader of stdout must not slow down requests. Lines that find no room
 * are dropped and counted.
 */
import { write } from 'node:fs';
import type { Clock } from '../../platform/clock.ts';

export type LineCounts = { Written: number; Dropped: number };

export interface LineWriter {
  readonly counts: Readonly<LineCounts>;
  /** `line`: without its end. */
  write(line: string): void;
  /** Resolves when nothing is left to be written. */
  drained(): Promise<void>;
}

/** As `fs.write`: calls back with an error, or the number of bytes that were written. */
export type WriteBytes = (bytes: Buffer, done: (error: NodeJS.ErrnoException | null, count: number) => void) => void;

export const toStdout: WriteBytes = (bytes, done) => {
  write(1, bytes, done);
};

/** Of a pipe, Linux writes so many bytes at once (PIPE_BUF): lines of the program's log do not come in between. */
const atomicBytes = 4096;
const maxPendingBytes = 1024 * 1024;
const retryMs = 50;

export function createLineWriter(writeBytes: WriteBytes, clock: Clock): LineWriter {
  const counts: LineCounts = { Written: 0, Dropped: 0 };
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let isWriting = false;
  const waiting: (() => void)[] = [];

  function next(): void {
    const batch = takeBatch(pending);
    if (batch.length > 0) {
      pending = pending.slice(batch.length);
      isWriting = true;
      send(Buffer.concat(batch), batch.length);
      return;
    }
    isWriting = false;
    for (const resolve of waiting.splice(0)) resolve();
  }

  function send(bytes: Buffer, lines: number): void {
    writeBytes(bytes, (error, count) => {
      // The pipe is full.
      if (error?.code === 'EAGAIN') {
        clock.after(retryMs, () => send(bytes, lines));
        return;
      }
      if (error === null && count < bytes.length) {
        pendingBytes -= count;
        send(bytes.subarray(count), lines);
        return;
      }
      pendingBytes -= bytes.length;
      counts[error === null ? 'Written' : 'Dropped'] += lines;
      next();
    });
  }

  return {
    counts,
    write(line) {
      const bytes = Buffer.from(`${line}\n`);
      if (pendingBytes + bytes.length > maxPendingBytes) {
        counts.Dropped += 1;
        return;
      }
      pendingBytes += bytes.length;
      pending.push(bytes);
      if (!isWriting) next();
    },
    drained: () => (isWriting ? new Promise((resolve) => void waiting.push(resolve)) : Promise.resolve()),
  };
}

/** Returns the first lines that fit into one write, one at least. */
function takeBatch(lines: readonly Buffer[]): readonly Buffer[] {
  let size = 0;
  const end = lines.findIndex((line, index) => {
    size += line.length;
    return size > atomicBytes && index > 0;
  });
  return end === -1 ? lines : lines.slice(0, end);
}
