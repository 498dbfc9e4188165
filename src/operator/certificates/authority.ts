/**
 * Holdfast's own certificate authority. It is created on the first start and stored in a Secret, because sidecars and proxies
 * receive its certificate when their pods are created and trust it for the lifetime of those pods.
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
/** Clocks of nodes differ, so a certificate is valid from shortly before it was issued. */
export const clockSkewMs = 5 * 60_000;

type Ports = {
  reader: Pick<ObjectReader, 'get'>;
  writer: Pick<ObjectWriter, 'create'>;
  namespace: string;
  clock: Clock;
};

/**
 * Returns the authority of the installation, the same for every replica. An unusable Secret is an error and is not replaced:
 * a new authority would disconnect every sidecar that trusts the old one.
 */
export async function loadOrCreateAuthority(kube: Ports): Promise<Authority> {
  const ref = { namespace: kube.namespace, name: authoritySecret };
  const existing = (await kube.reader.get(secrets, ref)) ?? (await createSecret(kube));
  // Undefined: another replica created it first, and that authority is used.
  const secret = existing ?? (await kube.reader.get(secrets, ref));
  if (secret === undefined) {
    throw new AppError(
      'KUBERNETES_CONFLICT',
      `Secret ${ref.namespace}/${ref.name} was created and deleted again during the start`,
      {
        source: 'kubernetes',
        retryable: true,
      },
    );
  }
  return readAuthority(secret, kube.clock.nowMs());
}

/** Creates instead of applying: of two replicas that start at the same time, one must lose. */
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
      // It signs leaf certificates only, no intermediate authority.
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
    if (!certificate.ca) throw new Error('tls.crt is not a CA certificate');
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
    `restart proxies and sticky workloads: their pods trust the old authority, and without the restart they drain until their deadline`;
  return new AppError('CONFIG_INVALID', message, { source: 'kubernetes', retryable: false, cause });
}
