/**
 * Faults that no boundary has caught: uncaught exceptions and unhandled rejections. Afterwards nothing is known about the state of the process, so it
 * ends: in an orderly way, within a limit, and with an exit code that is not 0.
 *
 *     first fault ──► `first` aborts: the process shuts down as at SIGTERM ──► exits
 *                       └── limit has passed, or too many more faults ──► exits at once
 */
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';
import type { Logger } from './log.ts';

/** The names that Node uses for the origin of an uncaught error. */
export type ProcessFaultKind = 'uncaughtException' | 'unhandledRejection';

/** `process`, or an emitter in tests. Node reports an unhandled rejection as an uncaught exception with that origin. */
export interface FaultSource {
  on(event: 'uncaughtException', listener: (error: unknown, origin: ProcessFaultKind) => void): unknown;
}

export interface ProcessFaults {
  readonly counts: Readonly<Record<ProcessFaultKind, number>>;
  /** Aborted by the first fault. */
  readonly first: AbortSignal;
}

export type ProcessFaultPorts = {
  clock: Clock;
  log: Pick<Logger, 'error'>;
  /** From the first fault; longer than the orderly shutdown takes at most. */
  exitWithinMs: number;
  exit: (code: number) => void;
};

/** More than these while the process shuts down: it is in a loop, and does not get to its end. */
const maxFaults = 100;
const maxLogged = 10;

export function watchProcessFaults(source: FaultSource, ports: ProcessFaultPorts): ProcessFaults {
  const { clock, log, exitWithinMs, exit } = ports;
  const counts: Record<ProcessFaultKind, number> = { uncaughtException: 0, unhandledRejection: 0 };
  const controller = new AbortController();
  let faults = 0;

  const abandon = (reason: string) => {
    log.error({ reason, faults }, 'orderly exit abandoned: the process ends at once');
    exit(1);
  };

  source.on('uncaughtException', (error, origin) => {
    counts[origin] += 1;
    faults += 1;
    if (faults <= maxLogged) logFault(log, error, origin);
    if (faults === 1) {
      clock.after(exitWithinMs, () => abandon('TimeLimit'));
      controller.abort();
    }
    if (faults > maxFaults) abandon('TooManyFaults');
  });
  return { counts, first: controller.signal };
}

function logFault(log: Pick<Logger, 'error'>, error: unknown, kind: ProcessFaultKind): void {
  const stack = error instanceof Error ? error.stack : undefined;
  log.error({ kind, error: describeError(error), stack }, 'internal error: the process shuts down');
}
