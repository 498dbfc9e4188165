/**
 * Holdfast's own certificate authority. It is made on the first start and kept in a Secret, because sidecars and proxies
 * are given its certificate when their pods are created and trust it for as long as those pods live.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { webcrypto } from 'node:crypto';
import { labels, managedByValue } from '../../core/names/names.ts';
import type { KubeObject, ObjectReader, ObjectWriter } from '../../kube/ports.ts';
import { secrets } from '../../kube/resources.ts';
import type { Clock } from '../../platform/clock.ts';
import { AppError } from '../../platform/errors.ts';
import { decodeKey, encodeKey, generateKeys, keyAlgorithm, x509 } from './x509.ts';

const authoritySecret = 'holdfast-ca';

/** `certPem` is what clients trust: HOLDFAST_CA, and base64 of it the webhook's caBundle. */
export type Authority = { certPem: string; subject: string; keyId: string; signingKey: webcrypto.CryptoKey };

const dayMs = 86_400_000;
const lifetimeMs = 3650 * dayMs;
/** Clocks of nodes differ: a certificate is valid a little before it was made. */
export const clockSkewMs = 5 * 60_000;

type Ports = {
  reader: Pick<ObjectReader, 'get'>;
  writer: Pick<ObjectWriter, 'create'>;
  namespace: string;
  clock: Clock;
};

/**
 * The authority of the installation, the same for every replica. A Secret that cannot be used is an error and is left as it
 * is: a new authority in its place would cut off every sidecar that trusts the old one.
 */
export async function loadOrCreateAuthority(kube: Ports): Promise<Authority> {
  const ref = { namespace: kube.namespace, name: authoritySecret };
  const existing = (await kube.reader.get(secrets, ref)) ?? (await createSecret(kube));
  // Undefined: another replica was faster. Its authority is the one.
  const secret = existing ?? (await kube.reader.get(secrets, ref));
  if (secret === undefined) {
    throw new AppError('KUBERNETES_CONFLICT', `Secret ${ref.namespace}/${ref.name} appeared and vanished again`, {
      source: 'kubernetes',
      retryable: true,
    });
  }
  return readAuthority(secret, kube.clock.nowMs());
}

/** Creates, never applies: of two replicas that start at the same time one must lose. */
async function createSecret({ writer, namespace, clock }: Ports): Promise<KubeObject | undefined> {
  try {
    return await writer.create(secrets, await renderSecret(namespace, clock.nowMs()));
  } catch (error) {
    if (error instanceof AppError && error.code === 'KUBERNETES_CONFLICT') return undefined;
    throw error;
  }
}

async function renderSecret(namespace: string, nowMs: number): Promise<KubeObject> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=holdfast-ca',
    keys,
    notBefore: new Date(nowMs - clockSkewMs),
    notAfter: new Date(nowMs + lifetimeMs),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      // It signs leaves only, no further authority.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name: authoritySecret,
      labels: { [labels.managedBy]: managedByValue, [labels.partOf]: 'holdfast' },
    },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': base64(`${certificate.toString('pem')}\n`),
      'tls.key': base64(await encodeKey(keys.privateKey)),
    },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function readAuthority(secret: KubeObject, nowMs: number): Promise<Authority> {
  try {
    const certPem = dataOf(secret, 'tls.crt');
    const keyPem = dataOf(secret, 'tls.key');
    const certificate = new X509Certificate(certPem);
    if (!certificate.ca) throw new Error('tls.crt is not the certificate of an authority');
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) throw new Error('tls.key does not belong to tls.crt');
    if (certificate.validToDate.getTime() <= nowMs) {
      throw new Error(`tls.crt expired on ${certificate.validToDate.toISOString()}`);
    }
    const parsed = new x509.X509Certificate(certPem);
    const keyId = await x509.SubjectKeyIdentifierExtension.create(parsed.publicKey);
    return { certPem, subject: parsed.subject, keyId: keyId.keyId, signingKey: await decodeKey(keyPem) };
  } catch (cause) {
    throw unusable(secret, cause);
  }
}

function dataOf(secret: KubeObject, key: string): string {
  const data = secret['data'];
  const value: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, key) : undefined;
  if (typeof value !== 'string' || value === '') throw new Error(`${key} is missing`);
  return Buffer.from(value, 'base64').toString('utf8');
}

function unusable({ metadata }: KubeObject, cause: unknown): AppError {
  const name = `${metadata.namespace}/${metadata.name}`;
  const message =
    `Secret ${name} holds no usable certificate authority. Restore it from a backup; or delete it, restart the operator, and ` +
    `restart proxies and sticky workloads, whose pods trust the old authority and hold until their drain deadline without it`;
  return new AppError('CONFIG_INVALID', message, { source: 'kubernetes', retryable: false, cause });
}
