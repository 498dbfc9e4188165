/**
 * Notices a pod that nothing holds, and that is still there: every proxy counts zero sessions, long after its sidecar should have released
 * it. Its sidecar cannot reach the operator, so only the end of the grace period will release it; or its app takes long to exit.
 */
import type { SessionSource } from '../../wire/messages.ts';
import type { DrainLimits } from '../../core/drain/state.ts';
import type { Clock } from '../../platform/clock.ts';

export type UnreleasedPorts = {
  limits: DrainLimits;
  sources: (nowMs: number) => SessionSource[];
  clock: Clock;
  /** Called once. `zeroMs`: how long there has been no session. */
  onUnreleased: (zeroMs: number) => void;
};

const everyMs = 15_000;
/** Beyond the quiet period and the shutdown margin: for the app's own preStop hook, and for clocks and reports that are late. */
const slackMs = 60_000;

/** Returns a function that ends the watch. */
export function watchUnreleased({ limits, sources, clock, onUnreleased }: UnreleasedPorts): () => void {
  const expectedMs = limits.quietPeriodMs + limits.shutdownMarginMs + slackMs;
  let zeroSinceMs: number | undefined;
  let cancel = (): void => undefined;

  function check(): void {
    const nowMs = clock.nowMs();
    const isZero = sources(nowMs).every((source) => source.known && source.sessions === 0);
    zeroSinceMs = isZero ? (zeroSinceMs ?? nowMs) : undefined;
    if (zeroSinceMs !== undefined && nowMs - zeroSinceMs >= expectedMs) onUnreleased(nowMs - zeroSinceMs);
    else schedule();
  }
  function schedule(): void {
    cancel = clock.after(everyMs, check);
  }
  schedule();
  return () => {
    cancel();
  };
}
