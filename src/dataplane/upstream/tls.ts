/** TLS towards pods: whom the proxy trusts, and whose certificate it accepts. */
import { X509Certificate } from 'node:crypto';
import tls, { createSecureContext, type ConnectionOptions, type PeerCertificate, type SecureContext } from 'node:tls';
import type { BackendProtocol, BackendTls, Certificate, SubjectAltName } from '../../wire/routing-table.ts';

type TlsOptions = Pick<
  ConnectionOptions,
  'servername' | 'secureContext' | 'ALPNProtocols' | 'checkServerIdentity' | 'rejectUnauthorized'
>;

/** A context has the certificates of all authorities that it trusts: it is made once for each setting, not for each connection. */
const known = new WeakMap<BackendTls, { towards: Towards; options: TlsOptions }>();

/** `certificate`: what the proxy presents if the endpoint asks for it. */
export type Towards = { certificate: Certificate | undefined; protocol: BackendProtocol };

export function tlsOptionsOf(settings: BackendTls, towards: Towards): TlsOptions {
  const last = known.get(settings);
  const isSame = last?.towards.certificate === towards.certificate && last?.towards.protocol === towards.protocol;
  if (last !== undefined && isSame) return last.options;
  const options = createOptions(settings, towards);
  known.set(settings, { towards, options });
  return options;
}

const createOptions = (settings: BackendTls, { certificate, protocol }: Towards): TlsOptions => ({
  servername: settings.serverName,
  secureContext: clientContext(settings, certificate),
  ALPNProtocols: [protocol === 'HTTP2' ? 'h2' : 'http/1.1'],
  // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
  rejectUnauthorized: true,
  checkServerIdentity: (_host, certificate) => findMismatch(certificate, settings),
});

const clientContext = ({ authorities }: BackendTls, certificate: Certificate | undefined): SecureContext =>
  createSecureContext({
    minVersion: 'TLSv1.2',
    ...(authorities !== undefined && { ca: authorities }),
    ...(certificate && { cert: certificate.chain, key: certificate.key }),
  });

/** Gateway API, BackendTLSPolicy: with subjectAltNames, the server name is for the choice of a certificate only. */
function findMismatch(certificate: PeerCertificate, { serverName, subjectAltNames }: BackendTls): Error | undefined {
  if (subjectAltNames === undefined) return tls.checkServerIdentity(serverName, certificate);
  const { subjectAltName = '' } = new X509Certificate(certificate.raw);
  const names = readNames(subjectAltName);
  if (subjectAltNames.some((wanted) => names.some((name) => isMatch(wanted, name)))) return undefined;
  return Object.assign(new Error('no wanted subject alternative name'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

/** `DNS:a.example, URI:spiffe://a/b`. Node quotes what has commas or quotation marks, as JSON. */
function readNames(text: string): SubjectAltName[] {
  const names: SubjectAltName[] = [];
  for (const [, type, quoted, plain = ''] of text.matchAll(/(?:^|, )(\w[\w ]*):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g)) {
    const value = quoted === undefined ? plain : String(JSON.parse(quoted));
    if (type === 'DNS') names.push({ type: 'Hostname', value: value.toLowerCase() });
    if (type === 'URI') names.push({ type: 'URI', value });
  }
  return names;
}

/** A certificate's `*.example` has one label for the asterisk (RFC 6125, section 6.4.3). */
function isMatch(wanted: SubjectAltName, name: SubjectAltName): boolean {
  if (wanted.type !== name.type) return false;
  if (wanted.value === name.value) return true;
  const dot = wanted.value.indexOf('.');
  return (
    wanted.type === 'Hostname' &&
    name.value.startsWith('*.') &&
    dot > 0 &&
    name.value.slice(1) === wanted.value.slice(dot)
  );
}

/**
 * `Untrusted`: no authority that is trusted has signed the certificate. `WrongName`: it has another name. `Expired`: or it is not valid yet.
 * `Handshake`: the endpoint does not speak TLS, or no version or cipher that the proxy does, or does not reply in time.
 */
export const tlsFailures = ['Untrusted', 'WrongName', 'Expired', 'Handshake'] as const;
export type TlsFailure = (typeof tlsFailures)[number];

export const isTlsFailure = (reason: string): reason is TlsFailure => tlsFailures.some((one) => one === reason);

/** By the code of an error before the end of the handshake: all that are not listed are of the verification (OpenSSL, X509_V_ERR). */
export function tlsFailure({ code = '' }: NodeJS.ErrnoException): TlsFailure {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'WrongName';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return 'Expired';
  return /^(ERR_|E[A-Z]+$)/.test(code) ? 'Handshake' : 'Untrusted';
}
