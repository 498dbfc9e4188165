/** Whether a StickyWorkload can be carried out, and what it then comes to. */
import type { Reason } from '../../api/reasons.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { findInvalidCidrs } from '../drain/cidr.ts';
import { defaultGateway, proxyName, targetKey } from '../names/names.ts';
import type { Target } from '../snapshot/snapshot.ts';
import { shareHost } from '../table/hostnames.ts';
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

/** The first fact that stands against the StickyWorkload refuses it; the message names the field and the way out. */
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

/** What the spec alone says against it. */
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

// Both Services would have one name, and each would be put back over the other for ever.
function nameReserved({ metadata }: StickyWorkload): Refusal | undefined {
  if (metadata.name !== proxyName(defaultGateway)) return undefined;
  return refuse(
    'NameReserved',
    `metadata.name ${metadata.name} is the name of the proxy's own Service: create the StickyWorkload under another name.`,
  );
}

// The proxy has such a match fit no request at all: better said here than found out there.
function invalidRegex({ spec }: StickyWorkload): Refusal | undefined {
  const [broken] = findInvalidExpressions(spec);
  if (broken === undefined) return undefined;
  return refuse(
    'InvalidRegex',
    `${broken.path} "${broken.source}" is not a regular expression of JavaScript with the flag u: ${broken.reason}.`,
  );
}

function invalidCidr({ spec }: StickyWorkload): Refusal | undefined {
  const [broken] = findInvalidCidrs(spec);
  if (broken === undefined) return undefined;
  return refuse(
    'InvalidCIDR',
    `${broken.path} "${broken.value}" is no address block: write an address and the length of its prefix, such as 10.0.0.0/8 or fd00::/8.`,
  );
}

function targetConflict({ plan, workload }: Candidate, { claims }: WorkloadIndex): Refusal | undefined {
  const elder = claims.get(targetKey(plan.namespace, plan.target))?.[0]?.workload.metadata;
  if (elder === undefined || elder.uid === workload.metadata.uid) return undefined;
  const { kind, name } = plan.target;
  return refuse(
    'TargetConflict',
    `spec.targetRef: StickyWorkload ${elder.name} is older and claims ${kind} ${name}: delete one of the two, or name another target in a new one.`,
  );
}

/** One Gateway that takes the route is enough; what the others say is told by condition Programmed. */
function noParent({ parents }: Candidate): Refusal | undefined {
  const refused = parents.filter((verdict) => verdict.kind === 'refused');
  const [first] = refused;
  return first === undefined || refused.length < parents.length
    ? undefined
    : refuse(first.reason, refused.map(({ message }) => message).join(' '));
}

// A browser has one place for a cookie of one name, path and host: each StickyWorkload would end the other's sessions.
function cookieConflict(candidate: Candidate, { cookies }: WorkloadIndex): Refusal | undefined {
  const elder = cookieKeys(candidate)
    .map((key) => findElder(candidate, cookies.get(key) ?? []))
    .find((found) => found !== undefined);
  if (elder === undefined) return undefined;
  const { namespace, name } = elder.plan;
  const who = namespace === candidate.plan.namespace ? name : `${namespace}/${name}`;
  return refuse(
    'CookieConflict',
    `spec.sessionPersistence.cookie: StickyWorkload ${who} is older and gives its cookie the same name and path, for the same hosts: ` +
      'choose another cookie.name, or leave it out.',
  );
}

/** The oldest of those before it that share a host with it. */
function findElder(candidate: Candidate, oldestFirst: readonly Candidate[]): Candidate | undefined {
  const hosts = cookieHosts(candidate);
  for (const other of oldestFirst) {
    if (other.plan.key === candidate.plan.key) return undefined;
    if (shareHost(cookieHosts(other), hosts)) return other;
  }
  return undefined;
}

/** Hosts that a browser sends the cookie to: with a domain it, and all below it. */
function cookieHosts({ plan }: Candidate): readonly string[] {
  const { carrier } = plan.persistence;
  return carrier.type === 'Cookie' && carrier.domain !== undefined
    ? [carrier.domain, `*.${carrier.domain}`]
    : plan.hostnames;
}

const targetNotFound = ({ metadata, spec }: StickyWorkload): Refusal =>
  refuse(
    'TargetNotFound',
    `spec.targetRef: there is no ${spec.targetRef.kind} ${spec.targetRef.name} in namespace ${metadata.namespace}: ` +
      'create it, or delete this StickyWorkload and create one for the right target.',
  );

const unsupportedSelector = ({ kind, name }: Target): Refusal =>
  refuse(
    'UnsupportedSelector',
    `spec.targetRef: the selector of ${kind} ${name} has matchExpressions, which a Service cannot express: ` +
      `recreate the ${kind} with matchLabels alone (a selector cannot be changed).`,
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
