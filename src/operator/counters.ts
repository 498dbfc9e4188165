/** Counters of one replica since its start: plain numbers, which `admin` exports when it is scraped. */

/** Keys with several parts are joined by `/`, which no part can contain. */
export type Counts = Map<string, number>;

export type OperatorCounters = {
  /** By `kind/result`. */
  watchEvents: Counts;
  /** By the empty key. */
  translations: Counts;
  /** By kind. */
  reconciles: Counts;
  /** By outcome. */
  injections: Counts;
  /** By `verb/kind/result`. */
  kubeWrites: Counts;
  /** Reports of proxies, by outcome. */
  reports: Counts;
  /** Resources that proxies refuse, by type. */
  refusedResources: Counts;
  /** By `namespace/workload/reason`. */
  drains: Counts;
  sessionsCut: Counts;
  /** By step. */
  keyRotations: Counts;
  /** By result. */
  deletionCostWrites: Counts;
};

export const createCounters = (): OperatorCounters => ({
  watchEvents: new Map(),
  translations: new Map(),
  reconciles: new Map(),
  injections: new Map(),
  kubeWrites: new Map(),
  reports: new Map(),
  refusedResources: new Map(),
  drains: new Map(),
  sessionsCut: new Map(),
  keyRotations: new Map(),
  deletionCostWrites: new Map(),
});

export function count(counts: Counts, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
