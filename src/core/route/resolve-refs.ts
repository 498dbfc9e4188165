/** Resolves the backendRefs of a route: which Service ports they name, and whether they may refer to them. */
import type { BackendTlsPolicies } from '../backend-tls/judge-policies.ts';
import { gatewayApiGroup } from '../names/names.ts';
import { isPermitted, type Grants } from '../resolve/reference-grants.ts';
import type { Service, ServicePort } from '../snapshot/snapshot.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { BackendTarget, PersistenceIR, RouteIR, RouteSource, RuleIR } from './ir.ts';
import type { WorkloadOfService } from './service-workloads.ts';
import type { TrafficPolicies } from './traffic-policies.ts';

export type ResolvedRef = { kind: 'resolved'; backend: ServiceTarget };
export type UnresolvedRef = { kind: 'unresolved'; reason: RefReason; message: string };
export type RefVerdict = ResolvedRef | UnresolvedRef;

type RefReason = 'RefNotPermitted' | 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol';

/** A port of a Service. `key`: `namespace/name:port`. `service`: `namespace/name`. `workload`: the StickyWorkload of its pods. `policy`: sessions by an XBackendTrafficPolicy. */
export type ServiceTarget = {
  key: string;
  service: string;
  port: ServicePort;
  workload?: ServingPlan;
  policy?: PersistenceIR;
};

export type RefLookup = {
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
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

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the Service exists. */
function resolveTarget(target: BackendTarget, source: RouteSource, lookup: RefLookup): RefVerdict {
  const { services, grants, workloadOf, policies, backendTls } = lookup;
  const { at, group, kind, namespace, name, port } = target;
  const fail = (reason: RefReason, message: string): UnresolvedRef => ({
    kind: 'unresolved',
    reason,
    message: `${at}: ${message}`,
  });
  if (group !== '' || kind !== 'Service') {
    return fail('InvalidKind', `${group === '' ? kind : `${group}/${kind}`} is not supported: refer to a Service.`);
  }
  const referrer = { group: gatewayApiGroup, kind: source.kind, namespace: source.namespace };
  if (!isPermitted(referrer, target, grants)) {
    return fail(
      'RefNotPermitted',
      `no ReferenceGrant in namespace ${namespace} permits an ${source.kind} of namespace ${source.namespace} to refer to Service ${name}: create one there.`,
    );
  }
  const key = `${namespace}/${name}`;
  const service = services.get(key);
  if (service === undefined) return fail('BackendNotFound', `Service ${key} does not exist: create it.`);
  if (service.isExternalName) {
    return fail('BackendNotFound', `Service ${key} is of type ExternalName, which has no pods: use another Service.`);
  }
  const found = service.ports.find((one) => one.port === port);
  if (found === undefined) return fail('BackendNotFound', `Service ${key} has no TCP port ${port}: use another one.`);
  if (!speaksHttp1(found, key, backendTls)) {
    return fail(
      'UnsupportedProtocol',
      `appProtocol ${found.appProtocol} of port ${port} of Service ${key} is not supported: pods receive HTTP/1.1, over TLS only with a BackendTLSPolicy.`,
    );
  }
  const workload = workloadOf(service);
  const policy = policies.get(key)?.persistence;
  return {
    kind: 'resolved',
    backend: {
      key: `${key}:${found.port}`,
      service: key,
      port: found,
      ...(workload && { workload }),
      ...(policy && { policy }),
    },
  };
}

/** Others are names of an organization or of IANA that say nothing against HTTP/1.1 (GEP-1911). */
const otherProtocols: ReadonlySet<string> = new Set([
  'kubernetes.io/h2c',
  'kubernetes.io/wss',
  'https',
  'grpc',
  'grpcs',
  'h2c',
  'http2',
]);
/** HTTP/1.1 over TLS. */
const tlsProtocols: ReadonlySet<string> = new Set(['https', 'kubernetes.io/wss']);

function speaksHttp1(port: ServicePort, service: string, backendTls: RefLookup['backendTls']): boolean {
  const protocol = (port.appProtocol ?? 'http').toLowerCase();
  if (!otherProtocols.has(protocol)) return true;
  return tlsProtocols.has(protocol) && backendTls?.find(service, port.name) !== undefined;
}
