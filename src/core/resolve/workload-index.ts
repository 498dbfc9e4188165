/** The world as verdicts on StickyWorkloads look things up in it: one pass for all of them instead of one for each. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { backendKey, targetKey } from '../names/names.ts';
import type { Snapshot, Target } from '../snapshot/snapshot.ts';
import { indexGateways, type GatewayIndex } from './gateways.ts';
import { judgeParents, type ParentVerdict } from './parents.ts';
import { gatewayKey, planServing, type ServingPlan } from './plan.ts';

/** What is known of each StickyWorkload before any is judged. */
export type Candidate = { workload: StickyWorkload; plan: ServingPlan; parents: ParentVerdict[] };

export type WorkloadIndex = {
  /** By `namespace/name`. */
  candidates: ReadonlyMap<string, Candidate>;
  /** By `targetKey`. */
  targets: ReadonlyMap<string, Target>;
  /** Who claims a target, the oldest first, by `targetKey`. */
  claims: ReadonlyMap<string, Candidate[]>;
  /** Who gives the same cookie on the same Gateway, the oldest first, by `cookieKeys`. */
  cookies: ReadonlyMap<string, Candidate[]>;
  gateways: GatewayIndex;
};

export function indexWorkloads(snapshot: Snapshot): WorkloadIndex {
  const gateways = indexGateways(snapshot);
  const plans = snapshot.workloads.map((workload) => ({ workload, plan: planOnce(workload) }));
  const parentWorld = {
    ...gateways,
    gatewayApiInstalled: snapshot.gatewayApi.installed,
    namespaces: new Map(snapshot.namespaces.map(({ name, labels }) => [name, labels])),
    generatedGateways: new Set(
      plans.filter(({ plan }) => plan.parents.some(({ isGenerated }) => isGenerated)).map(({ plan }) => plan.namespace),
    ),
  };
  const bySeniorityOfAll = plans.toSorted((one, other) => bySeniority(one.workload, other.workload));
  const candidates = bySeniorityOfAll.map(({ workload, plan }) => ({
    workload,
    plan,
    parents: judgeParents(plan, parentWorld),
  }));
  return {
    candidates: new Map(candidates.map((candidate) => [candidate.plan.key, candidate])),
    targets: new Map(snapshot.targets.map((target) => [targetKey(target.namespace, target), target])),
    claims: Map.groupBy(candidates, ({ plan }) => targetKey(plan.namespace, plan.target)),
    cookies: groupByAll(candidates, cookieKeys),
    gateways,
  };
}

const plansMade = new WeakMap<StickyWorkload, ServingPlan>();

/** The objects are never modified, so a plan once made holds for as long as the object is the same. */
function planOnce(workload: StickyWorkload): ServingPlan {
  const plan = plansMade.get(workload) ?? planServing(workload);
  plansMade.set(workload, plan);
  return plan;
}

/** The oldest first: who may keep what several StickyWorkloads claim. Injection must name the same one as the verdict does. */
export const bySeniority = (one: StickyWorkload, other: StickyWorkload): number =>
  seniority(one) < seniority(other) ? -1 : 1;

// RFC 3339 in UTC sorts as text; the name decides between those of one second.
const seniority = ({ metadata }: StickyWorkload): string =>
  `${metadata.creationTimestamp} ${backendKey(metadata.namespace, metadata.name)}`;

/** One for each Gateway that takes the route; none where no cookie is set. A path has no space in front, a name none at all. */
export function cookieKeys({ plan, parents }: Candidate): string[] {
  const { carrier } = plan.persistence;
  if (carrier.type !== 'Cookie') return [];
  const attached = parents.filter(({ kind }) => kind === 'attached').map(({ parent }) => gatewayKey(parent.gateway));
  return [...new Set(attached)].map((gateway) => `${gateway} ${carrier.name} ${carrier.path}`);
}

function groupByAll<T>(items: readonly T[], keysOf: (item: T) => string[]): Map<string, T[]> {
  const pairs = items.flatMap((item) => keysOf(item).map((key) => ({ key, item })));
  return new Map([...Map.groupBy(pairs, ({ key }) => key)].map(([key, group]) => [key, group.map(({ item }) => item)]));
}
