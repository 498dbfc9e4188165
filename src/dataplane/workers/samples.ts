/** The counters of all workers as those of one proxy. Those of workers that are gone stay in the sums, so that no counter goes back. */
import { createCounters as createHttpCounters } from '../counters.ts';
import { createCounters as createSessionCounters, type SessionCounters } from '../sessions/counters.ts';
import type { WorkerSample } from './messages.ts';
import { sumCounters } from './sum-counters.ts';

export const noSample = (): WorkerSample => ({
  http: createHttpCounters(),
  sessions: createSessionCounters(),
  accessLines: { Written: 0, Dropped: 0 },
  faults: { uncaughtException: 0, unhandledRejection: 0 },
  upstream: { open: 0, idle: 0 },
  maxConnections: 0,
});

export const addSamples = (samples: readonly WorkerSample[]): WorkerSample => samples.reduce(sumCounters, noSample());

/** What a worker has counted that is gone: nothing of it is open any more. */
export const closedSample = (sample: WorkerSample): WorkerSample => ({
  ...sample,
  http: { ...sample.http, connectionsOpen: 0, requestsOpen: 0, upgradesOpen: 0, mirrorsOpen: 0 },
  upstream: { open: 0, idle: 0 },
  maxConnections: 0,
});

/** `own`: of the merged sessions. A session that several workers counted has one end. */
export const mergeCounters = (own: SessionCounters, ofWorkers: SessionCounters): SessionCounters => ({
  ...ofWorkers,
  endsForgotten: own.endsForgotten + ofWorkers.endsForgotten,
  backends: new Map(
    [...own.backends].map(([key, counters]) => [
      key,
      { ...(ofWorkers.backends.get(key) ?? counters), ended: counters.ended },
    ]),
  ),
});
