/** Which Gateways a StickyWorkload asks for, and whether each of them takes its route: Gateway API's rules of attachment. */
import type { Reason } from '../../api/reasons.ts';
import { defaultGateway } from '../names/names.ts';
import type { LabelSelector } from '../snapshot/snapshot.ts';
import { intersectHostnames } from '../table/hostnames.ts';
import type { GatewayIndex, JudgedListener, ServedGateway } from './gateways.ts';
import { defaultListener, gatewayKey, type GatewayRef, type ParentRef, type ServingPlan } from './plan.ts';

/** `listeners`: names of those that take the route; absent: all, of the Gateway that Holdfast makes. */
export type AttachedParent = { kind: 'attached'; parent: ParentRef; listeners?: string[] };
export type RefusedParent = { kind: 'refused'; parent: ParentRef; reason: ParentReason; message: string };
export type ParentVerdict = AttachedParent | RefusedParent;

type ParentReason = Extract<
  Reason,
  | 'GatewayAPIMissing'
  | 'GatewayNotFound'
  | 'UnsupportedGatewayClass'
  | 'NotAllowedByListeners'
  | 'NoMatchingListenerHostname'
  | 'NoMatchingParent'
>;

export type ParentLookup = GatewayIndex & {
  gatewayApiInstalled: boolean;
  /** Labels by name of the namespace. */
  namespaces: ReadonlyMap<string, Record<string, string>>;
  /** Namespaces in which some StickyWorkload needs the Gateway that Holdfast makes. */
  generatedGateways: ReadonlySet<string>;
};

/** A verdict for each Gateway that is asked for, in the order of the spec. */
export const judgeParents = (plan: ServingPlan, world: ParentLookup): ParentVerdict[] =>
  plan.parents.map((parent) => judgeParent(parent, plan, world));

/** A user may have written a Gateway of our class under the name that ours would have: then that one is meant. */
const isMade = ({ gateway, isGenerated }: ParentRef, { served }: ParentLookup): boolean =>
  isGenerated === true && !served.has(gatewayKey(gateway));

function judgeParent(parent: ParentRef, plan: ServingPlan, world: ParentLookup): ParentVerdict {
  const { gateway } = parent;
  if (isMade(parent, world)) return { kind: 'attached', parent };
  const refuse = (reason: ParentReason, message: string): RefusedParent => ({
    kind: 'refused',
    parent,
    reason,
    message,
  });
  if (!world.gatewayApiInstalled) {
    return refuse(
      'GatewayAPIMissing',
      'spec.route.parentRefs: Gateway API is not installed, so there is no Gateway to name. Install its CRDs (https://gateway-api.sigs.k8s.io/guides/), ' +
        'or remove parentRefs: the proxy of this namespace serves without it.',
    );
  }
  const key = gatewayKey(gateway);
  const served = world.served.get(key);
  if (served) return judgeListenersFor(served, parent, { plan, world });
  if (gateway.name === defaultGateway && world.generatedGateways.has(gateway.namespace)) {
    return judgeGeneratedGateway(parent, plan);
  }
  const className = world.foreign.get(key);
  if (className === undefined) {
    return refuse(
      'GatewayNotFound',
      `spec.route.parentRefs: there is no Gateway ${key}: create it, or name one that exists.`,
    );
  }
  return refuse(
    'UnsupportedGatewayClass',
    `spec.route.parentRefs: Gateway ${key} has class ${className}, which another controller carries out, and its proxy keeps no session of ours: name a Gateway of class holdfast.`,
  );
}

/** By name, the Gateway that Holdfast made for a StickyWorkload of its namespace: one listener, for that namespace. */
function judgeGeneratedGateway(parent: ParentRef, { namespace }: ServingPlan): ParentVerdict {
  const { gateway, sectionName } = parent;
  if (gateway.namespace !== namespace) return refusals.notAllowed(parent, namespace);
  if (sectionName !== undefined && sectionName !== defaultListener.name) return refusals.noSection(parent, sectionName);
  return { kind: 'attached', parent };
}

function judgeListenersFor(
  { listeners, problem }: ServedGateway,
  parent: ParentRef,
  { plan, world }: { plan: ServingPlan; world: ParentLookup },
): ParentVerdict {
  const { sectionName, gateway } = parent;
  const named = listeners.filter(({ name }) => sectionName === undefined || name === sectionName);
  if (named.length === 0 && sectionName !== undefined) return refusals.noSection(parent, sectionName);
  const usable = problem === undefined ? named.filter((listener) => listener.problem === undefined) : [];
  if (usable.length === 0) return refusals.notServed(parent, problem ?? named[0]?.problem?.message);
  const allowed = usable.filter((listener) =>
    takesRoutesOf(plan.namespace, listener, { gateway, namespaces: world.namespaces }),
  );
  if (allowed.length === 0) return refusals.notAllowed(parent, plan.namespace);
  const matching = allowed.filter(({ hostname }) => intersectHostnames(plan.hostnames, hostname) !== undefined);
  if (matching.length === 0) return refusals.noHostname(parent, allowed);
  return { kind: 'attached', parent, listeners: matching.map(({ name }) => name) };
}

const describeGateway = ({ gateway }: ParentRef): string => `spec.route.parentRefs: Gateway ${gatewayKey(gateway)}`;

const refusals = {
  noSection: (parent: ParentRef, sectionName: string): RefusedParent => ({
    kind: 'refused',
    parent,
    reason: 'NoMatchingParent',
    message: `${describeGateway(parent)} has no listener ${sectionName}: name one that it has, or leave sectionName out.`,
  }),
  notServed: (parent: ParentRef, why = 'it has none'): RefusedParent => ({
    kind: 'refused',
    parent,
    reason: 'NoMatchingParent',
    message: `${describeGateway(parent)} has no listener that is served. ${why}`,
  }),
  notAllowed: (parent: ParentRef, namespace: string): RefusedParent => ({
    kind: 'refused',
    parent,
    reason: 'NotAllowedByListeners',
    message: `${describeGateway(parent)} takes no HTTPRoute of namespace ${namespace}: its owner must allow it in allowedRoutes of a listener.`,
  }),
  noHostname: (parent: ParentRef, listeners: readonly JudgedListener[]): RefusedParent => ({
    kind: 'refused',
    parent,
    reason: 'NoMatchingListenerHostname',
    message: `${describeGateway(parent)} serves ${listeners.map(({ hostname }) => hostname).join(', ')}, and spec.route.hostnames names none of it: add one of these, or a listener.`,
  }),
};

type Place = { gateway: GatewayRef; namespaces: ParentLookup['namespaces'] };

function takesRoutesOf(namespace: string, { allowedRoutes }: JudgedListener, { gateway, namespaces }: Place): boolean {
  if (!takesHttpRoutes(allowedRoutes.kinds)) return false;
  if (allowedRoutes.from === 'Selector') return selects(allowedRoutes.selector, namespaces.get(namespace) ?? {});
  return allowedRoutes.from === 'All' || (allowedRoutes.from === 'Same' && namespace === gateway.namespace);
}

/** Whether a listener takes routes of our kind; an empty list means all that its protocol can. */
export const takesHttpRoutes = (kinds: readonly { group: string; kind: string }[]): boolean =>
  kinds.length === 0 || kinds.some(isHttpRoute);

export const isHttpRoute = ({ group, kind }: { group: string; kind: string }): boolean =>
  group === 'gateway.networking.k8s.io' && kind === 'HTTPRoute';

/** As Kubernetes evaluates a label selector; an operator that nobody knows selects nothing. */
function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Record<string, string>): boolean {
  const fits = ({ key, operator, values = [] }: { key: string; operator: string; values?: string[] }): boolean => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    if (operator === 'In') return value !== undefined && values.includes(value);
    return operator === 'NotIn' && (value === undefined || !values.includes(value));
  };
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) && matchExpressions.every(fits);
}

/** The parent as an HTTPRoute of the namespace names it. */
export function parentReference({ gateway, sectionName }: ParentRef, namespace: string): object {
  return {
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    name: gateway.name,
    ...(gateway.namespace !== namespace && { namespace: gateway.namespace }),
    ...(sectionName !== undefined && { sectionName }),
  };
}
