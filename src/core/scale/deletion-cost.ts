/**
 * Plans the annotation `controller.kubernetes.io/pod-deletion-cost`, so that a ReplicaSet that scales down deletes idle pods first.
 *
 * Kubernetes advises against updating costs whenever a metric changes. So a cost is the number of a coarse band of session counts, a pod
 * changes its band only when it has clearly left it, and all writes share one budget:
 *
 *     | cost     | 0 | 1 |   2  |   3  |   4   | … |
 *     | sessions | 0 | 1 | 2, 3 | 4…7  | 8…15  | … |
 *
 * A pod without the annotation has cost 0, the cost of an idle pod: an idle cluster needs no write.
 */

/** `cost`: the annotation, absent if the pod has none. `sessions`: undefined if their number is unknown. */
export type CostedPod = { uid: string; cost?: number; sessions: number | undefined; draining: boolean };

export type CostReason = 'BecameIdle' | 'MoreSessions' | 'FewerSessions';
export type CostWrite = { uid: string; cost: number; reason: CostReason };

/** What one plan passes to the next. */
export type CostMemory = {
  /** The number of writes that are permitted at `atMs`. */
  budget: { writes: number; atMs: number };
  /** Pods that are just outside their band, and since when. */
  leaving: ReadonlyMap<string, { band: number; sinceMs: number }>;
  /** Pods whose write was deferred. */
  deferred: ReadonlySet<string>;
};

/** `newlyDeferred`: number of pods whose write is deferred for the first time. */
export type CostPlan = { writes: CostWrite[]; newlyDeferred: number; memory: CostMemory };

/** One write a second, with bursts of 20: a rollout of 20 pods is updated at once, and a large one does not overload the API server. */
export const maxBurst = 20;
const writesPerMs = 1 / 1000;
/** A pod just outside its band has left it after this time. */
export const settledAfterMs = 30_000;

/** Returns the cost for a count: the number of its binary digits. */
export const bandOf = (sessions: number): number => (sessions === 0 ? 0 : Math.floor(Math.log2(sessions)) + 1);

export const startMemory = (nowMs: number): CostMemory => ({
  budget: { writes: maxBurst, atMs: nowMs },
  leaving: new Map(),
  deferred: new Set(),
});

/** Pods with an unknown count keep their cost: unknown is not idle. Draining pods are already being deleted. */
export function planDeletionCosts(pods: readonly CostedPod[], nowMs: number, memory: CostMemory): CostPlan {
  const leaving = new Map<string, { band: number; sinceMs: number }>();
  const wanted: Move[] = [];
  for (const { uid, cost = 0, sessions, draining } of pods) {
    if (draining || sessions === undefined) continue;
    const band = bandOf(sessions);
    if (band === cost) continue;
    const before = memory.leaving.get(uid);
    const since = before?.band === band ? before : { band, sinceMs: nowMs };
    leaving.set(uid, since);
    if (isClearlyIn(band, cost, sessions) || nowMs - since.sinceMs >= settledAfterMs) {
      wanted.push({ uid, from: cost, to: band });
    }
  }
  return spend(wanted.toSorted(byImportance), {
    leaving,
    budget: refill(memory.budget, nowMs),
    deferredBefore: memory.deferred,
  });
}

type Move = { uid: string; from: number; to: number };

/**
 * Whether a count is past the middle of the neighbouring band, or beyond that band, which a count that oscillates around an edge does
 * not reach. Bands 0 and 1 have no middle, so the step between them, and the one from 2 down to 1, wait for `settledAfterMs`.
 */
function isClearlyIn(band: number, cost: number, sessions: number): boolean {
  if (Math.abs(band - cost) > 1) return true;
  if (band <= 1) return false;
  const middle = 1.5 * 2 ** (band - 1);
  return band > cost ? sessions >= middle : sessions < middle;
}

/** Idle pods first, which should be deleted next. Then those whose cost is most wrong, of these the pods with most sessions first. */
function byImportance(a: Move, b: Move): number {
  return (
    Number(b.to === 0) - Number(a.to === 0) ||
    Math.abs(b.to - b.from) - Math.abs(a.to - a.from) ||
    b.to - a.to ||
    (a.uid < b.uid ? -1 : 1)
  );
}

function refill({ writes, atMs }: CostMemory['budget'], nowMs: number): CostMemory['budget'] {
  const passedMs = Math.max(0, nowMs - atMs);
  return { writes: Math.min(maxBurst, writes + passedMs * writesPerMs), atMs: nowMs };
}

type Budget = { leaving: CostMemory['leaving']; budget: CostMemory['budget']; deferredBefore: ReadonlySet<string> };

function spend(moves: Move[], { leaving, budget, deferredBefore }: Budget): CostPlan {
  const granted = moves.slice(0, Math.floor(budget.writes));
  const deferred = moves.slice(granted.length).map(({ uid }) => uid);
  return {
    writes: granted.map(({ uid, from, to }) => ({ uid, cost: to, reason: reasonOf(from, to) })),
    newlyDeferred: deferred.filter((uid) => !deferredBefore.has(uid)).length,
    memory: { budget: { ...budget, writes: budget.writes - granted.length }, leaving, deferred: new Set(deferred) },
  };
}

function reasonOf(from: number, to: number): CostReason {
  if (to === 0) return 'BecameIdle';
  return to > from ? 'MoreSessions' : 'FewerSessions';
}

/** A cost that Holdfast wrote. `seen`: the pod was observed with it. */
export type WrittenCost = { cost: number; seen: boolean };

/**
 * Whether a cost that Holdfast wrote is still in place. `Removed`: it was observed and is gone, so another controller manages costs
 * (Karpenter removes them); writing it again would start a fight between controllers. A cost that was never observed may not have
 * reached the cache yet.
 */
export function followCost({ cost, seen }: WrittenCost, observed: number | undefined): WrittenCost | 'Removed' {
  if (observed === undefined && seen) return 'Removed';
  return { cost, seen: seen || observed === cost };
}
