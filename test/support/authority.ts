/** A certificate authority for tests, with certificates of servers and clients. */
import { webcrypto } from 'node:crypto';
import { encodeKey, generateKeys, keyAlgorithm, x509 } from '../../src/operator/certificates/x509.ts';

export type Issued = { chain: string; key: string };

export type IssueOptions = {
  hostnames?: readonly string[];
  uris?: readonly string[];
  algorithm?: 'EC' | 'RSA';
  notAfter?: Date;
};

export interface TestAuthority {
  /** What those who trust it trust, in PEM. */
  readonly certPem: string;
  issue(options?: IssueOptions): Promise<Issued>;
  /** An authority below this one. The chains of its certificates contain its own. */
  intermediate(name: string): Promise<TestAuthority>;
}

/** `chain`: the certificates between its own and the root. */
type Signer = { name: string; keys: webcrypto.CryptoKeyPair; chain: string };

const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};
const validity = { notBefore: new Date('2026-01-01'), notAfter: new Date('2036-01-01') };

export async function createAuthority(name = 'test-ca'): Promise<TestAuthority> {
  const signer = { name, keys: await generateKeys(), chain: '' };
  return authorityOf(signer, await certify(signer, name, { publicKey: signer.keys.publicKey, isAuthority: true }));
}

const authorityOf = (signer: Signer, certPem: string): TestAuthority => ({
  certPem,
  async issue({ algorithm = 'EC', hostnames = [], ...options } = {}) {
    const keys = await webcrypto.subtle.generateKey(algorithm === 'EC' ? keyAlgorithm : rsa, true, ['sign', 'verify']);
    const subject = hostnames[0] ?? 'someone';
    const certificate = await certify(signer, subject, { publicKey: keys.publicKey, hostnames, ...options });
    return { chain: certificate + signer.chain, key: await encodeKey(keys.privateKey) };
  },
  async intermediate(name) {
    const keys = await generateKeys();
    const certificate = await certify(signer, name, { publicKey: keys.publicKey, isAuthority: true });
    return authorityOf({ name, keys, chain: certificate + signer.chain }, certificate);
  },
});

type Subject = Omit<IssueOptions, 'algorithm'> & { publicKey: webcrypto.CryptoKey; isAuthority?: true };

async function certify(signer: Signer, name: string, subject: Subject): Promise<string> {
  const { publicKey, hostnames = [], uris = [], notAfter = validity.notAfter, isAuthority = false } = subject;
  const names = [
    ...hostnames.map((value) => ({ type: 'dns', value }) as const),
    ...uris.map((value) => ({ type: 'url', value }) as const),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: `CN=${signer.name}`,
    publicKey,
    signingKey: signer.keys.privateKey,
    signingAlgorithm: keyAlgorithm,
    notBefore: validity.notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(isAuthority, undefined, true),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}
