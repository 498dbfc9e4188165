import { afterInput, type Clock } from '../../platform/clock.ts';

export interface Timed {
  /** On the scale of `Deadlines.in`; Infinity while nothing is awaited. */
  deadlineMs: number;
  /** Called when the deadline has passed; it is Infinity by then. */
  deadlinePassed(): void;
  /** Called with what `deadlinePassed` threw: the others are still checked. */
  fault(error: unknown): void;
}

/**
 * Coarse deadlines for many connections: setting one is a store of a number, and one timer checks all of them. A Node timer for each request
 * would cost more than parsing its head. Late by at most two periods, and never early, even after the process was starved of CPU: input that
 * has arrived by then is read before a check, and no check counts more time than one period. So a peer whose bytes are already in the kernel is
 * not taken for a silent one.
 */
export interface Deadlines {
  /** Returns the time, up to one period old, at the cost of reading a number. */
  nowMs(): number;
  /** Returns the deadline after this delay. */
  in(delayMs: number): number;
  watch(item: Timed): void;
  forget(item: Timed): void;
  stop(): void;
}

export function createDeadlines(clock: Clock, periodMs: number): Deadlines {
  const items = new Set<Timed>();
  let nowMs = clock.nowMs();
  let countedMs = 0;
  let cancel = afterInput(clock, periodMs, sweep);

  function sweep(): void {
    const checkedMs = nowMs;
    nowMs = clock.nowMs();
    countedMs += Math.min(nowMs - checkedMs, periodMs);
    for (const item of items) {
      if (item.deadlineMs <= countedMs) {
        expire(item);
      }
    }
    cancel = afterInput(clock, periodMs, sweep);
  }

  return {
    nowMs: () => nowMs,
    // The next check counts up to one period that has passed already: the additional period keeps a deadline from being early.
    in: (delayMs) => countedMs + periodMs + delayMs,
    watch: (item) => {
      items.add(item);
    },
    forget: (item) => {
      items.delete(item);
    },
    stop: () => {
      cancel();
    },
  };
}

function expire(item: Timed): void {
  item.deadlineMs = Infinity;
  try {
    item.deadlinePassed();
  } catch (error) {
    item.fault(error);
  }
}
