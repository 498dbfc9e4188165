/**
 * A queue of keys, each processed by at most one worker at a time.
 *
 *            add                     worker free
 *   (idle) ───────► QUEUED ────────────────────────► WORKING ──── done ────► (idle)
 *     ▲               ▲                                │ │ │
 *     │               ├──── added meanwhile ───────────┘ │ │
 *     │               │                                  │ │
 *     │               └── time is up, or add ── WAITING ◄┴─┘  threw: backoff; requested a recheck: that long
 *
 * An add ends any wait, since the change may fix the failure. The failure count stays, so that waits keep growing until a success.
 */
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { BackoffRange, Random } from '../../platform/backoff.ts';
import { backoffMs } from '../../platform/backoff.ts';

/** A request of the work on a key to run again after a time, with or without a change. */
export type Recheck = { recheckAfterMs: number };

export type QueueOptions = {
  /** Returns nothing if there is no more to do until the key is added again. If it throws, it runs again after a backoff. */
  work: (key: string) => Promise<Recheck | undefined>;
  workers: number;
  clock: Clock;
  random: Random;
  logger: Logger;
  backoff?: BackoffRange;
};

export interface WorkQueue {
  /** Never throws; ignored after `stop`. */
  add(key: string): void;
  /** Resolves when no key is queued or in progress; keys that wait do not count. */
  drain(): Promise<void>;
  /** Starts no more work; resolves when the work in progress has finished. */
  stop(): Promise<void>;
}

const defaultBackoff: BackoffRange = { baseMs: 500, capMs: 60_000 };

export function createQueue(options: QueueOptions): WorkQueue {
  const { clock, random, logger } = options;
  const range = options.backoff ?? defaultBackoff;
  /** In order of arrival. */
  const queued = new Set<string>();
  const working = new Set<string>();
  /** Functions that cancel the wait of a key. */
  const waiting = new Map<string, () => void>();
  const failures = new Map<string, number>();
  let idle = Promise.withResolvers<void>();
  let stopped = false;

  const isIdle = () => working.size === 0 && (stopped || queued.size === 0);

  function add(key: string): void {
    if (stopped) return;
    endWait(key);
    queued.add(key);
    // Deferred: the caller often emits several changes in a row, and the work should see all of them.
    queueMicrotask(pump);
  }

  function endWait(key: string): void {
    waiting.get(key)?.();
    waiting.delete(key);
  }

  function wait(key: string, delayMs: number): void {
    // The key was added while it was in progress: it is already queued and need not wait.
    if (stopped || queued.has(key)) return;
    const cancel = clock.after(delayMs, () => {
      add(key);
    });
    waiting.set(key, cancel);
  }

  function pump(): void {
    for (const key of queued) {
      if (stopped || working.size >= options.workers) break;
      if (working.has(key)) continue;
      queued.delete(key);
      working.add(key);
      void process(key);
    }
    if (isIdle()) {
      idle.resolve();
      idle = Promise.withResolvers<void>();
    }
  }

  async function process(key: string): Promise<void> {
    try {
      const recheck = await options.work(key);
      failures.delete(key);
      if (recheck !== undefined) wait(key, recheck.recheckAfterMs);
    } catch (error) {
      failed(key, error);
    }
    working.delete(key);
    pump();
  }

  function failed(key: string, error: unknown): void {
    const attempt = (failures.get(key) ?? 0) + 1;
    failures.set(key, attempt);
    const waitMs = backoffMs(range, attempt, random);
    logger.warn({ key, attempt, waitMs, error: describeError(error) }, 'work failed');
    wait(key, waitMs);
  }

  async function untilIdle(): Promise<void> {
    if (!isIdle()) await idle.promise;
  }

  return {
    add,
    drain: untilIdle,
    async stop() {
      stopped = true;
      for (const key of waiting.keys()) endWait(key);
      await untilIdle();
    },
  };
}
