/** The certificate that the proxies of a Gateway present to pods: `spec.tls.backend` of the Gateway (Gateway API, GEP-3155). */
import type { LoadedCertificate } from '../listener/certificate.ts';
import { readCertificate, type SecretLookup } from '../listener/secret-certificate.ts';
import type { Gateway } from '../snapshot/snapshot.ts';

/** Without a certificate pods are reached without one, and those that demand one refuse the connection. */
export type ClientCertificate =
  | { certificate: LoadedCertificate }
  | { reason: 'RefNotPermitted' | 'InvalidClientCertificateRef'; message: string };

/** Returns undefined if the Gateway refers to none. */
export function resolveClientCertificate(
  { namespace, name, clientCertificate }: Gateway,
  lookup: SecretLookup,
): ClientCertificate | undefined {
  if (clientCertificate === undefined) return undefined;
  const from = { kind: 'Gateway' as const, namespace, name };
  const read = readCertificate(clientCertificate, { at: 'spec.tls.backend.clientCertificateRef', from }, lookup);
  if ('certificate' in read) return read;
  const { problem, message } = read;
  return { reason: problem === 'Invalid' ? 'InvalidClientCertificateRef' : problem, message };
}
