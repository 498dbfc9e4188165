/**
 * Internal errors of the sidecar. Unlike proxy and operator it does not exit: an exit breaks the open preStop call, and the kubelet then stops the
 * app; in an idle sidecar it would do the same to a pod that terminates before the container has restarted. An error is counted and logged, the
 * hold continues to its limit, and the exit code at the end of the pod is 1.
 */
import { describeError } from '../src/platform/errors.ts';
import type { Counters, FaultKind } from './counters.ts';
import type { Log } from './log.ts';

export type RecordFault = (error: unknown, kind: FaultKind) => void;

/** An error in each of the four rounds a second must not fill the log: the first ten are logged, then every thousandth. */
const loggedAtFirst = 10;
const loggedEvery = 1000;

export function createFaults(counters: Counters, log: Log): RecordFault {
  let faults = 0;
  return (error, kind) => {
    counters.faults[kind] += 1;
    faults += 1;
    if (faults > loggedAtFirst && faults % loggedEvery !== 0) return;
    log('InternalError', {
      kind,
      faults,
      error: describeError(error),
      stack: error instanceof Error ? error.stack : undefined,
    });
  };
}

export const hasFaults = ({ faults }: Counters): boolean => Object.values(faults).some((count) => count > 0);
