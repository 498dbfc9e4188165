/**
 * How long each node's kubelet has not renewed its Lease, measured by the clock of this process between changes that it saw itself: the
 * clocks of nodes may differ by more than the limit.
 *
 *     Leases of namespace kube-node-lease ──each node, about every 10 s──► seen ──25 s without a change, while others change──► lost
 *                                                                          ▲ a pause of the whole watch: every node starts again
 */

/** kubelets renew every 10 s (a quarter of nodeLeaseDurationSeconds, 40 s): two are missed. kube-controller-manager waits 50 s. */
const lostAfterMs = 25_000;

/** Without any change for this long, the watch is disconnected or the API server unavailable, or this is a cluster of one node. */
const longestPauseMs = 15_000;

export type LeaseSilence = {
  /** Time of the last change that was seen, by name of the node. */
  readonly seenMs: Map<string, number>;
  /** Time of the last change of any Lease. */
  lastMs: number;
};

export const createLeaseSilence = (): LeaseSilence => ({ seenMs: new Map(), lastMs: Number.NEGATIVE_INFINITY });

/** Records that the Lease of a node changed. */
export function recordRenewal(silence: LeaseSilence, node: string, nowMs: number): void {
  if (nowMs - silence.lastMs > longestPauseMs) {
    for (const other of silence.seenMs.keys()) silence.seenMs.set(other, nowMs);
  }
  silence.seenMs.set(node, nowMs);
  silence.lastMs = nowMs;
}

/** Returns the nodes that are lost, or undefined if that is not known at present. */
export function findLostNodes({ seenMs, lastMs }: LeaseSilence, nowMs: number): string[] | undefined {
  if (nowMs - lastMs > longestPauseMs) return undefined;
  return [...seenMs].flatMap(([node, atMs]) => (nowMs - atMs > lostAfterMs ? [node] : []));
}
