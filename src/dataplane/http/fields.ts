/** The header names that the proxy interprets, found by length and folded bytes without creating a string. */
import { byteAt, foldedNames } from './ascii.ts';

export const Field = {
  Other: 0,
  Host: 1,
  Connection: 2,
  ContentLength: 3,
  TransferEncoding: 4,
  Upgrade: 5,
  Te: 6,
  /** Keep-Alive: hop-by-hop, but its timeout limits how long an upstream connection may be idle. */
  KeepAlive: 7,
  /** Other hop-by-hop names. */
  HopByHop: 8,
  Cookie: 9,
  SetCookie: 10,
  HoldfastSession: 11,
  Expect: 12,
  /** Any of these names written with `_`: some apps would read it as the header, the proxy does not. */
  Disguised: 13,
  /** About the client, as all that follow: taken from a trusted proxy only. */
  ForwardedFor: 14,
  ForwardedProto: 15,
  ForwardedHost: 16,
  /** RFC 7239. */
  Forwarded: 17,
  /** Other names by which proxies state a client's address, identity or certificate. */
  Claim: 18,
} as const;

export const fieldIdCount = 19;

/** One of `Field`; a plain number, because it is stored in an Int32Array. */
export type FieldId = number;

const names: [string, FieldId][] = [
  ['host', Field.Host],
  ['connection', Field.Connection],
  ['content-length', Field.ContentLength],
  ['transfer-encoding', Field.TransferEncoding],
  ['upgrade', Field.Upgrade],
  ['te', Field.Te],
  ['keep-alive', Field.KeepAlive],
  ['proxy-connection', Field.HopByHop],
  ['cookie', Field.Cookie],
  ['set-cookie', Field.SetCookie],
  ['holdfast-session', Field.HoldfastSession],
  ['expect', Field.Expect],
  ['x-forwarded-for', Field.ForwardedFor],
  ['x-forwarded-proto', Field.ForwardedProto],
  ['x-forwarded-host', Field.ForwardedHost],
  ['forwarded', Field.Forwarded],
  ['x-real-ip', Field.Claim],
  ['x-client-ip', Field.Claim],
  ['x-cluster-client-ip', Field.Claim],
  ['x-original-forwarded-for', Field.Claim],
  ['true-client-ip', Field.Claim],
  ['cf-connecting-ip', Field.Claim],
  ['fastly-client-ip', Field.Claim],
  ['client-cert', Field.Claim],
  ['client-cert-chain', Field.Claim],
  ['x-client-cert', Field.Claim],
  ['x-scheme', Field.Claim],
  ['x-envoy-external-address', Field.Claim],
  ['x-ms-client-principal', Field.Claim],
];

/** RFC 9440 section 4 requires that a proxy remove the names of client certificates; those of identities are no different. */
const prefixes = [
  // X-Forwarded-User, -Email, -Client-Cert and many more.
  'x-forwarded-',
  // What ingress controllers pass on from an authentication service: oauth2-proxy; Authelia (Remote-User, -Groups, -Email, -Name);
  // authentik; Pomerium; Grafana's auth proxy (X-WebAuth-User); the front proxy of Kubernetes API servers (X-Remote-User, -Group).
  'x-auth-request-',
  'remote-',
  'x-remote-',
  'x-authentik-',
  'x-pomerium-',
  'x-webauth-',
  // Authenticating load balancers: AWS ALB, Google IAP, Azure App Service, Tailscale.
  'x-amzn-oidc-',
  'x-amzn-mtls-',
  'x-goog-authenticated-user-',
  'x-ms-client-principal-',
  'tailscale-user-',
  // Client certificates as NGINX passes them on.
  'ssl-client-',
  'x-ssl-client-',
];

type Candidate = { bytes: Uint8Array; id: FieldId };

const longestName = Math.max(...names.map(([name]) => name.length));
const candidatesByLength: readonly Candidate[][] = Array.from({ length: longestName + 1 }, (_, length) =>
  names.filter(([name]) => name.length === length).map(([name, id]) => ({ bytes: Buffer.from(name), id })),
);

/** The byte in which the prefixes differ most: the third, since most begin with `x-`. Few other names have one of theirs there. */
const distinctAt = 2;
const prefixesByThirdByte: readonly Uint8Array[][] = Array.from({ length: 256 }, (_, byte) =>
  prefixes.filter((prefix) => prefix.charCodeAt(distinctAt) === byte).map((prefix) => Buffer.from(prefix)),
);
const noPrefixes: readonly Uint8Array[] = [];
const noCandidates: readonly Candidate[] = [];

/** Returns the id of the header name at [start, end). X_Forwarded_For would reach some apps as the header that only the proxy may set. */
export function classify(bytes: Uint8Array, start: number, end: number): FieldId {
  const length = end - start;
  for (const candidate of candidatesByLength[length] ?? noCandidates) {
    if (startsWith(bytes, start, candidate.bytes)) {
      return hasUnderscore(bytes, start, end) ? Field.Disguised : candidate.id;
    }
  }
  if (!hasClaimPrefix(bytes, start, length)) return Field.Other;
  return hasUnderscore(bytes, start, end) ? Field.Disguised : Field.Claim;
}

function hasClaimPrefix(bytes: Uint8Array, start: number, length: number): boolean {
  for (const prefix of prefixesByThirdByte[foldedNames[byteAt(bytes, start + distinctAt)] ?? 0] ?? noPrefixes) {
    if (length > prefix.length && startsWith(bytes, start, prefix)) return true;
  }
  return false;
}

function startsWith(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let at = 0; at < wanted.length; at++) {
    if (foldedNames[byteAt(bytes, start + at)] !== wanted[at]) return false;
  }
  return true;
}

function hasUnderscore(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] === 0x5f) return true;
  }
  return false;
}
