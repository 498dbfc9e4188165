/**
 * A thread that wakes the main thread when a request is due. Timers of Node have whole milliseconds, which is longer than most requests take; a
 * busy loop, or a wake-up every 100 µs, would take the core from the app.
 */
import { parentPort, workerData } from 'node:worker_threads';

/** `times`: in milliseconds from the beginning. `woken`: 1 while the main thread has a wake-up that it has not handled. */
export type TickerOptions = { times: readonly number[]; woken: Int32Array };

const { times, woken }: TickerOptions = workerData;
const never = new Int32Array(new SharedArrayBuffer(4));

function run(beganMs: number): void {
  for (const dueMs of times) {
    const leftMs = beganMs + dueMs - (performance.timeOrigin + performance.now());
    if (leftMs > 0) Atomics.wait(never, 0, 0, leftMs);
    if (Atomics.exchange(woken, 0, 1) === 0) parentPort?.postMessage(0, []);
  }
}

parentPort?.once('message', run);
