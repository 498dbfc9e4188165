/**
 * Keys to work on, each at most once at a time; different keys side by side.
 *
 *   (idle) ── add ──► QUEUED ── microtask ──► WORKING ── done ──► (idle)
 *                       ▲                      │    │
 *                       ├── added meanwhile ───┘    │
 *                       └── time is up, or add ──── WAITING   (threw: back-off; asked for a recheck: that long)
 */
import type { Clock } from '../../../src/platform/clock.ts';

/** When to look again even if nothing changes. */
export type Recheck = { recheckAfterMs: number };

export type QueueOptions = {
  clock: Clock;
  work: (key: string) => Promise<Recheck | undefined>;
  onError: (key: string, error: unknown) => void;
};

export interface KeyedQueue {
  add(key: string): void;
  /** Starts no more work; resolves when what is being worked on is done. */
  stop(): Promise<void>;
}

const firstBackoffMs = 5;
const lastBackoffMs = 10_000;

export function createQueue({ clock, work, onError }: QueueOptions): KeyedQueue {
  const states = new Map<string, 'queued' | 'working' | 'working, then again'>();
  const waits = new Map<string, () => void>();
  const failures = new Map<string, number>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  function add(key: string): void {
    if (stopped) return;
    waits.get(key)?.();
    waits.delete(key);
    const state = states.get(key);
    if (state === 'working') states.set(key, 'working, then again');
    if (state !== undefined) return;
    states.set(key, 'queued');
    // Not now: whoever adds is often in the middle of telling many changes, and the work should see them all.
    queueMicrotask(() => {
      const run = process(key);
      running.add(run);
      void run.finally(() => running.delete(run));
    });
  }

  async function process(key: string): Promise<void> {
    if (stopped) return;
    states.set(key, 'working');
    const waitMs = await attempt(key);
    const again = states.get(key) === 'working, then again';
    states.delete(key);
    if (again) add(key);
    else if (waitMs !== undefined && !stopped) {
      waits.set(
        key,
        clock.after(waitMs, () => {
          add(key);
        }),
      );
    }
  }

  async function attempt(key: string): Promise<number | undefined> {
    try {
      const recheck = await work(key);
      failures.delete(key);
      return recheck?.recheckAfterMs;
    } catch (error) {
      if (stopped) return undefined;
      onError(key, error);
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      return Math.min(firstBackoffMs * 2 ** count, lastBackoffMs);
    }
  }

  return {
    add,
    async stop() {
      stopped = true;
      for (const cancel of waits.values()) cancel();
      waits.clear();
      await Promise.all(running);
    },
  };
}
