import type { Clock } from '../../src/platform/clock.ts';

/** A clock that stands still until the test advances it. */
export interface ManualClock extends Clock {
  /** Moves the time on: runs the timers that are due, in order, and lets promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Returns the number of pending timers. */
  pending(): number;
}

type Timer = { atMs: number; callback: () => void };

/** Resolves when all code that waits only for promises has run until it waits for something else. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  /** In order of creation: of two timers at the same time the older runs first. */
  const timers = new Set<Timer>();

  function nextUntil(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.atMs <= endMs && (next === undefined || timer.atMs < next.atMs)) next = timer;
    return next;
  }

  return {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (let timer = nextUntil(endMs); timer !== undefined; timer = nextUntil(endMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.atMs);
        timer.callback();
        await settle();
      }
      nowMs = endMs;
    },
    pending: () => timers.size,
  };
}
