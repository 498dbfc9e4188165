/** Certificates of HTTPS listeners, from Secrets of type kubernetes.io/tls. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { isRecord } from '../../platform/record.ts';
import type { TlsSecret } from '../snapshot/snapshot.ts';

/** `name`: `namespace/name` of its Secret. `hostnames`: its DNS names, in lower case. */
export type LoadedCertificate = {
  name: string;
  chain: string;
  key: string;
  hostnames: string[];
  notBeforeMs: number;
  notAfterMs: number;
};

export type CertificateVerdict = { certificate: LoadedCertificate } | { problem: string };

/** A Secret that is unchanged is the same object, and parsing an RSA key takes a millisecond. */
const known = new WeakMap<TlsSecret, CertificateVerdict>();

/** Returns the certificate of a Secret, or why a proxy could not present it. Neither quotes the Secret's content. */
export function loadCertificate(secret: TlsSecret): CertificateVerdict {
  const verdict = known.get(secret) ?? parse(secret);
  known.set(secret, verdict);
  return verdict;
}

/** Returns the time until the validity of one of the certificates begins or ends; undefined if all have expired. */
export function untilNextDateMs(certificates: readonly LoadedCertificate[], nowMs: number): number | undefined {
  const dates = certificates.flatMap(({ notBeforeMs, notAfterMs }) => [notBeforeMs, notAfterMs + 1]);
  const ahead = dates.map((date) => date - nowMs).filter((ms) => ms > 0);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

// Browsers stop at about 100 KiB of certificates, and a Secret may hold 1 MiB, which each handshake would send.
const longestChain = 64 * 1024;

function parse({ namespace, name, chain, key }: TlsSecret): CertificateVerdict {
  if (chain.length > longestChain) return { problem: `tls.crt is longer than ${longestChain / 1024} KiB` };
  const certificate = attempt(() => new X509Certificate(chain));
  if (certificate === undefined) return { problem: 'tls.crt does not begin with a certificate in PEM' };
  const privateKey = attempt(() => createPrivateKey(key));
  if (privateKey === undefined) return { problem: 'tls.key is not a private key in PEM without a passphrase' };
  const problem = findMismatch(certificate, privateKey) ?? findRefusal(chain, key);
  if (problem !== undefined) return { problem };
  return {
    certificate: {
      name: `${namespace}/${name}`,
      chain,
      key,
      hostnames: dnsNames(certificate),
      notBeforeMs: certificate.validFromDate.getTime(),
      notAfterMs: certificate.validToDate.getTime(),
    },
  };
}

const findMismatch = (certificate: X509Certificate, key: KeyObject): string | undefined =>
  certificate.checkPrivateKey(key) ? undefined : 'tls.key is not the key of the first certificate in tls.crt';

/** Returns what OpenSSL objects to, such as an RSA key of 1024 bits or a broken intermediate certificate, by the code of the error. */
function findRefusal(chain: string, key: string): string | undefined {
  try {
    createSecureContext({ cert: chain, key });
    return undefined;
  } catch (error) {
    const code = isRecord(error) && typeof error['code'] === 'string' ? error['code'] : 'unknown error';
    return `OpenSSL refuses it (${code})`;
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const dnsNames = ({ subjectAltName = '' }: X509Certificate): string[] =>
  subjectAltName
    .split(', ')
    .flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice('DNS:'.length).toLowerCase()] : []));
