/** Whether a StickyWorkload can be carried out, and what it then comes to. */
import type { Reason } from '../../api/reasons.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { defaultGateway, proxyName } from '../names/names.ts';
import type { Snapshot, Target } from '../snapshot/snapshot.ts';
import { findInvalidExpressions } from './expressions.ts';
import { drainLimits, planServing, type WorkloadPlan } from './plan.ts';
import { shareHost } from './hostnames.ts';
import { chooseTargetPort } from './target-port.ts';
import { findUnsupported } from './unsupported-fields.ts';

export type Refusal = { kind: 'refused'; reason: Reason; message: string };
export type Accept = { kind: 'accepted'; plan: WorkloadPlan } | Refusal;

/** The first fact that stands against the StickyWorkload refuses it; the message names the field and the way out. */
export function decideAccept(workload: StickyWorkload, snapshot: Snapshot): Accept {
  const refusal = fieldNotSupported(workload) ?? nameReserved(workload) ?? expressionInvalid(workload) ?? findRivalry(workload, snapshot.workloads);
  if (refusal) return refusal;
  const target = findTarget(workload, snapshot.targets);
  if (target === undefined) return targetNotFound(workload);
  if (target.matchLabels === undefined) return selectorUnusable(target);
  const port = chooseTargetPort(workload.spec.service.targetPort, target);
  if (port.kind === 'ambiguous') return refuse('TargetPortAmbiguous', port.message);
  return { kind: 'accepted', plan: planWorkload(workload, target.matchLabels, port.port) };
}

const refuse = (reason: Reason, message: string): Refusal => ({ kind: 'refused', reason, message });

function fieldNotSupported({ spec }: StickyWorkload): Refusal | undefined {
  const sentences = findUnsupported(spec);
  return sentences.length === 0 ? undefined : refuse('FieldNotSupported', sentences.join(' '));
}

// Both Services would have one name, and each would be put back over the other for ever.
function nameReserved({ metadata }: StickyWorkload): Refusal | undefined {
  if (metadata.name !== proxyName(defaultGateway)) return undefined;
  return refuse('NameReserved', `metadata.name ${metadata.name} is the name of the proxy's own Service: create the StickyWorkload under another name.`);
}

// The proxy has such a match fit no request at all: better said here than found out there.
function expressionInvalid({ spec }: StickyWorkload): Refusal | undefined {
  const [broken] = findInvalidExpressions(spec.route.matches);
  if (broken === undefined) return undefined;
  return refuse('ExpressionInvalid', `${broken.path} "${broken.source}" is not a regular expression of JavaScript with the flag u: ${broken.why}.`);
}

function targetConflict(workload: StickyWorkload, workloads: readonly StickyWorkload[]): Refusal | undefined {
  const elder = findElder(workload, workloads, claimsSameTarget);
  if (elder === undefined) return undefined;
  const { kind, name } = workload.spec.targetRef;
  return refuse(
    'TargetConflict',
    `spec.targetRef: StickyWorkload ${elder.metadata.name} is older and claims ${kind} ${name}: delete one of the two, or name another target in a new one.`,
  );
}

// A browser has one place for a cookie of one name, path and host: each StickyWorkload would end the other's sessions.
function cookieConflict(workload: StickyWorkload, workloads: readonly StickyWorkload[]): Refusal | undefined {
  const elder = findElder(workload, workloads, setsSameCookie);
  if (elder === undefined) return undefined;
  return refuse(
    'CookieConflict',
    `spec.sessionPersistence.cookie: StickyWorkload ${elder.metadata.name} is older and gives its cookie the same name and path, for the same hosts: ` +
      'choose another cookie.name, or leave it out.',
  );
}

function findRivalry(workload: StickyWorkload, workloads: readonly StickyWorkload[]): Refusal | undefined {
  return targetConflict(workload, workloads) ?? cookieConflict(workload, workloads);
}

/** The oldest StickyWorkload that wants the same thing, if that is not the workload itself. */
function findElder(workload: StickyWorkload, all: readonly StickyWorkload[], isRival: typeof claimsSameTarget): StickyWorkload | undefined {
  const rivals = all.filter((other) => other.metadata.namespace === workload.metadata.namespace && isRival(workload, other));
  const [oldest] = rivals.toSorted(bySeniority);
  return oldest?.metadata.uid === workload.metadata.uid ? undefined : oldest;
}

/** The oldest first: who may keep what several StickyWorkloads claim. Injection must name the same one as the verdict does. */
export const bySeniority = (one: StickyWorkload, other: StickyWorkload): number => (seniority(one) < seniority(other) ? -1 : 1);

// RFC 3339 in UTC sorts as text; the name decides between those of one second.
const seniority = ({ metadata }: StickyWorkload): string => `${metadata.creationTimestamp} ${metadata.name}`;

const claimsSameTarget = (one: StickyWorkload, other: StickyWorkload): boolean =>
  one.spec.targetRef.kind === other.spec.targetRef.kind && one.spec.targetRef.name === other.spec.targetRef.name;

function setsSameCookie(one: StickyWorkload, other: StickyWorkload): boolean {
  const [a, b] = [planServing(one), planServing(other)];
  const { cookieName, cookiePath } = a.persistence;
  return cookieName === b.persistence.cookieName && cookiePath === b.persistence.cookiePath && shareHost(a.hostnames, b.hostnames);
}

function findTarget({ metadata, spec }: StickyWorkload, targets: Target[]): Target | undefined {
  const { kind, name } = spec.targetRef;
  return targets.find((target) => target.namespace === metadata.namespace && target.kind === kind && target.name === name);
}

const targetNotFound = ({ metadata, spec }: StickyWorkload): Refusal =>
  refuse(
    'TargetNotFound',
    `spec.targetRef: there is no ${spec.targetRef.kind} ${spec.targetRef.name} in namespace ${metadata.namespace}: ` +
      'create it, or delete this StickyWorkload and create one for the right target.',
  );

const selectorUnusable = ({ kind, name }: Target): Refusal =>
  refuse(
    'SelectorUnusable',
    `spec.targetRef: the selector of ${kind} ${name} has matchExpressions, which a Service cannot express: ` +
      `recreate the ${kind} with matchLabels alone (a selector cannot be changed).`,
  );

function planWorkload(workload: StickyWorkload, selector: Record<string, string>, targetPort: number | string): WorkloadPlan {
  const { service, drain } = workload.spec;
  return {
    ...planServing(workload),
    targetPort,
    servicePort: service.port,
    appProtocol: service.appProtocol,
    selector,
    drain: drainLimits(drain),
  };
}
