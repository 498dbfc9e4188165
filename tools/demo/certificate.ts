/** A CA and a server certificate that it has issued, for the demo's API server and for tests with real TLS. The key of the CA is not kept. */
import { X509Certificate } from 'node:crypto';
import { encodeKey, generateKeys, keyAlgorithm, x509 } from '../../src/operator/certificates/x509.ts';

/** PEM. */
export type Certificates = { caPem: string; certPem: string; keyPem: string };

const hourMs = 3_600_000;

/** `names`, `addresses`: the subject alternative names of the server certificate. */
export async function createCertificates({
  names = [],
  addresses = [],
}: {
  names?: readonly string[];
  addresses?: readonly string[];
}): Promise<Certificates> {
  const [caKeys, keys] = [await generateKeys(), await generateKeys()];
  const validity = {
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + 24 * hourMs),
    signingAlgorithm: keyAlgorithm,
  };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    // Unique: a client that trusts two authorities of one name may verify with the wrong key.
    name: `CN=local CA ${crypto.randomUUID()}`,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=local server',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        ...names.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  const pem = (certificate: { rawData: ArrayBuffer }) =>
    new X509Certificate(Buffer.from(certificate.rawData)).toString();
  return { caPem: pem(ca), certPem: pem(leaf), keyPem: await encodeKey(keys.privateKey) };
}
