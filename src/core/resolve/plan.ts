/** A StickyWorkload with names, defaults and units resolved. */
import { durationMs } from '../../api/duration.ts';
import type { RouteMatch, StickyWorkloadSpec } from '../../api/spec.ts';
import { proxyKind } from '../../api/holdfastproxy.ts';
import { group, type StickyWorkload } from '../../api/stickyworkload.ts';
import type { DrainLimits } from '../drain/state.ts';
import { backendKey, defaultGateway } from '../names/names.ts';
import { readAppProtocol } from '../route/app-protocol.ts';
import type { ParametersRef } from '../snapshot/snapshot.ts';
import { planLimits, planPersistence } from './plan-persistence.ts';
import { endpointIdentityOf, type EndpointIdentity } from './successor.ts';
import type { BalancingPolicy, Listener, RoutePersistence, SessionLimits } from '../../wire/routing-table.ts';

export type GatewayRef = { namespace: string; name: string };

/** A requested Gateway. `isGenerated`: the spec names none, and Holdfast generates one. */
export type ParentRef = { gateway: GatewayRef; sectionName?: string; isGenerated?: true };

/** What the routing table needs. Every StickyWorkload has one, also a refused one: unsupported fields are ignored here. */
export type ServingPlan = {
  /** `namespace/name`; also the key of the backend. */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  generation: number;
  /** RFC 3339 in UTC, so that text order is time order. */
  createdAt: string;
  /** Empty: it has no route of its own, and users' routes lead to its Service. */
  parents: ParentRef[];
  /** Of the route of its own. */
  routeKind: 'HTTPRoute' | 'GRPCRoute';
  /** The HoldfastProxy for the Gateway that Holdfast generates. */
  parametersRef?: ParametersRef;
  /** drain.timeout: how long a stream may last once its pod terminates. */
  drainTimeoutMs: number;
  target: { kind: 'Deployment' | 'StatefulSet'; name: string };
  /** Absent: the only container port of the target. */
  targetPort?: number | string;
  /** What the pods speak. Absent: HTTP/1.1. */
  protocol?: 'HTTP2';
  hostnames: string[];
  matches: RouteMatch[];
  limits: SessionLimits;
  endpointIdentity: EndpointIdentity;
  persistence: RoutePersistence;
  policy: BalancingPolicy;
  maxSessionsPerEndpoint?: number;
  /** Keys of the StickyWorkloads that share the route; only its own if `route.backends` is not set. */
  backendRefs: { backend: string; weight: number }[];
};

/** The listener of the generated Gateway; its proxy binds port 10080. */
export const defaultListener: Listener = { name: 'http', protocol: 'HTTP', port: 80 };

/** `namespace/name` of a Gateway: the key of its routing table. */
export const gatewayKey = ({ namespace, name }: GatewayRef): string => `${namespace}/${name}`;

/** Returns the supported part of a spec, whether or not the spec is accepted. */
export function planServing({ metadata, spec }: StickyWorkload): ServingPlan {
  const { namespace, name, uid, generation, creationTimestamp } = metadata;
  return {
    key: backendKey(namespace, name),
    namespace,
    name,
    uid,
    generation,
    createdAt: creationTimestamp,
    parents: planParents(namespace, spec.route),
    routeKind: spec.route.kind === 'GRPCRoute' ? 'GRPCRoute' : 'HTTPRoute',
    ...planParameters(namespace, spec.dataplane),
    drainTimeoutMs: durationMs(spec.drain.timeout),
    target: { kind: spec.targetRef.kind, name: spec.targetRef.name },
    ...(spec.service.targetPort !== undefined && { targetPort: spec.service.targetPort }),
    ...(readAppProtocol(spec.service.appProtocol).speaks === 'HTTP2' && { protocol: 'HTTP2' }),
    hostnames: (spec.route.hostnames ?? []).map((hostname) => hostname.toLowerCase()),
    matches: spec.route.matches,
    limits: planLimits(spec.sessionPersistence),
    endpointIdentity: endpointIdentityOf(spec),
    persistence: planPersistence(name, spec.sessionPersistence),
    ...planBalancing(spec.loadBalancing),
    backendRefs: planBackends(metadata, spec.route),
  };
}

function planParents(namespace: string, { kind, parentRefs = [] }: StickyWorkloadSpec['route']): ParentRef[] {
  if (kind === 'None') return [];
  if (parentRefs.length === 0) return [{ gateway: { namespace, name: defaultGateway }, isGenerated: true }];
  return parentRefs.map(({ name, namespace: elsewhere, sectionName }) => ({
    gateway: { namespace: elsewhere ?? namespace, name },
    ...(sectionName !== undefined && { sectionName }),
  }));
}

function planParameters(
  namespace: string,
  { parametersRef }: StickyWorkloadSpec['dataplane'],
): Pick<ServingPlan, 'parametersRef'> {
  if (parametersRef === undefined) return {};
  const { name } = parametersRef;
  return { parametersRef: { field: 'spec.dataplane.parametersRef', group, kind: proxyKind, namespace, name } };
}

function planBalancing({
  policy,
  maxSessionsPerEndpoint,
}: StickyWorkloadSpec['loadBalancing']): Pick<ServingPlan, 'policy' | 'maxSessionsPerEndpoint'> {
  return {
    // ConsistentHash is refused; a workload that was served before the policy was set continues with the default.
    policy: policy === 'ConsistentHash' ? 'LeastSessions' : policy,
    ...(maxSessionsPerEndpoint !== undefined && { maxSessionsPerEndpoint }),
  };
}

function planBackends(
  { namespace, name }: StickyWorkload['metadata'],
  { backends = [] }: StickyWorkloadSpec['route'],
): ServingPlan['backendRefs'] {
  if (backends.length === 0) return [{ backend: backendKey(namespace, name), weight: 1 }];
  return backends.map((ref) => ({ backend: backendKey(ref.namespace ?? namespace, ref.name), weight: ref.weight }));
}

/** Returns the limits of a drain. */
export function drainLimits({ timeout, quietPeriod, shutdownMargin }: StickyWorkloadSpec['drain']): DrainLimits {
  return {
    drainTimeoutMs: durationMs(timeout),
    quietPeriodMs: durationMs(quietPeriod),
    shutdownMarginMs: durationMs(shutdownMargin),
  };
}
