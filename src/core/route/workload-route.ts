/**
 * `spec.route` of a StickyWorkload: a shorthand for an HTTPRoute or a GRPCRoute, in the form that reading the rendered one gives. It is served from the
 * StickyWorkload and not from the rendered object: so it works without Gateway API, without a round trip through the API server, and while
 * a deleted route is not created again yet.
 */
import { gatewayApiGroup } from '../names/names.ts';
import type { ParentRef, ServingPlan } from '../resolve/plan.ts';
import { endpointId } from '../session/token.ts';
import type { RouteParentRef } from '../snapshot/http-route.ts';
import type { BackendRefIR, PersistenceIR, RouteIR, RuleIR } from './ir.ts';
import { readParent } from './read-references.ts';

/** Returns the port of the Service of a StickyWorkload, by `namespace/name`. */
export type PortOf = (backend: string) => number;

const routes = new WeakMap<ServingPlan, { ports: string; route: RouteIR }>();

/** A plan is never modified, so its route is the same as long as the ports of its backends are. */
export function routeOf(plan: ServingPlan, portOf: PortOf): RouteIR {
  const ports = plan.backendRefs.map(({ backend }) => portOf(backend)).join();
  const known = routes.get(plan);
  if (known?.ports === ports) return known.route;
  const route = buildRoute(plan, portOf);
  routes.set(plan, { ports, route });
  return route;
}

function buildRoute(plan: ServingPlan, portOf: PortOf): RouteIR {
  const { key, namespace, name, uid, generation, createdAt, hostnames } = plan;
  return {
    source: { kind: plan.routeKind, key, namespace, name, uid, generation, createdAt, workload: plan },
    parents: plan.parents.map((parent) => readParent(parentReference(parent, namespace), namespace)),
    hostnames,
    // With kind None, the routes are the users'.
    rules: plan.parents.length === 0 ? [] : [buildRule(plan, portOf)],
    problems: [],
  };
}

/** Returns the parentRef for a route in the given namespace. */
const parentReference = ({ gateway, sectionName }: ParentRef, namespace: string): RouteParentRef => ({
  group: gatewayApiGroup,
  kind: 'Gateway',
  name: gateway.name,
  ...(gateway.namespace !== namespace && { namespace: gateway.namespace }),
  ...(sectionName !== undefined && { sectionName }),
});

function buildRule(plan: ServingPlan, portOf: PortOf): RuleIR {
  const persistence = persistenceOf(plan);
  return {
    id: endpointId(JSON.stringify(plan.matches)).slice(0, 8),
    matches: plan.matches,
    filters: [],
    ...(persistence && { persistence }),
    backendRefs: plan.backendRefs.map(({ backend, weight }, at) => backendRef({ backend, weight, at }, portOf)),
  };
}

function backendRef(
  { backend, weight, at }: { backend: string; weight: number; at: number },
  portOf: PortOf,
): BackendRefIR {
  const [namespace = '', name = ''] = backend.split('/');
  const path = `spec.rules[0].backendRefs[${at}]`;
  return {
    target: { at: path, group: '', kind: 'Service', namespace, name, port: portOf(backend) },
    weight,
    filters: [],
  };
}

/** What a route has fields for: the StickyWorkload decides the rest. It has none for a cookie or header of the app. */
function persistenceOf({ persistence: { carrier }, limits }: ServingPlan): PersistenceIR | undefined {
  const { absoluteTimeoutMs } = limits;
  const timeout = absoluteTimeoutMs === undefined ? {} : { absoluteTimeoutMs };
  if (carrier.type === 'Header') return { type: 'Header', name: carrier.name, lifetimeType: 'Session', ...timeout };
  if (carrier.type !== 'Cookie') return undefined;
  const { type, name, path, lifetimeType } = carrier;
  return { type, name, path, lifetimeType, ...timeout };
}
