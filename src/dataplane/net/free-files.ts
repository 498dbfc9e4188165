/**
 * Notices that the process has no free file. libuv then accepts waiting connections and closes them at once, so that they do not keep the
 * event loop busy, and reports nothing: the only way to know is to ask for a file.
 */
import { closeSync, openSync } from 'node:fs';
import type { Clock } from '../../platform/clock.ts';

const periodMs = 1000;

/** Calls `onNone` once in each second without a free file. Returns a function that stops it. */
export function watchFreeFiles(clock: Clock, onNone: () => void): () => void {
  let cancel = clock.after(periodMs, check);
  function check(): void {
    if (!isFileFree()) onNone();
    cancel = clock.after(periodMs, check);
  }
  return () => cancel();
}

function isFileFree(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'));
    return true;
  } catch {
    return false;
  }
}
