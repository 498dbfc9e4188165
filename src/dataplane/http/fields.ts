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
  /** Headers about the client, which only the proxy may set. Also any of these names, or of the framing ones, written with `_`. */
  Claimed: 13,
} as const;

export const fieldIdCount = 14;

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
  ['forwarded', Field.Claimed],
  ['x-real-ip', Field.Claimed],
];

type Candidate = { bytes: Uint8Array; id: FieldId };

const candidatesByLength: readonly Candidate[][] = Array.from({ length: 18 }, (_, length) =>
  names.filter(([name]) => name.length === length).map(([name, id]) => ({ bytes: Buffer.from(name), id })),
);
const forwardedPrefix = Buffer.from('x-forwarded-');
const noCandidates: readonly Candidate[] = [];

/** Returns the id of the header name at [start, end). X_Forwarded_For would reach some apps as the header that only the proxy may set. */
export function classify(bytes: Uint8Array, start: number, end: number): FieldId {
  const length = end - start;
  for (const candidate of candidatesByLength[length] ?? noCandidates) {
    if (startsWith(bytes, start, candidate.bytes)) {
      return hasUnderscore(bytes, start, end) ? Field.Claimed : candidate.id;
    }
  }
  return length > forwardedPrefix.length && startsWith(bytes, start, forwardedPrefix) ? Field.Claimed : Field.Other;
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
