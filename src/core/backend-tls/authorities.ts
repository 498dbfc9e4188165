/** The certificates that a BackendTLSPolicy trusts. */
import { X509Certificate } from 'node:crypto';
import type { BackendTlsPolicy, CaBundle } from '../snapshot/backend-tls.ts';

export type AuthorityProblem = { reason: 'InvalidCACertificateRef' | 'InvalidKind'; message: string };

/** `pem`: undefined if no reference has a certificate. */
export type Authorities = { pem: string | undefined; problems: AuthorityProblem[] };

/** By `namespace/name`. */
export type CaBundles = ReadonlyMap<string, CaBundle>;

export function readAuthorities({ namespace, authorities }: BackendTlsPolicy, bundles: CaBundles): Authorities {
  const read = authorities.map(({ group, kind, name }, index) => {
    const at = `spec.validation.caCertificateRefs[${index}]`;
    if (group !== '' || kind !== 'ConfigMap') {
      const message = `${at}: ${group === '' ? kind : `${group}/${kind}`} is not supported: refer to a ConfigMap.`;
      return { problem: { reason: 'InvalidKind', message } as const };
    }
    return readBundle(`${namespace}/${name}`, at, bundles);
  });
  const pem = read.flatMap((one) => ('pem' in one ? [one.pem] : []));
  return {
    pem: pem.length === 0 ? undefined : pem.join('\n'),
    problems: read.flatMap((one) => ('problem' in one ? [one.problem] : [])),
  };
}

/** `key`: `namespace/name` of the ConfigMap. `at`: the field that refers to it. */
export function readBundle(
  key: string,
  at: string,
  bundles: CaBundles,
): { pem: string } | { problem: { reason: 'InvalidCACertificateRef'; message: string } } {
  const bundle = bundles.get(key);
  const fail = (message: string) => ({
    problem: { reason: 'InvalidCACertificateRef', message: `${at}: ConfigMap ${key} ${message}` } as const,
  });
  if (bundle === undefined) return fail('does not exist: create it.');
  const { pem } = bundle;
  if (pem === undefined) return fail('has no key ca.crt: add the certificate of the authority there.');
  return hasCertificates(bundle, pem)
    ? { pem }
    : fail('has no valid certificate in PEM in its key ca.crt: correct it.');
}

/** An unchanged ConfigMap is the same object. */
const known = new WeakMap<CaBundle, boolean>();

function hasCertificates(bundle: CaBundle, pem: string): boolean {
  const verdict = known.get(bundle) ?? areCertificates(pem);
  known.set(bundle, verdict);
  return verdict;
}

function areCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  return blocks.length > 0 && blocks.every(isCertificate);
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).raw.length > 0;
  } catch {
    return false;
  }
}
