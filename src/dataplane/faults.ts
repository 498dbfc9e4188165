/**
 * Exceptions that nothing expects: faults of the proxy itself. Each callback of a client connection, of an upstream connection and of a deadline is
 * a boundary: a fault ends the request or connection in whose callback it was thrown, and no other one.
 *
 *     callback of a client  ──fault──► its connection: 500, or cut if the response has begun
 *     callback of a pod     ──fault──► closed, and the same for the client whose request it carries
 *     anything else         ──fault──► the process drains and exits (`platform/process-faults.ts`)
 */
import type { Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';

/** Whose callback threw: of a client's connection or its current request, of a connection to a pod without a request, of an acceptor. */
export type FaultScope = 'Client' | 'Upstream' | 'Accept';

export interface Faults {
  /** `requestId`: of the request that it ended. */
  record(error: unknown, scope: FaultScope, requestId?: string): void;
}

/** A fault that a client can cause must not fill the log. */
const loggedPerWindow = 10;
const windowMs = 10_000;

export type FaultPorts = { clock: Clock; log: Pick<Logger, 'error'>; counts: Record<FaultScope, number> };

export function createFaults({ clock, log, counts }: FaultPorts): Faults {
  let windowEndsMs = -Infinity;
  let logged = 0;
  let unlogged = 0;

  return {
    record(error, scope, requestId) {
      counts[scope] += 1;
      const nowMs = clock.nowMs();
      if (nowMs >= windowEndsMs) {
        windowEndsMs = nowMs + windowMs;
        logged = 0;
      }
      if (logged === loggedPerWindow) {
        unlogged += 1;
        return;
      }
      logged += 1;
      const stack = error instanceof Error ? error.stack : undefined;
      log.error(
        { scope, requestId, error: describeError(error), stack, unlogged },
        'internal error: a request or connection was ended',
      );
      unlogged = 0;
    },
  };
}
