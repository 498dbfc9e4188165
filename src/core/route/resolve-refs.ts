/** Resolves the backendRefs of a route: which ports of Services and which XBackends they name, and whether they may refer to them. */
import type { BackendTlsPolicies } from '../backend-tls/judge-policies.ts';
import type { Reason } from '../../api/reasons.ts';
import { gatewayApiGroup } from '../names/names.ts';
import { isPermitted, type Grants } from '../resolve/reference-grants.ts';
import type { Service, ServicePort } from '../snapshot/snapshot.ts';
import type { XBackend } from '../snapshot/x-backend.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { BackendProtocol } from '../../wire/routing-table.ts';
import { readAppProtocol } from './app-protocol.ts';
import type { BackendTarget, PersistenceIR, RouteIR, RouteSource, RuleIR } from './ir.ts';
import { xBackendGroup } from './read-x-backend.ts';
import { resolveXBackend } from './resolve-x-backend.ts';
import type { WorkloadOfService } from './service-workloads.ts';
import type { TrafficPolicies } from './traffic-policies.ts';

export type ResolvedRef = { kind: 'resolved'; backend: ServiceTarget };
export type UnresolvedRef<Reason = RefReason> = { kind: 'unresolved'; reason: Reason; message: string };
export type RefVerdict = ResolvedRef | UnresolvedRef | UnresolvedRef<WorkloadRefReason>;

type RefReason = 'RefNotPermitted' | 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol' | 'UnsupportedValue';

/** Of `spec.route.backends`. The first two and the last one are also reasons of Gateway API. */
export type WorkloadRefReason = Extract<
  Reason,
  'BackendNotFound' | 'RefNotPermitted' | 'BackendNotAccepted' | 'ExternalNameService' | 'UnsupportedProtocol'
>;

/**
 * A port of a Service, or an XBackend. `key`: `namespace/name:port`. `service`: `namespace/name`, or the key of the XBackend. `workload`: the
 * StickyWorkload of its pods. `policy`: sessions by an XBackendTrafficPolicy or by the XBackend. `protocol`: what its pods speak, if it says so.
 */
export type ServiceTarget = {
  key: string;
  service: string;
  port: ServicePort;
  workload?: ServingPlan;
  policy?: PersistenceIR;
  protocol?: BackendProtocol;
};

export type RefLookup = {
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
  /** Likewise; absent: the kind is not installed. */
  xBackends?: ReadonlyMap<string, XBackend>;
  grants: Grants;
  workloadOf: WorkloadOfService;
  policies: TrafficPolicies;
  /** Which pods are reached over TLS. Absent: none. */
  backendTls?: Pick<BackendTlsPolicies, 'find'>;
};

/** Returns a verdict for each reference, by its path in the spec. One that does not resolve does not affect the others. */
export const resolveRefs = (route: RouteIR, lookup: RefLookup): Map<string, RefVerdict> =>
  new Map(targetsOf(route).map((target) => [target.at, resolveTarget(target, route.source, lookup)]));

/** Returns everything that a route refers to. */
export const targetsOf = (route: Pick<RouteIR, 'rules'>): BackendTarget[] =>
  referencesOf(route).map(({ target }) => target);

/** `isCopy`: it receives copies of requests. */
export type Reference = { rule: RuleIR; target: BackendTarget; isCopy: boolean };

export const referencesOf = ({ rules }: Pick<RouteIR, 'rules'>): Reference[] =>
  rules.flatMap((rule) => [
    ...rule.backendRefs.map(({ target }) => ({ rule, target, isCopy: false })),
    ...[...rule.filters, ...rule.backendRefs.flatMap(({ filters }) => filters)].flatMap((filter) =>
      filter.type === 'RequestMirror' ? [{ rule, target: filter.target, isCopy: true }] : [],
    ),
  ]);

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the object exists. */
function resolveTarget(target: BackendTarget, source: RouteSource, lookup: RefLookup): RefVerdict {
  const { at, group, kind, namespace, name } = target;
  const resolve = resolverOf(target, lookup);
  const fail = (reason: RefReason, message: string): UnresolvedRef => ({
    kind: 'unresolved',
    reason,
    message: `${at}: ${message}`,
  });
  if (resolve === undefined) {
    return fail('InvalidKind', `${group === '' ? kind : `${group}/${kind}`} is not supported: refer to a Service.`);
  }
  const referrer = { group: gatewayApiGroup, kind: source.kind, namespace: source.namespace };
  if (!isPermitted(referrer, target, lookup.grants)) {
    return fail(
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} permits an ${source.kind} of namespace ${source.namespace} to refer to ${kind} ${name}: create one there.`,
    );
  }
  const outcome = resolve(target, lookup, source.kind);
  return 'backend' in outcome ? { kind: 'resolved', ...outcome } : fail(outcome.reason, outcome.message);
}

/** What a reference leads to, or why it does not. */
export type RefOutcome = { backend: ServiceTarget } | { reason: RefReason; message: string };

type Resolver = (target: BackendTarget, lookup: RefLookup, kind: RouteSource['kind']) => RefOutcome;

/** Returns undefined for a kind that is not supported, or not installed. */
function resolverOf({ group, kind }: BackendTarget, { xBackends }: RefLookup): Resolver | undefined {
  if (group === '' && kind === 'Service') return resolveService;
  return group === xBackendGroup && kind === 'XBackend' && xBackends !== undefined ? resolveXBackend : undefined;
}

function resolveService(
  { namespace, name, port }: BackendTarget,
  lookup: RefLookup,
  kind: RouteSource['kind'],
): RefOutcome {
  const key = `${namespace}/${name}`;
  const notFound = (message: string): RefOutcome => ({
    reason: 'BackendNotFound',
    message: `Service ${key} ${message}`,
  });
  const service = lookup.services.get(key);
  if (service === undefined) return notFound('does not exist: create it.');
  if (service.isExternalName) return notFound('is of type ExternalName, which has no pods: use another Service.');
  const found = service.ports.find((one) => one.port === port);
  if (found === undefined) return notFound(`has no TCP port ${port}: use another one.`);
  const obstacle = findProtocolObstacle(found, { ...lookup, service: key, kind });
  return obstacle === undefined
    ? { backend: targetOf(service, found, lookup) }
    : { reason: 'UnsupportedProtocol', message: obstacle };
}

function targetOf(service: Service, port: ServicePort, { workloadOf, policies }: RefLookup): ServiceTarget {
  const key = `${service.namespace}/${service.name}`;
  const workload = workloadOf(service);
  const policy = policies.get(key)?.persistence;
  const { speaks } = readAppProtocol(port.appProtocol);
  return {
    key: `${key}:${port.port}`,
    service: key,
    port,
    ...(workload && { workload }),
    ...(policy && { policy }),
    // HTTP/1.1 is what pods get that say nothing.
    ...(speaks === 'HTTP2' && { protocol: speaks }),
  };
}

function findProtocolObstacle(
  { appProtocol, port, name }: ServicePort,
  { service, kind, backendTls }: { service: string; kind: RouteSource['kind'] } & Pick<RefLookup, 'backendTls'>,
): string | undefined {
  const { speaks, needsTls } = readAppProtocol(appProtocol);
  const field = `appProtocol ${appProtocol} of port ${port} of Service ${service}`;
  if (speaks === 'HTTP1' && kind === 'GRPCRoute') {
    return `${field} is HTTP/1.1, and gRPC needs HTTP/2: use kubernetes.io/h2c or grpc there.`;
  }
  if (!needsTls || backendTls?.find(service, name) !== undefined) return undefined;
  return `${field} is a protocol over TLS, and no BackendTLSPolicy says how to use it: create one for the Service.`;
}
