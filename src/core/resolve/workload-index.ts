/** Indexes for the checks of StickyWorkloads: one pass for all of them instead of one for each. */
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { backendKey, targetKey } from '../names/names.ts';
import type { Snapshot, Target } from '../snapshot/snapshot.ts';
import { indexGateways, type GatewayIndex } from './gateways.ts';
import { attach, attachedGateways, type Attachment, type AttachLookup } from '../route/attach.ts';
import type { RouteIR } from '../route/ir.ts';
import { splitParents, type MissingParent } from '../route/missing-parents.ts';
import { indexParents } from '../route/parent-objects.ts';
import { mayReferTo } from '../route/workload-refs.ts';
import { routeOf } from '../route/workload-route.ts';
import { claimHosts, type HostClaims } from '../routing/host-claims.ts';
import { planServing, type ServingPlan } from './plan.ts';

/** A StickyWorkload before it is accepted or refused. `route`: its own. `missing`: the requested Gateways that Holdfast does not manage. */
export type Candidate = {
  workload: StickyWorkload;
  plan: ServingPlan;
  route: RouteIR;
  parents: Attachment[];
  missing: MissingParent[];
};

export type WorkloadIndex = {
  /** By `namespace/name`. */
  candidates: ReadonlyMap<string, Candidate>;
  /** By `targetKey`. */
  targets: ReadonlyMap<string, Target>;
  /** The StickyWorkloads that claim a target, oldest first, by `targetKey`. */
  claims: ReadonlyMap<string, Candidate[]>;
  /** The StickyWorkloads that set the same cookie on the same Gateway, oldest first, by `cookieKeys`. */
  cookies: ReadonlyMap<string, Candidate[]>;
  /** The first of them that has a host. */
  cookieHosts: ReadonlyMap<string, HostClaims<Candidate>>;
  gateways: GatewayIndex;
  /** What the HTTPRoutes of users can attach to. */
  attachment: AttachLookup;
};

export function indexWorkloads(snapshot: Snapshot): WorkloadIndex {
  const gateways = indexGateways(snapshot);
  const plans = snapshot.workloads.map((workload) => ({ workload, plan: planOnce(workload) }));
  const namespaces = new Map(snapshot.namespaces.map(({ name, labels }) => [name, labels]));
  const generated = new Set(
    plans.filter(({ plan }) => plan.parents.some(({ isGenerated }) => isGenerated)).map(({ plan }) => plan.namespace),
  );
  const attachment = { parents: indexParents(gateways, generated), namespaces };
  const lookup = { ...attachment, ...gateways, gatewayApiInstalled: snapshot.gatewayApi.installed };
  const findPort = indexPorts(snapshot);
  const oldestFirst = plans.toSorted((one, other) => bySeniority(one.workload, other.workload));
  const candidates = oldestFirst.map(({ workload, plan }) => {
    const { route, missing } = splitParents(
      routeOf(plan, (backend) => findPort(backend, plan)),
      plan,
      lookup,
    );
    return { workload, plan, route, parents: attach(route, attachment), missing };
  });
  const cookies = groupByAll(candidates, cookieKeys);
  return {
    candidates: new Map(candidates.map((candidate) => [candidate.plan.key, candidate])),
    targets: new Map(snapshot.targets.map((target) => [targetKey(target.namespace, target), target])),
    claims: Map.groupBy(candidates, ({ plan }) => targetKey(plan.namespace, plan.target)),
    cookies,
    cookieHosts: new Map([...cookies].map(([key, group]) => [key, claimCookie(group)])),
    gateways,
    attachment,
  };
}

/** The default of `spec.service.port`: without permission, a port must not reveal whether a StickyWorkload exists. */
const defaultPort = 80;

function indexPorts({
  workloads,
  referenceGrants,
}: Pick<Snapshot, 'workloads' | 'referenceGrants'>): (backend: string, of: ServingPlan) => number {
  const ports = new Map(
    workloads.map(({ metadata: { namespace, name }, spec }) => [backendKey(namespace, name), spec.service.port]),
  );
  const grants = Map.groupBy(referenceGrants, ({ namespace }) => namespace);
  return (backend, of) => (mayReferTo(backend, of, { grants }) ? (ports.get(backend) ?? defaultPort) : defaultPort);
}

const planOf = new WeakMap<StickyWorkload['spec'], ServingPlan>();

/** A spec is never modified, and belongs to one StickyWorkload, so a plan is valid for as long as it is the same: a new status changes no plan. */
function planOnce(workload: StickyWorkload): ServingPlan {
  const plan = planOf.get(workload.spec) ?? planServing(workload);
  planOf.set(workload.spec, plan);
  return plan;
}

/** Oldest first: the oldest of several StickyWorkloads keeps what they claim. Injection and the verdict must agree on it. */
export const bySeniority = (one: StickyWorkload, other: StickyWorkload): number =>
  seniority(one) < seniority(other) ? -1 : 1;

// RFC 3339 in UTC sorts as text; the name decides between those of the same second.
const seniority = ({ metadata }: StickyWorkload): string =>
  `${metadata.creationTimestamp} ${backendKey(metadata.namespace, metadata.name)}`;

/** Returns one key for each Gateway that accepts the route; none if no cookie is set. A cookie name has no spaces, and a path does not begin with one. */
export function cookieKeys({ plan, parents }: Candidate): string[] {
  const { carrier } = plan.persistence;
  if (carrier.type !== 'Cookie') return [];
  return attachedGateways(parents).map((gateway) => `${gateway} ${carrier.name} ${carrier.path}`);
}

function claimCookie(oldestFirst: readonly Candidate[]): HostClaims<Candidate> {
  const claims = claimHosts<Candidate>();
  for (const candidate of oldestFirst) claims.add(hostsOfCookie(candidate), candidate);
  return claims;
}

/** Hosts that a browser sends the cookie to. A Domain attribute covers the domain and its subdomains. */
export function hostsOfCookie({ plan }: Candidate): readonly string[] {
  const { carrier } = plan.persistence;
  return carrier.type === 'Cookie' && carrier.domain !== undefined
    ? [carrier.domain, `*.${carrier.domain}`]
    : plan.hostnames;
}

function groupByAll<T>(items: readonly T[], keysOf: (item: T) => string[]): Map<string, T[]> {
  const pairs = items.flatMap((item) => keysOf(item).map((key) => ({ key, item })));
  return new Map([...Map.groupBy(pairs, ({ key }) => key)].map(([key, group]) => [key, group.map(({ item }) => item)]));
}
