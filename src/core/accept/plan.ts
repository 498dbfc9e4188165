/** What a StickyWorkload comes to once names, defaults and units are resolved. */
import { durationMs } from '../../api/duration.ts';
import type { RouteMatch, StickyWorkloadSpec } from '../../api/spec.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import type { DrainLimits } from '../drain/gate.ts';
import { backendKey, defaultCookieName, defaultGateway } from '../names/names.ts';
import type { Listener, Persistence } from '../table/routing-table.ts';

export type GatewayRef = { namespace: string; name: string };

/** What the routing table needs. Every StickyWorkload has one, a refused one too: fields that are not carried out are passed over. */
export type ServingPlan = {
  /** `namespace/name`; also the key of the backend. */
  key: string;
  namespace: string;
  name: string;
  uid: string;
  /** RFC 3339 in UTC, so that text order is time order. */
  createdAt: string;
  gateway: GatewayRef;
  proxyReplicas: number;
  target: { kind: 'Deployment' | 'StatefulSet'; name: string };
  /** Absent: the only container port of the target. */
  targetPort?: number | string;
  hostnames: string[];
  matches: RouteMatch[];
  persistence: Persistence;
};

/** What the owned objects need besides: only an accepted StickyWorkload has it. */
export type WorkloadPlan = ServingPlan & {
  targetPort: number | string;
  servicePort: number;
  appProtocol: string;
  /** Of the pods, as a Service takes it. */
  selector: Record<string, string>;
  drain: DrainLimits;
};

/** One Gateway and the StickyWorkloads it serves, oldest first, at least one. Together they own the Gateway and its proxy. */
export type GatewayPlan = { gateway: GatewayRef; plans: ServingPlan[] };

/** The listener of the Gateway that Holdfast makes; its proxy binds `containerPort(80)`. */
export const defaultListener: Listener = { name: 'http', protocol: 'HTTP', port: 80 };

/** `namespace/name` of a Gateway: the key of its routing table. */
export const gatewayKey = ({ namespace, name }: GatewayRef): string => `${namespace}/${name}`;

/** The supported part of a spec; it exists whether or not the spec is accepted. */
export function planServing({ metadata, spec }: StickyWorkload): ServingPlan {
  const { namespace, name, uid, creationTimestamp } = metadata;
  return {
    key: backendKey(namespace, name),
    namespace,
    name,
    uid,
    createdAt: creationTimestamp,
    gateway: { namespace, name: defaultGateway },
    proxyReplicas: spec.dataplane.replicas,
    target: { kind: spec.targetRef.kind, name: spec.targetRef.name },
    ...(spec.service.targetPort !== undefined && { targetPort: spec.service.targetPort }),
    hostnames: (spec.route.hostnames ?? []).map((hostname) => hostname.toLowerCase()),
    matches: spec.route.matches,
    persistence: planPersistence(name, spec.sessionPersistence),
  };
}

function planPersistence(workload: string, { cookie, idleTimeout, absoluteTimeout }: StickyWorkloadSpec['sessionPersistence']): Persistence {
  return {
    cookieName: cookie?.name ?? defaultCookieName(workload),
    cookiePath: cookie?.path ?? '/',
    idleTimeoutMs: durationMs(idleTimeout),
    ...(absoluteTimeout !== undefined && { absoluteTimeoutMs: durationMs(absoluteTimeout) }),
  };
}

/** Limits of a drain, from a spec. */
export function drainLimits({ timeout, quietPeriod, shutdownMargin }: StickyWorkloadSpec['drain']): DrainLimits {
  return { drainTimeoutMs: durationMs(timeout), quietPeriodMs: durationMs(quietPeriod), shutdownMarginMs: durationMs(shutdownMargin) };
}
