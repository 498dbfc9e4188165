/** Which StickyWorkload the pods of a Service belong to: its own Service, or one that a user wrote and that selects the pods of its target. */
import { targetKey } from '../names/names.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { Service, Target } from '../snapshot/snapshot.ts';

/** Of an XBackend only its labels count: it has no owner. */
export type WorkloadOfService = (
  service: Pick<Service, 'namespace' | 'name' | 'ownerUids' | 'selector'>,
) => ServingPlan | undefined;

/** `oldestFirst`: of several StickyWorkloads whose pods a Service selects, the oldest decides. */
export function indexServiceWorkloads(
  oldestFirst: Iterable<ServingPlan>,
  targets: ReadonlyMap<string, Target>,
): WorkloadOfService {
  const plans = [...oldestFirst];
  const byKey = new Map(plans.map((plan) => [plan.key, plan]));
  const byNamespace = Map.groupBy(plans, ({ namespace }) => namespace);
  return (service) => {
    const owner = byKey.get(`${service.namespace}/${service.name}`);
    if (owner !== undefined && service.ownerUids.includes(owner.uid)) return owner;
    return (byNamespace.get(service.namespace) ?? []).find((plan) =>
      selectsTarget(service, targets.get(targetKey(plan.namespace, plan.target))),
    );
  };
}

/** Whether the selector of a Service covers the pods of a target, as its template describes them. */
export function selectsTarget({ selector }: Pick<Service, 'selector'>, target: Target | undefined): boolean {
  if (selector === undefined || target === undefined) return false;
  return Object.entries(selector).every(([name, value]) => target.labels[name] === value);
}
