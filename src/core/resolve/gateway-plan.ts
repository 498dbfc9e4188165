/** The plan of a Gateway: its listeners, the routes on each, and the owner of the proxy. */
import { generatedListener } from '../listener/generated-listener.ts';
import { lacksCertificates, type JudgedListener } from '../listener/listener.ts';
import type { ServedGateway } from './gateways.ts';
import { gatewayClassName } from '../names/names.ts';
import { gatewayKey, type GatewayRef, type ServingPlan } from './plan.ts';
import {
  generatedReference,
  resolveParameters,
  type ParametersLookup,
  type ProxyParameters,
} from './proxy-parameters.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import { readStaticAddresses, type StaticAddresses } from './static-addresses.ts';
import type { AttachedParent, ParentVerdict } from './parents.ts';

/** The route of a StickyWorkload on a Gateway. `listeners`: their ids; absent: all of them. */
export type AttachedRoute = { plan: ServingPlan; listeners?: string[] };

/** An HTTPRoute of a user on a Gateway. `listeners`: ids of those that accept it. */
export type AttachedHttpRoute = { judged: JudgedRoute; listeners: ReadonlySet<string> };

export type GatewayPlan = {
  gateway: GatewayRef;
  /** Oldest first. */
  routes: AttachedRoute[];
  /** Those of users, oldest first. */
  httpRoutes: AttachedHttpRoute[];
  /** A user manages the Gateway, and it owns its proxy. Absent: the StickyWorkloads `generatedFor` need it, and own both together. */
  userManaged?: ServedGateway;
  generatedFor: ServingPlan[];
  /** How its proxies run. */
  parameters: ProxyParameters;
  /** The addresses that it asks for. */
  addresses: StaticAddresses;
};

type Unresolved = Omit<GatewayPlan, 'parameters' | 'addresses'>;

export type Attachable = { plan: ServingPlan; parents: readonly ParentVerdict[] };

/** What Gateways serve, oldest first, and how their proxies run. */
export type OnGateways = {
  workloads: readonly Attachable[];
  httpRoutes: Iterable<JudgedRoute>;
  parameters: ParametersLookup;
};

/** Returns a plan for each user-managed Gateway, with or without routes, and for each generated one, by `namespace/name`. */
export function planGateways(
  userManaged: ReadonlyMap<string, ServedGateway>,
  { workloads, httpRoutes, parameters: lookup }: OnGateways,
): Record<string, GatewayPlan> {
  const plans: Record<string, Unresolved> = {};
  for (const [key, gateway] of userManaged) {
    plans[key] = { gateway: gateway.ref, routes: [], httpRoutes: [], userManaged: gateway, generatedFor: [] };
  }
  for (const { plan, parents } of workloads) {
    for (const [key, group] of groupByGateway(parents)) {
      const { gateway } = group[0].parent;
      attach((plans[key] ??= { gateway, routes: [], httpRoutes: [], generatedFor: [] }), plan, group);
    }
  }
  for (const judged of httpRoutes) attachHttpRoute(judged, plans);
  return Object.fromEntries(
    Object.entries(plans).map(([key, plan]) => {
      const parameters = parametersOf(plan, lookup);
      return [key, { ...plan, parameters, addresses: addressesOf(plan, parameters) }];
    }),
  );
}

const addressesOf = ({ userManaged }: Unresolved, parameters: ProxyParameters): StaticAddresses =>
  readStaticAddresses(
    userManaged?.object ?? { addresses: [] },
    parameters.kind === 'resolved' ? parameters.spec.service.type : 'ClusterIP',
  );

function parametersOf({ gateway, userManaged, generatedFor }: Unresolved, lookup: ParametersLookup): ProxyParameters {
  const own = userManaged ? userManaged.object.infrastructure.parametersRef : generatedReference(generatedFor);
  const className = userManaged?.object.className ?? gatewayClassName;
  return resolveParameters({ gateway, className, ...(own && { own }) }, lookup);
}

type Group = [AttachedParent, ...AttachedParent[]];

/** A route may refer to one Gateway several times, with a listener each. */
function groupByGateway(parents: readonly ParentVerdict[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const verdict of parents) {
    if (verdict.kind === 'refused') continue;
    const key = gatewayKey(verdict.parent.gateway);
    const group = groups.get(key);
    if (group) group.push(verdict);
    else groups.set(key, [verdict]);
  }
  return groups;
}

function attach(gateway: Unresolved, plan: ServingPlan, parents: Group): void {
  const named = parents.flatMap(({ listeners }) => listeners ?? []);
  gateway.routes.push({ plan, ...(named.length > 0 && { listeners: [...new Set(named)] }) });
  if (gateway.userManaged === undefined && parents.some(({ parent }) => parent.isGenerated)) {
    gateway.generatedFor.push(plan);
  }
}

/** A route may refer to one Gateway several times, with a listener each. */
function attachHttpRoute(judged: JudgedRoute, plans: Readonly<Record<string, Unresolved>>): void {
  const attached = judged.parents.filter((verdict) => verdict.kind === 'attached');
  for (const [key, parents] of Map.groupBy(attached, ({ gateway }) => gatewayKey(gateway))) {
    plans[key]?.httpRoutes.push({ judged, listeners: new Set(parents.flatMap(({ listeners }) => listeners)) });
  }
}

/** Returns how many routes are attached to a listener, by its id. */
export const countAttachedRoutes = ({ routes, httpRoutes }: GatewayPlan, listener: string): number =>
  routes.filter((route) => isOnListener(route, listener)).length +
  httpRoutes.filter(({ listeners }) => listeners.has(listener)).length;

/** Returns the Gateway's own listeners, in the order of the spec. */
export const listenersOf = ({ userManaged, gateway }: GatewayPlan): readonly JudgedListener[] =>
  userManaged?.listeners ?? [generatedListener(gateway)];

/** Returns the listeners whose ports the proxy binds. A Gateway without a valid listener accepts no ListenerSets. */
export function servedListeners(plan: GatewayPlan): JudgedListener[] {
  const own = listenersOf(plan).filter(isServed);
  if (own.length === 0) return [];
  const added = plan.userManaged?.sets?.flatMap(({ listeners }) => listeners.filter(isServed)) ?? [];
  return [...own, ...added];
}

/**
 * Returns the listeners whose ports the Service has: also of those whose certificate is missing, for a port that is removed and added again
 * gets another node port, and load balancers drop their connections.
 */
export function exposedListeners(plan: GatewayPlan): JudgedListener[] {
  const isAccepted = ({ problem }: JudgedListener) => problem === undefined || lacksCertificates(problem);
  const added = plan.userManaged?.sets?.flatMap(({ listeners }) => listeners) ?? [];
  return [...listenersOf(plan), ...added].filter(isAccepted);
}

const isServed = ({ problem }: JudgedListener): boolean => problem === undefined;

/** `id`: that of the listener. */
export const isOnListener = ({ listeners }: AttachedRoute, id: string): boolean => listeners?.includes(id) ?? true;
