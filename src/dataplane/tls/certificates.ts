/** The certificates of a routing table, ready for handshakes. */
import { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { Certificate, RoutingTable } from '../../wire/routing-table.ts';
import { serverContext } from './secure-context.ts';

export type LoadedCertificate = {
  readonly source: Certificate;
  readonly leaf: X509Certificate;
  /** `rsa`, `ec`: a listener may have one certificate of each for the same name. */
  readonly keyType: string;
  /** With this certificate alone. */
  readonly context: SecureContext;
};

export type LoadedCertificates = ReadonlyMap<string, LoadedCertificate>;

/**
 * Those that are the same objects as before are not loaded again. One that cannot be used is left out and logged, without its content: its
 * key is a secret.
 */
export function loadCertificates(
  certificates: NonNullable<RoutingTable['certificates']>,
  before: LoadedCertificates,
  log: Pick<Logger, 'error'>,
): LoadedCertificates {
  const loaded = new Map<string, LoadedCertificate>();
  for (const [name, source] of Object.entries(certificates)) {
    const known = before.get(name);
    const certificate = known?.source === source ? known : load(name, source, log);
    if (certificate !== undefined) loaded.set(name, certificate);
  }
  return loaded;
}

function load(name: string, source: Certificate, log: Pick<Logger, 'error'>): LoadedCertificate | undefined {
  try {
    const leaf = new X509Certificate(source.chain);
    const keyType = leaf.publicKey.asymmetricKeyType ?? '';
    return { source, leaf, keyType, context: serverContext([source]) };
  } catch (error) {
    log.error({ certificate: name, error: describeError(error) }, 'certificate cannot be used');
    return undefined;
  }
}
