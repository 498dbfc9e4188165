/** Decides whether a StickyWorkload is accepted, and resolves the plan of an accepted one. */
import type { Reason } from '../../api/reasons.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { findInvalidCidrs } from './cidrs.ts';
import { defaultGateway, proxyName, targetKey } from '../names/names.ts';
import type { Target } from '../snapshot/snapshot.ts';
import { shareHost } from '../routing/hostnames.ts';
import { findInvalidExpressions } from './expressions.ts';
import type { ParentVerdict } from './parents.ts';
import { drainLimits, type GatewayRef, type WorkloadPlan } from './plan.ts';
import { noteTarget } from './target-notes.ts';
import { chooseTargetPort } from './target-port.ts';
import { findUnsupported } from './unsupported-fields.ts';
import { findUnusableCookie } from './unusable-cookie.ts';
import { cookieKeys, type WorkloadIndex, type Candidate } from './workload-index.ts';

export type Refusal = { kind: 'refused'; reason: Reason; message: string };
export type Accept = { kind: 'accepted'; plan: WorkloadPlan } | Refusal;

/** The first failing check refuses the StickyWorkload; its message names the field and what to do. */
export function decideAccept(candidate: Candidate, world: WorkloadIndex): Accept {
  const { workload, plan } = candidate;
  const refusal =
    refuseSpec(workload) ?? targetConflict(candidate, world) ?? noParent(candidate) ?? cookieConflict(candidate, world);
  if (refusal) return refusal;
  const target = world.targets.get(targetKey(plan.namespace, plan.target));
  if (target === undefined) return targetNotFound(workload);
  if (target.matchLabels === undefined) return unsupportedSelector(target);
  const port = chooseTargetPort(workload.spec.service.targetPort, target);
  if (port.kind === 'ambiguous') return refuse('TargetPortAmbiguous', port.message);
  return {
    kind: 'accepted',
    plan: planWorkload(
      candidate,
      { selector: target.matchLabels, targetPort: port.port, notes: noteTarget(target) },
      world,
    ),
  };
}

const refuse = (reason: Reason, message: string): Refusal => ({ kind: 'refused', reason, message });

/** Checks that need the spec alone. */
const refuseSpec = (workload: StickyWorkload): Refusal | undefined =>
  unsupportedField(workload) ??
  invalidCookie(workload) ??
  nameReserved(workload) ??
  invalidRegex(workload) ??
  invalidCidr(workload);

function unsupportedField({ spec }: StickyWorkload): Refusal | undefined {
  const sentences = findUnsupported(spec);
  return sentences.length === 0 ? undefined : refuse('UnsupportedField', sentences.join(' '));
}

function invalidCookie({ spec }: StickyWorkload): Refusal | undefined {
  const message = findUnusableCookie(spec.sessionPersistence);
  return message === undefined ? undefined : refuse('InvalidCookie', message);
}

// Both Services would have the same name, and each would overwrite the other indefinitely.
function nameReserved({ metadata }: StickyWorkload): Refusal | undefined {
  if (metadata.name !== proxyName(defaultGateway)) return undefined;
  return refuse(
    'NameReserved',
    `metadata.name ${metadata.name} is reserved for the Service of the proxy: create the StickyWorkload under another name.`,
  );
}

// In the proxy such a match would match no request: reject it here, where the user sees why.
function invalidRegex({ spec }: StickyWorkload): Refusal | undefined {
  const [broken] = findInvalidExpressions(spec);
  if (broken === undefined) return undefined;
  return refuse(
    'InvalidRegex',
    `${broken.path} "${broken.source}" is not a valid regular expression (JavaScript syntax, flag u): ${broken.reason}.`,
  );
}

function invalidCidr({ spec }: StickyWorkload): Refusal | undefined {
  const [broken] = findInvalidCidrs(spec);
  if (broken === undefined) return undefined;
  return refuse(
    'InvalidCIDR',
    `${broken.path} "${broken.value}" is not a valid CIDR: use an address and a prefix length, such as 10.0.0.0/8 or fd00::/8.`,
  );
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
function noParent({ parents }: Candidate): Refusal | undefined {
  const refused = parents.filter((verdict) => verdict.kind === 'refused');
  const [first] = refused;
  return first === undefined || refused.length < parents.length
    ? undefined
    : refuse(first.reason, refused.map(({ message }) => message).join(' '));
}

// A browser keeps one cookie per name, path and host: each StickyWorkload would overwrite the other's session cookies.
function cookieConflict(candidate: Candidate, { cookies }: WorkloadIndex): Refusal | undefined {
  const older = cookieKeys(candidate)
    .map((key) => findOlder(candidate, cookies.get(key) ?? []))
    .find((found) => found !== undefined);
  if (older === undefined) return undefined;
  const { namespace, name } = older.plan;
  const who = namespace === candidate.plan.namespace ? name : `${namespace}/${name}`;
  return refuse(
    'CookieConflict',
    `spec.sessionPersistence.cookie: StickyWorkload ${who} is older and sets a cookie with the same name and path for the same hosts: ` +
      'choose another cookie.name, or remove cookie.name to use the default.',
  );
}

/** Returns the oldest candidate that precedes this one and shares a host with it. */
function findOlder(candidate: Candidate, oldestFirst: readonly Candidate[]): Candidate | undefined {
  const hosts = cookieHosts(candidate);
  for (const other of oldestFirst) {
    if (other.plan.key === candidate.plan.key) return undefined;
    if (shareHost(cookieHosts(other), hosts)) return other;
  }
  return undefined;
}

/** Hosts that a browser sends the cookie to. A Domain attribute covers the domain and its subdomains. */
function cookieHosts({ plan }: Candidate): readonly string[] {
  const { carrier } = plan.persistence;
  return carrier.type === 'Cookie' && carrier.domain !== undefined
    ? [carrier.domain, `*.${carrier.domain}`]
    : plan.hostnames;
}

const targetNotFound = ({ metadata, spec }: StickyWorkload): Refusal =>
  refuse(
    'TargetNotFound',
    `spec.targetRef: ${spec.targetRef.kind} ${spec.targetRef.name} does not exist in namespace ${metadata.namespace}: ` +
      'create it, or delete this StickyWorkload and create one for another target.',
  );

const unsupportedSelector = ({ kind, name }: Target): Refusal =>
  refuse(
    'UnsupportedSelector',
    `spec.targetRef: the selector of ${kind} ${name} has matchExpressions, which a Service cannot express: ` +
      `recreate the ${kind} with matchLabels only, because a selector is immutable.`,
  );

function planWorkload(
  { workload, plan, parents }: Candidate,
  found: Pick<WorkloadPlan, 'selector' | 'targetPort' | 'notes'>,
  { candidates }: WorkloadIndex,
): WorkloadPlan {
  const { service, drain } = workload.spec;
  return {
    ...plan,
    ...found,
    gateway: firstAttached(parents) ?? { namespace: plan.namespace, name: defaultGateway },
    routeParents: parents.filter(isOurs).map(({ parent }) => parent),
    routeBackends: plan.backendRefs.flatMap(({ backend, weight }) => {
      const known = candidates.get(backend);
      return known
        ? [{ namespace: known.plan.namespace, name: known.plan.name, port: known.workload.spec.service.port, weight }]
        : [];
    }),
    servicePort: service.port,
    appProtocol: service.appProtocol,
    drain: drainLimits(drain),
  };
}

const isOurs = (verdict: ParentVerdict): boolean =>
  verdict.kind === 'attached' || (verdict.reason !== 'UnsupportedGatewayClass' && verdict.reason !== 'GatewayNotFound');

const firstAttached = (parents: readonly ParentVerdict[]): GatewayRef | undefined =>
  parents.find(({ kind }) => kind === 'attached')?.parent.gateway;
