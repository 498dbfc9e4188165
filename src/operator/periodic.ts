/** Periodic work over all objects: one round, a pause, the next round. A failed round is logged and does not stop the following ones. */
import type { EventSink } from '../kube/ports.ts';
import { sleep, type Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import type { TranslationStore } from './translation/translation-store.ts';

/** One round over all objects; it ends early when the signal aborts. */
export type Round = (signal: AbortSignal) => Promise<void>;

/** What every round needs. */
export type RoundPorts = {
  translations: TranslationStore;
  events: EventSink;
  nowMs: () => number;
  logger: Logger;
};

export type PeriodicOptions = {
  name: string;
  pauseMs: number;
  round: Round;
  clock: Clock;
  logger: Logger;
};

/** Returns a function that stops the work, and resolves when the current round has ended. */
export function startPeriodic({ name, pauseMs, round, clock, logger }: PeriodicOptions): () => Promise<void> {
  const stopping = new AbortController();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await round(stopping.signal);
      } catch (error) {
        logger.error({ name, error: describeError(error) }, 'round failed');
      }
      await sleep(clock, pauseMs, stopping.signal);
    }
  }

  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}
