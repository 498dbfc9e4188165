/** Logs and counts that the operator cannot be reached: without it the pod is held until its deadline, and nothing else shows why. */
import { describeError } from '../src/platform/errors.ts';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';
import type { Counters } from './counters.ts';
import type { Log } from './log.ts';

const repeatMs = 60_000;

export type ReachabilityPorts = { log: Log; counters: Pick<Counters, 'operatorErrors'>; nowMs: () => number };

export function watchReachability(client: SidecarClient, { log, counters, nowMs }: ReachabilityPorts): SidecarClient {
  let sinceMs: number | undefined;
  let loggedAtMs = 0;

  function failed(error: unknown): void {
    counters.operatorErrors += 1;
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
    async drainStatus(signal, wait) {
      try {
        const status = await client.drainStatus(signal, wait);
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
