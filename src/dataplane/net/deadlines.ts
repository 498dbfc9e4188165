import type { Clock } from '../../platform/clock.ts';

export interface Timed {
  /** On the scale of `Deadlines.in`; Infinity while nothing is awaited. */
  deadlineMs: number;
  /** Called once the deadline is over; it is Infinity by then. */
  deadlinePassed(): void;
}

/**
 * Coarse deadlines for many connections: setting one is a store of a number, one timer looks at all of them. A timer of
 * Node for each request would cost more than parsing its head. Never early, late by at most two periods.
 */
export interface Deadlines {
  /** The time, up to one period old: for what needs no better, at the cost of reading a number. */
  nowMs(): number;
  /** The deadline that lies this far ahead. */
  in(delayMs: number): number;
  watch(item: Timed): void;
  forget(item: Timed): void;
  stop(): void;
}

export function createDeadlines(clock: Clock, periodMs: number): Deadlines {
  const items = new Set<Timed>();
  let nowMs = clock.nowMs();
  let cancel = clock.after(periodMs, sweep);

  function sweep(): void {
    nowMs = clock.nowMs();
    for (const item of items) {
      if (item.deadlineMs <= nowMs) {
        item.deadlineMs = Infinity;
        item.deadlinePassed();
      }
    }
    cancel = clock.after(periodMs, sweep);
  }

  return {
    nowMs: () => nowMs,
    // `nowMs` is up to one period old: the period on top keeps a deadline from coming early.
    in: (delayMs) => nowMs + periodMs + delayMs,
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
