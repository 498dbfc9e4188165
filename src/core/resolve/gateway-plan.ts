/** The plan of a Gateway: its listeners, the routes on each, and the owner of the proxy. */
import type { LoadedCertificate } from '../listener/certificate.ts';
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

/** A route on a Gateway, of a user or of a StickyWorkload. `listeners`: ids of those that accept it. */
export type AttachedRoute = { judged: JudgedRoute; listeners: ReadonlySet<string> };

export type GatewayPlan = {
  gateway: GatewayRef;
  /** Oldest first, and of the same age by name: the order of equal matches in Gateway API. */
  routes: AttachedRoute[];
  /** A user manages the Gateway, and it owns its proxy. Absent: the StickyWorkloads `generatedFor` need it, and own both together. */
  userManaged?: ServedGateway;
  generatedFor: ServingPlan[];
  /** How its proxies run. */
  parameters: ProxyParameters;
  /** The addresses that it asks for. */
  addresses: StaticAddresses;
};

type Unresolved = Omit<GatewayPlan, 'parameters' | 'addresses'>;

/** What Gateways serve, oldest first, and how their proxies run. */
export type OnGateways = { routes: readonly JudgedRoute[]; parameters: ParametersLookup };

/** Returns a plan for each user-managed Gateway, with or without routes, and for each generated one, by `namespace/name`. */
export function planGateways(
  userManaged: ReadonlyMap<string, ServedGateway>,
  { routes, parameters: lookup }: OnGateways,
): Record<string, GatewayPlan> {
  const plans: Record<string, Unresolved> = {};
  for (const [key, gateway] of userManaged) {
    plans[key] = { gateway: gateway.ref, routes: [], userManaged: gateway, generatedFor: [] };
  }
  for (const judged of routes) generateFor(judged, plans);
  for (const judged of routes) attachRoute(judged, plans);
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

/**
 * Only the routes of StickyWorkloads ask for a Gateway to be generated: those of users refer to it once it exists. It also exists for the
 * older GRPCRoute that has all hosts of the StickyWorkload.
 */
function generateFor({ route, parents }: JudgedRoute, plans: Record<string, Unresolved>): void {
  const { workload } = route.source;
  if (workload === undefined) return;
  for (const verdict of parents) {
    const { gateway } = verdict;
    if (gateway === undefined) continue;
    const plan = (plans[gatewayKey(gateway)] ??= { gateway, routes: [], generatedFor: [] });
    const isGenerated = workload.parents.some((parent) => parent.isGenerated);
    if (isGenerated && plan.userManaged === undefined) plan.generatedFor.push(workload);
  }
}

/** A route may refer to one Gateway several times, with a listener each. */
function attachRoute(judged: JudgedRoute, plans: Readonly<Record<string, Unresolved>>): void {
  for (const verdict of judged.parents) {
    if (verdict.kind === 'refused') continue;
    const routes = plans[gatewayKey(verdict.gateway)]?.routes;
    const known = routes?.at(-1)?.judged === judged ? routes.pop() : undefined;
    routes?.push({ judged, listeners: new Set([...(known?.listeners ?? []), ...verdict.listeners]) });
  }
}

/** Returns how many routes are attached to a listener, by its id. */
export const countAttachedRoutes = ({ routes }: GatewayPlan, listener: string): number =>
  routes.filter(({ listeners }) => listeners.has(listener)).length;

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

/** Returns the certificate that its proxies present to pods. */
export function clientCertificateOf({ userManaged }: GatewayPlan): LoadedCertificate | undefined {
  const resolved = userManaged?.clientCertificate;
  return resolved && 'certificate' in resolved ? resolved.certificate : undefined;
}

/** Returns all certificates that its proxies present. */
export function certificatesOf(plan: GatewayPlan): LoadedCertificate[] {
  const ofListeners = servedListeners(plan).flatMap(({ certificates }) => certificates);
  const client = clientCertificateOf(plan);
  return client === undefined ? ofListeners : [...ofListeners, client];
}

const isServed = ({ problem }: JudgedListener): boolean => problem === undefined;
