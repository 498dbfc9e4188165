/** Work that looks at everything again and again: one round, a pause, the next. A round that fails is logged, and the next one comes. */
import { sleep, type Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';

export type PeriodicOptions = {
  name: string;
  pauseMs: number;
  round: (signal: AbortSignal) => Promise<void>;
  clock: Clock;
  logger: Logger;
};

/** The answer starts no further round, and resolves when the one under way has ended. */
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
