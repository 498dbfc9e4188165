import type { Clock } from '../../platform/clock.ts';

/** Aborts its signal when it was not fed within the timeout. */
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
