/** The condition ResolvedRefs of a listener: the kinds of routes that it asks for, its certificates, and the authorities of its clients. */
import { holds, lacks, type Verdict } from '../status/dated-conditions.ts';
import type { GatewayListener } from '../snapshot/snapshot.ts';
import { isSupported } from '../resolve/route-kinds.ts';
import type { AuthorityLookup } from './client-certificates.ts';
import type { LoadedCertificate } from './certificate.ts';
import type { ListenerProblem, ListenerSource } from './listener.ts';
import { readCertificate, type SecretLookup } from './secret-certificate.ts';

export type RefLookup = AuthorityLookup & SecretLookup;

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
  const unknown = allowedRoutes.kinds.filter((kind) => !isSupported(kind)).map(({ kind }) => kind);
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
  return refs.map((ref) => {
    const read = readCertificate(ref, { at: 'tls.certificateRefs', from }, lookup);
    if ('certificate' in read) return read;
    return read.problem === 'Invalid' ? invalid(read.message) : { reason: read.problem, message: read.message };
  });
}

const invalid = (message: string): Failure => ({ reason: 'InvalidCertificateRef', message });
