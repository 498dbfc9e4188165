/** Self-signed server certificates with their keys, in PEM. */
import { webcrypto } from 'node:crypto';
import { encodeKey, keyAlgorithm, x509 } from '../../src/operator/certificates/x509.ts';

export type PemPair = { chain: string; key: string };
export type CertificateOptions = {
  hostnames?: string[];
  algorithm?: 'EC' | 'RSA';
  /** Of an RSA key. */
  bits?: number;
  notBefore?: Date;
  notAfter?: Date;
};

const exponent = new Uint8Array([1, 0, 1]);
const rsa = (modulusLength: number) =>
  ({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: exponent, modulusLength }) as const;

export async function createCertificate(options: CertificateOptions = {}): Promise<PemPair> {
  const { hostnames = ['shop.example'], algorithm = 'EC', bits = 2048 } = options;
  const { notBefore = new Date('2026-01-01'), notAfter = new Date('2036-01-01') } = options;
  const kind = algorithm === 'EC' ? keyAlgorithm : rsa(bits);
  const keys = await webcrypto.subtle.generateKey(kind, true, ['sign', 'verify']);
  const names = hostnames.map((value) => ({ type: 'dns', value }) as const);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${hostnames[0]}`,
    keys,
    notBefore,
    notAfter,
    signingAlgorithm: kind,
    extensions: [new x509.SubjectAlternativeNameExtension(names)],
  });
  return { chain: `${certificate.toString('pem')}\n`, key: await encodeKey(keys.privateKey) };
}
