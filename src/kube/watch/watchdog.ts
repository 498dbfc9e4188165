import type { Clock } from '../../platform/clock.ts';

/** Aborts its signal when it has not been fed for a time. */
export interface Watchdog {
  readonly signal: AbortSignal;
  feed(): void;
  end(): void;
}

export function createWatchdog(clock: Clock, timeoutMs: number): Watchdog {
  const controller = new AbortController();
  const arm = () =>
    clock.after(timeoutMs, () => {
      controller.abort();
    });
  let disarm = arm();
  return {
    signal: controller.signal,
    feed() {
      disarm();
      disarm = arm();
    },
    end() {
      disarm();
    },
  };
}
