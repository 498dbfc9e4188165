/**
 * Keys to work on, each at most once at a time; different keys concurrently.
 *
 *   (idle) ── add ──► QUEUED ── microtask ──► WORKING ── done ──► (idle)
 *                       ▲                      │    │
 *                       ├── added meanwhile ───┘    │
 *                       └── back-off, or add ────── WAITING   (the work threw)
 */
import type { Clock } from '../../../src/platform/clock.ts';

export type QueueOptions = {
  clock: Clock;
  work: (key: string) => Promise<void>;
  onError: (key: string, error: unknown) => void;
};

export interface KeyedQueue {
  add(key: string): void;
  /** Starts no more work; resolves when the current work is done. */
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
    // Not synchronously: the caller often reports many changes in a row, and the work should see all of them.
    queueMicrotask(() => {
      const run = process(key);
      running.add(run);
      void run.finally(() => running.delete(run));
    });
  }

  async function process(key: string): Promise<void> {
    if (stopped) return;
    states.set(key, 'working');
    const backoffMs = await attempt(key);
    const again = states.get(key) === 'working, then again';
    states.delete(key);
    if (again) add(key);
    else if (backoffMs !== undefined && !stopped) {
      waits.set(
        key,
        clock.after(backoffMs, () => {
          add(key);
        }),
      );
    }
  }

  /** Returns the back-off if the work failed. */
  async function attempt(key: string): Promise<number | undefined> {
    try {
      await work(key);
      failures.delete(key);
      return undefined;
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
