/** The condition ResolvedRefs of a listener: the kinds of routes that it asks for, its certificates, and the authorities of its clients. */
import { holds, lacks, type Verdict } from '../status/dated-conditions.ts';
import type { CertificateRef, GatewayListener, TlsSecret } from '../snapshot/snapshot.ts';
import { isPermitted } from '../resolve/reference-grants.ts';
import { isHttpRoute } from '../resolve/route-kinds.ts';
import type { AuthorityLookup } from './client-certificates.ts';
import { loadCertificate, type LoadedCertificate } from './certificate.ts';
import type { ListenerProblem, ListenerSource } from './listener.ts';

export type RefLookup = AuthorityLookup & {
  /** Secrets of type kubernetes.io/tls by `namespace/name`; absent if they cannot be read. */
  secrets?: ReadonlyMap<string, TlsSecret>;
};

/** `problem`: what keeps the listener from being served. */
export type ResolvedRefs = {
  verdict: Verdict;
  certificates: LoadedCertificate[];
  problem?: Omit<ListenerProblem, 'about'>;
};

/**
 * With several certificates the valid ones are presented although the condition is False, as Gateway API leaves open: a second
 * certificate that is broken must not cut off the clients of the first. `ofClients`: references to authorities that do not resolve.
 */
export function resolveRefs(
  listener: GatewayListener,
  from: ListenerSource,
  lookup: RefLookup,
  ofClients: readonly Failure[] = [],
): ResolvedRefs {
  const resolved = listener.protocol === 'HTTPS' ? resolveCertificates(listener, from, lookup) : [];
  const certificates = resolved.flatMap((one) => ('certificate' in one ? [one.certificate] : []));
  const broken = joined(resolved.flatMap((one) => ('reason' in one ? [one] : [])));
  const verdict = judge(listener, joined([...(broken ? [broken] : []), ...ofClients]));
  const isLost = listener.protocol === 'HTTPS' && certificates.length === 0;
  return { verdict, certificates, ...(isLost && broken && { problem: broken }) };
}

/** The reason of the first, and the messages of all. */
const joined = ([first, ...others]: readonly Failure[]): Failure | undefined =>
  first && { reason: first.reason, message: [first, ...others].map(({ message }) => message).join(' ') };

function judge({ allowedRoutes, protocol }: GatewayListener, failed: ResolvedRefs['problem']): Verdict {
  if (failed !== undefined) return lacks('ResolvedRefs', failed.reason, failed.message);
  const unknown = allowedRoutes.kinds.filter((kind) => !isHttpRoute(kind)).map(({ kind }) => kind);
  if (unknown.length > 0) {
    const message = `Routes of kind ${unknown.join(', ')} are not supported by this version.`;
    return lacks('ResolvedRefs', 'InvalidRouteKinds', message);
  }
  const message = protocol === 'HTTPS' ? 'The certificates are valid.' : 'The listener has no references to resolve.';
  return holds('ResolvedRefs', 'ResolvedRefs', message);
}

type Failure = NonNullable<ResolvedRefs['problem']>;

function resolveCertificates(
  { tls }: GatewayListener,
  from: ListenerSource,
  lookup: RefLookup,
): ({ certificate: LoadedCertificate } | Failure)[] {
  const refs = tls?.certificateRefs ?? [];
  if (refs.length === 0) return [invalid('tls.certificateRefs is empty: name a Secret of type kubernetes.io/tls.')];
  return refs.map((ref) => resolveCertificate(ref, from, lookup));
}

const invalid = (message: string): Failure => ({ reason: 'InvalidCertificateRef', message });

/** The ReferenceGrant is checked first: without permission, a message must not reveal whether the Secret exists. */
function resolveCertificate(
  ref: CertificateRef,
  from: ListenerSource,
  { grants, secrets }: RefLookup,
): { certificate: LoadedCertificate } | Failure {
  const { group, kind, namespace, name } = ref;
  const key = `${namespace}/${name}`;
  if (group !== '' || kind !== 'Secret') {
    return invalid(`tls.certificateRefs: ${kind}${group && `.${group}`} ${name} is not supported: use a Secret.`);
  }
  const referrer = { group: 'gateway.networking.k8s.io', kind: from.kind, namespace: from.namespace };
  if (!isPermitted(referrer, ref, grants)) {
    const message =
      `tls.certificateRefs: no ReferenceGrant in namespace ${namespace} permits ${from.kind}s of namespace ${from.namespace} ` +
      `to refer to Secret ${name}: create one there.`;
    return { reason: 'RefNotPermitted', message };
  }
  if (secrets === undefined) {
    return invalid(`tls.certificateRefs: the operator cannot read Secret ${key}: grant it list and watch on Secrets.`);
  }
  const secret = secrets.get(key);
  if (secret === undefined) {
    return invalid(`tls.certificateRefs: Secret ${key} of type kubernetes.io/tls does not exist: create it.`);
  }
  const loaded = loadCertificate(secret);
  if ('certificate' in loaded) return loaded;
  return invalid(`tls.certificateRefs: Secret ${key}: ${loaded.problem}: replace the certificate and its key.`);
}
