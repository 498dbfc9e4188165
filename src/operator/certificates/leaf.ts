/** The operator's own server certificate: each replica makes its own, in memory, and nobody else ever sees its key. */
import { isIP } from 'node:net';
import { clockSkewMs } from './authority.ts';
import type { Authority } from './authority.ts';
import { encodeKey, generateKeys, keyAlgorithm } from './pem.ts';
import { x509 } from './x509.ts';

export type Leaf = { certPem: string; keyPem: string; expiresAtMs: number; renewAtMs: number };

const lifetimeMs = 30 * 86_400_000;

/** `names`: the DNS names and addresses under which this server is dialled. */
export async function issueLeaf(authority: Authority, names: string[], nowMs: number): Promise<Leaf> {
  const keys = await generateKeys();
  const expiresAtMs = nowMs + lifetimeMs;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: 'CN=holdfast-operator',
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: authority.signingKey,
    notBefore: new Date(nowMs - clockSkewMs),
    notAfter: new Date(expiresAtMs),
    signingAlgorithm: keyAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
      ),
      new x509.AuthorityKeyIdentifierExtension(authority.keyId),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: await encodeKey(keys.privateKey),
    expiresAtMs,
    renewAtMs: nowMs + (lifetimeMs * 2) / 3,
  };
}
