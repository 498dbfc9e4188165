/** Requests whose pod is not in the table yet, waiting for a newer table. */
import { afterInput, type Clock } from '../../platform/clock.ts';

export interface TableWaiters {
  /** Resolves at the next table, or after the time limit. */
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
        // The table may have arrived while this process was starved of CPU: then no session is lost.
        const cancel = afterInput(clock, limitMs, done);
        waiting.add(done);
      }),
    wakeAll() {
      for (const wake of waiting) wake();
    },
  };
}
