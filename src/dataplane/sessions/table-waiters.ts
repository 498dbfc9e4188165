/** Requests whose pod is not known yet, waiting for a table that knows it. */
import { afterInput, type Clock } from '../../platform/clock.ts';

export interface TableWaiters {
  /** Resolves at the next table, or when the time is up. */
  wait(limitMs: number): Promise<void>;
  wakeAll(): void;
}

export function createTableWaiters(clock: Clock): TableWaiters {
  const waiting = new Set<() => void>();
  return {
    wait: (limitMs) =>
      new Promise((resolve) => {
        const done = () => {
          cancel();
          waiting.delete(done);
          resolve();
        };
        // The table may have come while this proxy could not run: then no session is lost.
        const cancel = afterInput(clock, limitMs, done);
        waiting.add(done);
      }),
    wakeAll() {
      for (const wake of waiting) wake();
    },
  };
}
