/** Forgets what was counted of a StickyWorkload that is deleted: its series would stay until the operator restarts. */
import type { Clock } from '../../platform/clock.ts';
import type { OperatorCounters } from '../counters.ts';
import type { Caches } from '../gather/caches.ts';
import type { ClusterState } from '../gather/cluster-state.ts';

export type ForgetCountsPorts = {
  caches: Pick<Caches, 'onChange'>;
  clusterState: Pick<ClusterState, 'workload'>;
  counters: Pick<OperatorCounters, 'drains' | 'sessionsCut'>;
  clock: Clock;
};

/** Its last drain ends right before it is deleted, and has to be scraped. */
const shownMs = 10 * 60_000;

/** Returns a function that stops it. */
export function forgetCountsOfDeleted({ caches, clusterState, counters, clock }: ForgetCountsPorts): () => void {
  const pending = new Set<() => void>();
  const unwatch = caches.onChange((kind, { type, object }) => {
    if (kind !== 'workloads' || type !== 'DELETED') return;
    const { namespace = '', name } = object.metadata;
    const cancel = clock.after(shownMs, () => {
      pending.delete(cancel);
      // It may have been created again.
      if (clusterState.workload({ namespace, name }) === undefined) forget(counters, `${namespace}/${name}/`);
    });
    pending.add(cancel);
  });
  return () => {
    unwatch();
    for (const cancel of pending) cancel();
  };
}

function forget({ drains, sessionsCut }: ForgetCountsPorts['counters'], prefix: string): void {
  for (const counts of [drains, sessionsCut]) {
    for (const key of counts.keys()) if (key.startsWith(prefix)) counts.delete(key);
  }
}
