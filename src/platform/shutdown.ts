/** Graceful shutdown on a signal: steps run in order, each with a time limit; a failed step does not prevent the next ones. */
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';
import type { Logger } from './log.ts';

export type ShutdownStep = { name: string; limitMs: number; run: () => void | Promise<void> };

/** The source of signals: `process`, or an emitter in tests. */
export interface SignalSource {
  once(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
}

/** Returns a signal that the first SIGTERM or SIGINT aborts. A second one has Node's default effect: the process exits at once. */
export function abortOnSignal(source: SignalSource): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    controller.abort();
  };
  source.once('SIGTERM', abort);
  source.once('SIGINT', abort);
  return controller.signal;
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}

/** Runs the steps in order. Resolves when the last one has finished or timed out; never rejects. */
export async function runShutdown(steps: readonly ShutdownStep[], tools: { clock: Clock; log: Logger }): Promise<void> {
  for (const step of steps) {
    const startedMs = tools.clock.nowMs();
    try {
      const inTime = await withinLimit(step, tools.clock);
      const fields = { step: step.name, tookMs: tools.clock.nowMs() - startedMs };
      if (inTime) tools.log.info(fields, 'shutdown step completed');
      else tools.log.warn(fields, 'shutdown step timed out');
    } catch (error) {
      tools.log.error({ step: step.name, error: describeError(error) }, 'shutdown step failed');
    }
  }
}

async function withinLimit(step: ShutdownStep, clock: Clock): Promise<boolean> {
  let cancel = () => {};
  const limit = new Promise<false>((resolve) => {
    cancel = clock.after(step.limitMs, () => {
      resolve(false);
    });
  });
  try {
    const work = Promise.resolve(step.run()).then(() => true as const);
    return await Promise.race([work, limit]);
  } finally {
    cancel();
  }
}
