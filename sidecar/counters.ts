/** Counters over all holds. */
import type { DrainRelease } from '../src/core/drain/state.ts';

export type ReleaseReason = DrainRelease['reason'];
/** `NotLocal`: a preStop call that was neither from the node nor from the pod. */
export type RefusedReason = 'NotLocal' | 'TooManyConnections';
export type Counters = {
  operatorErrors: number;
  releases: Map<ReleaseReason, number>;
  refused: Record<RefusedReason, number>;
  /** Internal errors. `poll`: in one round of the drain loop. */
  faults: Record<FaultKind, number>;
};
export type FaultKind = 'uncaughtException' | 'unhandledRejection' | 'poll';

export const createCounters = (): Counters => ({
  operatorErrors: 0,
  releases: new Map(),
  refused: { NotLocal: 0, TooManyConnections: 0 },
  faults: { uncaughtException: 0, unhandledRejection: 0, poll: 0 },
});
