/** Gateway API's rules of attachment: whether each Gateway in a StickyWorkload's parentRefs accepts its route. */
import type { Reason } from '../../api/reasons.ts';
import { defaultGateway } from '../names/names.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import type { JudgedListener } from '../listener/listener.ts';
import type { GatewayIndex, ServedGateway } from './gateways.ts';
import { defaultListener, gatewayKey, type GatewayRef, type ParentRef, type ServingPlan } from './plan.ts';
import { selects } from './label-selector.ts';
import { allowsHttpRoutes } from './route-kinds.ts';

/** `listeners`: ids of the listeners that accept the route; absent: all listeners of the Gateway that Holdfast generates. */
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
  /** Namespaces in which a StickyWorkload needs the generated Gateway. */
  generatedGateways: ReadonlySet<string>;
};

/** Returns a verdict for each requested Gateway, in the order of the spec. */
export const judgeParents = (plan: ServingPlan, lookup: ParentLookup): ParentVerdict[] =>
  plan.parents.map((parent) => judgeParent(parent, plan, lookup));

/** A user-managed Gateway with the name of the generated one takes precedence over it. */
const isGeneratedOne = ({ gateway, isGenerated }: ParentRef, { served }: ParentLookup): boolean =>
  isGenerated === true && !served.has(gatewayKey(gateway));

function judgeParent(parent: ParentRef, plan: ServingPlan, lookup: ParentLookup): ParentVerdict {
  const { gateway } = parent;
  if (isGeneratedOne(parent, lookup)) return { kind: 'attached', parent };
  if (!lookup.gatewayApiInstalled) return refusals.noGatewayApi(parent);
  const key = gatewayKey(gateway);
  const served = lookup.served.get(key);
  if (served) return judgeListenersFor(served, parent, { plan, lookup });
  if (gateway.name === defaultGateway && lookup.generatedGateways.has(gateway.namespace)) {
    return judgeGeneratedGateway(parent, plan);
  }
  const className = lookup.foreign.get(key);
  return className === undefined ? refusals.notFound(parent) : refusals.foreign(parent, className);
}

/** A parentRef to the Gateway that Holdfast generated: it has one listener, which allows routes of its own namespace. */
function judgeGeneratedGateway(parent: ParentRef, { namespace }: ServingPlan): ParentVerdict {
  const { gateway, sectionName } = parent;
  if (gateway.namespace !== namespace) return refusals.notAllowed(parent, namespace);
  if (sectionName !== undefined && sectionName !== defaultListener.name) return refusals.noSection(parent, sectionName);
  return { kind: 'attached', parent };
}

function judgeListenersFor(
  { listeners }: ServedGateway,
  parent: ParentRef,
  { plan, lookup }: { plan: ServingPlan; lookup: ParentLookup },
): ParentVerdict {
  const { sectionName, gateway } = parent;
  const named = listeners.filter(({ name }) => sectionName === undefined || name === sectionName);
  if (named.length === 0 && sectionName !== undefined) return refusals.noSection(parent, sectionName);
  const usable = named.filter((listener) => listener.problem === undefined);
  if (usable.length === 0) return refusals.notServed(parent, named[0]?.problem?.message);
  const allowed = usable.filter((listener) =>
    allowsRoutesOf(plan.namespace, listener, { gateway, namespaces: lookup.namespaces }),
  );
  if (allowed.length === 0) return refusals.notAllowed(parent, plan.namespace);
  const matching = allowed.filter(({ hostname }) => intersectHostnames(plan.hostnames, hostname) !== undefined);
  if (matching.length === 0) return refusals.noHostname(parent, allowed);
  return { kind: 'attached', parent, listeners: matching.map(({ id }) => id) };
}

const describeGateway = ({ gateway }: ParentRef): string => `spec.route.parentRefs: Gateway ${gatewayKey(gateway)}`;

const refused = (parent: ParentRef, reason: ParentReason, message: string): RefusedParent => ({
  kind: 'refused',
  parent,
  reason,
  message,
});

const refusals = {
  noGatewayApi: (parent: ParentRef) =>
    refused(
      parent,
      'GatewayAPIMissing',
      'spec.route.parentRefs: Gateway API is not installed, so no Gateway can exist. Install its CRDs (https://gateway-api.sigs.k8s.io/guides/), ' +
        'or remove parentRefs: the proxy of this namespace works without Gateway API.',
    ),
  notFound: (parent: ParentRef) =>
    refused(
      parent,
      'GatewayNotFound',
      `${describeGateway(parent)} does not exist: create it, or name an existing one.`,
    ),
  foreign: (parent: ParentRef, className: string) =>
    refused(
      parent,
      'UnsupportedGatewayClass',
      `${describeGateway(parent)} is managed by another controller (GatewayClass ${className}), which does not implement Holdfast sessions: use a Gateway of class holdfast.`,
    ),
  noSection: (parent: ParentRef, sectionName: string) =>
    refused(
      parent,
      'NoMatchingParent',
      `${describeGateway(parent)} has no listener ${sectionName}: use the name of an existing listener, or remove sectionName.`,
    ),
  notServed: (parent: ParentRef, problem = 'It has no listeners.') =>
    refused(parent, 'NoMatchingParent', `${describeGateway(parent)} has no usable listener. ${problem}`),
  notAllowed: (parent: ParentRef, namespace: string) =>
    refused(
      parent,
      'NotAllowedByListeners',
      `${describeGateway(parent)} does not allow HTTPRoutes of namespace ${namespace}: allow the namespace in allowedRoutes of a listener.`,
    ),
  noHostname: (parent: ParentRef, listeners: readonly JudgedListener[]) =>
    refused(
      parent,
      'NoMatchingListenerHostname',
      `${describeGateway(parent)} serves ${listeners.map(({ hostname }) => hostname).join(', ')}, which does not overlap with spec.route.hostnames: add one of these hostnames, or add a listener.`,
    ),
};

type Listening = { gateway: GatewayRef; namespaces: ParentLookup['namespaces'] };

function allowsRoutesOf(
  namespace: string,
  { allowedRoutes }: JudgedListener,
  { gateway, namespaces }: Listening,
): boolean {
  if (!allowsHttpRoutes(allowedRoutes.kinds)) return false;
  if (allowedRoutes.from === 'Selector') return selects(allowedRoutes.selector, namespaces.get(namespace) ?? {});
  return allowedRoutes.from === 'All' || (allowedRoutes.from === 'Same' && namespace === gateway.namespace);
}

/** Returns the parentRef for an HTTPRoute in the given namespace. */
export function parentReference({ gateway, sectionName }: ParentRef, namespace: string): object {
  return {
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    name: gateway.name,
    ...(gateway.namespace !== namespace && { namespace: gateway.namespace }),
    ...(sectionName !== undefined && { sectionName }),
  };
}
