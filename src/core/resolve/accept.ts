/** Decides whether a StickyWorkload is accepted, and resolves the plan of an accepted one. */
import { defaultGateway, targetKey } from '../names/names.ts';
import type { Attachment } from '../route/attach.ts';
import { drainLimits, type GatewayRef } from './plan.ts';
import type { WorkloadPlan } from './workload-plan.ts';
import { refuse, refuseSpec, type Refusal } from './spec-checks.ts';
import { resolveTarget, type ResolvedTarget } from './target.ts';
import { cookieKeys, hostsOfCookie, type WorkloadIndex, type Candidate } from './workload-index.ts';

export type Accept = { kind: 'accepted'; plan: WorkloadPlan } | Refusal;

/** The first failing check refuses the StickyWorkload; its message names the field and what to do. */
export function decideAccept(candidate: Candidate, index: WorkloadIndex): Accept {
  const { workload, plan } = candidate;
  const refusal =
    refuseSpec(workload) ?? targetConflict(candidate, index) ?? noParent(candidate) ?? cookieConflict(candidate, index);
  if (refusal) return refusal;
  const resolved = resolveTarget(workload, index.targets.get(targetKey(plan.namespace, plan.target)));
  if (resolved.kind === 'refused') return resolved;
  return { kind: 'accepted', plan: planWorkload(candidate, resolved.target) };
}

function targetConflict({ plan, workload }: Candidate, { claims }: WorkloadIndex): Refusal | undefined {
  const older = claims.get(targetKey(plan.namespace, plan.target))?.[0]?.workload.metadata;
  if (older === undefined || older.uid === workload.metadata.uid) return undefined;
  const { kind, name } = plan.target;
  return refuse(
    'TargetConflict',
    `spec.targetRef: StickyWorkload ${older.name} is older and claims ${kind} ${name}: delete one of the two, or create a new one with another target.`,
  );
}

/** One Gateway that accepts the route is enough; condition Programmed reports the refusals of the others. */
function noParent({ parents, missing }: Candidate): Refusal | undefined {
  const refused = [...missing, ...parents.filter((verdict) => verdict.kind === 'refused')];
  const [first] = refused;
  return first === undefined || parents.some(({ kind }) => kind === 'attached')
    ? undefined
    : refuse(first.reason, refused.map(({ message }) => message).join(' '));
}

// A browser keeps one cookie per name, path and host: each StickyWorkload would overwrite the other's session cookies.
function cookieConflict(candidate: Candidate, { cookieHosts }: WorkloadIndex): Refusal | undefined {
  const older = cookieKeys(candidate)
    .map((key) => cookieHosts.get(key)?.first(hostsOfCookie(candidate)))
    .find((found) => found !== undefined && found !== candidate);
  if (older === undefined) return undefined;
  const { namespace, name } = older.plan;
  const who = namespace === candidate.plan.namespace ? name : `${namespace}/${name}`;
  return refuse(
    'CookieConflict',
    `spec.sessionPersistence.cookie: StickyWorkload ${who} is older and sets a cookie with the same name and path for the same hosts: ` +
      'choose another cookie.name, or remove cookie.name to use the default.',
  );
}

function planWorkload({ workload, plan, route, parents }: Candidate, target: ResolvedTarget): WorkloadPlan {
  const { service, drain } = workload.spec;
  return {
    ...plan,
    ...target,
    gateway: firstAttached(parents) ?? { namespace: plan.namespace, name: defaultGateway },
    route,
    servicePort: service.port,
    appProtocol: service.appProtocol,
    drain: drainLimits(drain),
  };
}

const firstAttached = (parents: readonly Attachment[]): GatewayRef | undefined =>
  parents.find((verdict) => verdict.kind === 'attached')?.gateway;
