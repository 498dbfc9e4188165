/** Writes the statuses of the ListenerSets of a Gateway that Holdfast manages. Those of other Gateways are another controller's. */
import { refuseForGenerated, type JudgedListenerSet } from '../../core/listener/listener-sets.ts';
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { judgeListenerSet, type ParentVerdicts } from '../../core/status/listener-set-status.ts';
import { listenerSets } from '../../kube/resources.ts';
import type { StatusWriter } from '../apply/status-writer.ts';
import type { Caches } from '../gather/caches.ts';
import { isNewer } from './generations.ts';

export type ListenerSetTools = { caches: Caches; statuses: StatusWriter; nowMs: () => number };

export async function writeListenerSets(
  plan: GatewayPlan,
  { snapshot, verdicts }: { snapshot: Snapshot; verdicts: ParentVerdicts },
  { caches, statuses, nowMs }: ListenerSetTools,
): Promise<void> {
  for (const judged of setsOf(plan, snapshot)) {
    const cached = caches.get('listenerSets', judged.set);
    if (!cached || isNewer(cached, judged.set)) continue;
    const status = judgeListenerSet(judged, { ...verdicts, plan }, cached.observed, nowMs());
    await statuses.writeOther(listenerSets, cached, status);
  }
}

const setsOf = ({ userManaged, gateway }: GatewayPlan, { listenerSets: all = [] }: Snapshot): JudgedListenerSet[] =>
  userManaged ? (userManaged.sets ?? []) : refuseForGenerated(gateway, all);
