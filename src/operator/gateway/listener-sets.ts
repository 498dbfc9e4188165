/** Writes the statuses of the ListenerSets of a Gateway that Holdfast manages. Those of other Gateways are another controller's. */
import { refuseForGenerated, type JudgedListenerSet } from '../../core/listener/listener-sets.ts';
import type { GatewayPlan } from '../../core/resolve/gateway-plan.ts';
import { gatewayKey } from '../../core/resolve/plan.ts';
import type { Snapshot } from '../../core/snapshot/snapshot.ts';
import { judgeFaultyObject } from '../../core/status/fault-status.ts';
import { judgeListenerSet, type ParentVerdicts } from '../../core/status/listener-set-status.ts';
import { listenerSets } from '../../kube/resources.ts';
import type { StatusWriter } from '../apply/status-writer.ts';
import { writeEach } from '../apply/write-each.ts';
import type { Caches } from '../gather/caches.ts';
import type { CachedListenerSet } from '../gather/listener-sets.ts';
import type { Translated } from '../translation/translation-store.ts';
import { isNewer } from './generations.ts';

export type ListenerSetTools = { caches: Caches; statuses: StatusWriter; nowMs: () => number };

export async function writeListenerSets(
  plan: GatewayPlan,
  { translated, verdicts }: { translated: Translated; verdicts: ParentVerdicts },
  tools: ListenerSetTools,
): Promise<void> {
  const { caches, statuses, nowMs } = tools;
  const judged = setsOf(plan, translated.snapshot).flatMap((one) => {
    const cached = caches.get('listenerSets', one.set);
    if (!cached || isNewer(cached, one.set)) return [];
    return [{ cached, status: judgeListenerSet(one, { ...verdicts, plan }, cached.observed, nowMs()) }];
  });
  await writeEach([...judged, ...judgeFaultySets(plan, translated, tools)], ({ cached, status }) =>
    statuses.writeOther(listenerSets, cached, status),
  );
}

type JudgedStatus = { cached: CachedListenerSet; status: object };

/** Of those that cannot be translated: the Gateway may serve an earlier version. */
const judgeFaultySets = (
  { gateway }: GatewayPlan,
  { faults }: Translated,
  { caches, nowMs }: ListenerSetTools,
): JudgedStatus[] =>
  faults.flatMap((fault) => {
    const cached = fault.kind === 'ListenerSet' ? caches.get('listenerSets', fault) : undefined;
    if (!cached || gatewayKey(cached.listenerSet.parent) !== gatewayKey(gateway)) return [];
    return [{ cached, status: judgeFaultyObject(fault.message, cached.observed, nowMs()) }];
  });

const setsOf = ({ userManaged, gateway }: GatewayPlan, { listenerSets: all = [] }: Snapshot): JudgedListenerSet[] =>
  userManaged ? (userManaged.sets ?? []) : refuseForGenerated(gateway, all);
