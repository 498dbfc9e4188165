/** Emits an event at the StickyWorkload whose app uses the name of a carrier. The event sink drops repeats. */
import { apiVersion, kind } from '../../api/stickyworkload.ts';
import { describeConflict } from '../../core/count/carrier-conflicts.ts';
import type { EventSink } from '../../kube/ports.ts';
import type { CarrierConflict } from '../../wire/messages.ts';
import type { ClusterState } from '../gather/cluster-state.ts';

export type CarrierEventPorts = {
  clusterState: Pick<ClusterState, 'workload'>;
  events: EventSink;
  /** Proxies report to every replica: one of them emits. */
  isLeader: () => boolean;
};

export function createCarrierEvents({ clusterState, events, isLeader }: CarrierEventPorts) {
  return (conflict: CarrierConflict): void => {
    if (!isLeader()) return;
    const [namespace = '', name = ''] = conflict.workload.split('/');
    const workload = clusterState.workload({ namespace, name });
    if (workload === undefined) return;
    events.emit({
      type: 'Warning',
      reason: 'CarrierConflict',
      action: 'Route',
      regarding: { apiVersion, kind, name, namespace, uid: workload.metadata.uid },
      note: describeConflict(conflict),
    });
  };
}
