/** The operator's server certificate: each replica issues its own, keeps its key in memory only, and replaces it before it expires. */
import type { Server } from 'node:https';
import { isIP } from 'node:net';
import type { Clock } from '../../platform/clock.ts';
import { clockSkewMs, type Authority } from './authority.ts';
import { encodeKey, generateKeys, keyAlgorithm, x509 } from './x509.ts';

export type Leaf = { certPem: string; keyPem: string; expiresAtMs: number; renewAtMs: number };

const lifetimeMs = 30 * 86_400_000;

/** `names`: the DNS names and addresses by which clients connect to this server. */
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

export type Rotation = {
  authority: Authority;
  /** The DNS names and addresses of the operator's servers. */
  names: string[];
  clock: Clock;
  /** Called with the first leaf and with each renewed one. */
  install: (leaf: Leaf) => void;
  /** A renewal failed. It is retried after a minute; the current leaf remains valid for another ten days. */
  failed: (error: unknown) => void;
};

const retryMs = 60_000;

/** Resolves when the first leaf is installed, with a function that stops the rotation. */
export async function rotateLeaf(rotation: Rotation): Promise<() => void> {
  const { clock } = rotation;
  let stopped = false;
  let cancel = () => {};
  const renew = async () => {
    const leaf = await issueLeaf(rotation.authority, rotation.names, clock.nowMs());
    if (stopped) return;
    rotation.install(leaf);
    // 20 days: below the 24.8 days that a 32-bit timer can wait.
    schedule(leaf.renewAtMs - clock.nowMs());
  };
  const schedule = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      renew().catch((error: unknown) => {
        rotation.failed(error);
        schedule(retryMs);
      });
    });
  };
  await renew();
  return () => {
    stopped = true;
    cancel();
  };
}

/** New connections use the new leaf; open connections keep the one they started with. */
export const installLeaf = (server: Server, { certPem, keyPem }: Leaf): void =>
  server.setSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
