/**
 * Asks the operator at the start whether the pod terminates already. Linux discards a signal to process 1 that has no handler yet, so a
 * SIGTERM that arrives while the sidecar starts is lost, and the kubelet does not repeat it: the pod would stay until the end of its
 * grace period, an hour or more.
 *
 *     start ── not terminating ──► done: the handler exists, and no later signal is lost
 *       │
 *       ├── terminating, a hook is open ──► done: the kubelet sends SIGTERM when the app has exited
 *       ├── terminating, no app container runs ──► exit
 *       └── terminating, no hook for longer than the app may take to exit after its SIGTERM ──► exit
 *
 * The check also shows in the log whether the sidecar can reach the operator, long before that matters.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { SidecarClient } from '../src/wire/client/sidecar-client.ts';
import type { Log } from './log.ts';

export type StartCheckPorts = {
  operator: SidecarClient;
  /** Whether a preStop hook is or was held. */
  isHeld: () => boolean;
  /** The grace period of the app without Holdfast. */
  appGraceMs: number;
  exit: (reason: 'AppGone' | 'AppGraceOver') => void;
  log: Log;
  nowMs: () => number;
  /** Between two questions while the pod terminates; doubles after each failure. */
  pauseMs: number;
};

const longestPauseMs = 30_000;
/** For the kubelet to begin, and for clocks that differ. */
const reserveMs = 10_000;

export async function checkAtStart(ports: StartCheckPorts): Promise<void> {
  const { operator, isHeld, appGraceMs, exit, log, nowMs, pauseMs } = ports;
  let terminatingSinceMs: number | undefined;
  let retryMs = pauseMs;
  while (!isHeld()) {
    const status = await operator.drainStatus(new AbortController().signal).catch(() => undefined);
    if (status === undefined) {
      await delay(retryMs);
      retryMs = Math.min(2 * retryMs, longestPauseMs);
      continue;
    }
    if (!status.terminating) {
      // A hold that begins meanwhile reconnects.
      operator.close();
      return log('StartChecked');
    }
    if (isHeld()) return;
    terminatingSinceMs ??= nowMs();
    if (status.appRuns === false) return exit('AppGone');
    if (nowMs() - terminatingSinceMs > appGraceMs + reserveMs) return exit('AppGraceOver');
    await delay(pauseMs);
  }
}
