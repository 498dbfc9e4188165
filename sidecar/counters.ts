/** Counters over all holds. */
import type { DrainRelease } from '../src/core/drain/state.ts';

export type ReleaseReason = DrainRelease['reason'];
export type Counters = { operatorErrors: number; releases: Map<ReleaseReason, number> };

export const createCounters = (): Counters => ({ operatorErrors: 0, releases: new Map() });
