/** Time as a port: whoever needs the time or a timer is given a Clock, so that tests own it. */

export interface Clock {
  /** Unix time in milliseconds. */
  nowMs(): number;
  /** Calls back once, `delayMs` from now; the answer cancels it. */
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
 * As `Clock.after`, but what had come in by then is heard first. Node runs the timers that are due before it looks at its sockets again:
 * in a process that could not run for a while, the timer would say that no answer came while the answer lies there.
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
