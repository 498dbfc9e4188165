/** Logs when the operator cannot be reached, and when it can again: without it the pod is held until its deadline, and nothing else shows why. */
import { describeError } from '../src/platform/errors.ts';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';
import type { Log } from './log.ts';

const repeatMs = 60_000;

export function logReachability(client: SidecarClient, log: Log, nowMs: () => number): SidecarClient {
  let sinceMs: number | undefined;
  let loggedAtMs = 0;

  function failed(error: unknown): void {
    sinceMs ??= nowMs();
    if (nowMs() - loggedAtMs < repeatMs && loggedAtMs >= sinceMs) return;
    loggedAtMs = nowMs();
    log('OperatorUnreachable', {
      forMs: nowMs() - sinceMs,
      error: describeError(error),
      effect: 'while it lasts, a terminating pod is held until its deadline',
    });
  }

  return {
    ...client,
    async drainStatus(signal) {
      try {
        const status = await client.drainStatus(signal);
        if (sinceMs !== undefined) log('OperatorReachable', { afterMs: nowMs() - sinceMs });
        sinceMs = undefined;
        return status;
      } catch (error) {
        if (!signal.aborted) failed(error);
        throw error;
      }
    },
  };
}
