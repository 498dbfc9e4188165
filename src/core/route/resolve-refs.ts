/** Resolves the backendRefs of a route: which Service ports they name, and whether they may refer to them. */
import { gatewayApiGroup } from '../names/names.ts';
import { isPermitted, type Grants } from '../resolve/reference-grants.ts';
import type { Service, ServicePort } from '../snapshot/snapshot.ts';
import type { BackendTarget, RouteIR, RouteSource } from './ir.ts';

export type ResolvedRef = { kind: 'resolved'; backend: PlainTarget };
export type UnresolvedRef = { kind: 'unresolved'; reason: RefReason; message: string };
export type RefVerdict = ResolvedRef | UnresolvedRef;

type RefReason = 'RefNotPermitted' | 'InvalidKind' | 'BackendNotFound' | 'UnsupportedProtocol';

/** A port of a Service. `key`: that of its backend, `namespace/name:port`. `service`: `namespace/name`. */
export type PlainTarget = { key: string; service: string; portName: string };

export type RefLookup = {
  /** By `namespace/name`. */
  services: ReadonlyMap<string, Service>;
  grants: Grants;
};

/** Returns a verdict for each reference, by its path in the spec. One that does not resolve does not affect the others. */
export function resolveRefs({ source, rules }: RouteIR, lookup: RefLookup): Map<string, RefVerdict> {
  const targets = rules.flatMap(({ backendRefs, filters }) => [
    ...backendRefs.flatMap(({ target, filters: own }) => [target, ...mirrorsOf(own)]),
    ...mirrorsOf(filters),
  ]);
  return new Map(targets.map((target) => [target.at, resolveTarget(target, source, lookup)]));
}

const mirrorsOf = (filters: RouteIR['rules'][number]['filters']): BackendTarget[] =>
  filters.flatMap((filter) => (filter.type === 'RequestMirror' ? [filter.target] : []));

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the Service exists. */
function resolveTarget(target: BackendTarget, source: RouteSource, { services, grants }: RefLookup): RefVerdict {
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
  if (!speaksHttp1(found)) {
    return fail(
      'UnsupportedProtocol',
      `appProtocol ${found.appProtocol} of port ${port} of Service ${key} is not supported: pods receive HTTP/1.1 without TLS.`,
    );
  }
  return { kind: 'resolved', backend: { key: `${key}:${found.port}`, service: key, portName: found.name } };
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
const speaksHttp1 = ({ appProtocol = 'http' }: ServicePort): boolean => !otherProtocols.has(appProtocol.toLowerCase());
