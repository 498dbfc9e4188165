/** Time as a port: code that needs the time or a timer receives a Clock, so that tests control it. */

export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Calls back once, `delayMs` from now. Returns a function that cancels the timer. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/**
 * As `Clock.after`, but input that has arrived by then is processed first. Node runs due timers before it polls its sockets again: in a
 * process that was starved for a while, a timeout would report a missing answer although the answer is already in the socket's buffer.
 */
export function afterInput(clock: Clock, delayMs: number, callback: () => void): () => void {
  let immediate: NodeJS.Immediate | undefined;
  const cancel = clock.after(delayMs, () => {
    immediate = setImmediate(callback);
  });
  return () => {
    cancel();
    clearImmediate(immediate);
  };
}

/** Resolves after `delayMs`, or at once when the signal aborts; it never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
