/** A certificate for 127.0.0.1, issued by a CA whose key exists only in this process. */
import { X509Certificate } from 'node:crypto';
import type { ServerCertificate } from '../devcluster/apiserver/server.ts';
import { encodeKey, generateKeys, keyAlgorithm } from '../../src/operator/certificates/x509.ts';
import { x509 } from '../../src/operator/certificates/x509.ts';

const hourMs = 3_600_000;

export async function createLocalCertificate(): Promise<ServerCertificate> {
  const [caKeys, keys] = [await generateKeys(), await generateKeys()];
  const validity = {
    notBefore: new Date(Date.now() - hourMs),
    notAfter: new Date(Date.now() + 24 * hourMs),
    signingAlgorithm: keyAlgorithm,
  };
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=holdfast demo',
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=devcluster',
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const pem = (certificate: { rawData: ArrayBuffer }) =>
    new X509Certificate(Buffer.from(certificate.rawData)).toString();
  return { ca: pem(ca), cert: pem(leaf), key: await encodeKey(keys.privateKey) };
}
