/**
 * A thread that wakes the main thread every 100 µs. Timers of Node have whole milliseconds, which is longer than most requests take; a busy
 * loop would take the core from the app.
 */
import { parentPort } from 'node:worker_threads';

const everyMs = 0.1;
const never = new Int32Array(new SharedArrayBuffer(4));

for (;;) {
  Atomics.wait(never, 0, 0, everyMs);
  parentPort?.postMessage(0, []);
}
