/**
 * The session token: `h1.<payload>.<mac>`, both base64url without padding, 69 characters that cookies and headers allow. It is all
 * the state of a session, so that any proxy replica can route it.
 *
 *     payload, 32 bytes, big endian
 *     | at | bytes | field                                                                                        |
 *     |----|-------|----------------------------------------------------------------------------------------------|
 *     |  0 |     4 | key id: which key of the workload's key ring signed it                                       |
 *     |  4 |     8 | session id: 64 random bits                                                                   |
 *     | 12 |     8 | endpoint id: hash of the pod UID, as another pod may have its address by now, or of its name  |
 *     | 20 |     4 | backend id: hash of its key. A session stays on its side of a split                          |
 *     | 24 |     4 | issued at: start of the session, Unix seconds (until 2106)                                   |
 *     | 28 |     4 | last seen: when this token was issued, Unix seconds; before `issued at`: see `isUnconfirmed`  |
 *
 *     mac, 16 bytes: HMAC-SHA-256 over the text `h1.<payload>`, truncated to 128 bits (RFC 2104 section 5).
 *
 * The MAC covers the text, not the decoded bytes: base64url can encode the same bytes in several ways (spare bits in the last
 * character), and only the text that was signed is accepted. For the same reason MACs are compared as text.
 */
import { createHash, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { KeyRing, SessionLimits } from '../../wire/routing-table.ts';

export type Token = {
  keyId: number;
  /** The session id's 64 bits, as two unsigned 32-bit halves: no BigInt on the request path. */
  sessionHi: number;
  sessionLo: number;
  /** 16 hex digits, see `endpointId`. */
  endpointId: string;
  backendId: number;
  issuedAtS: number;
  lastSeenS: number;
};

export type TokenRefusal = 'Malformed' | 'UnknownKey' | 'BadMac' | 'WrongBackend' | 'FutureDated';
export type TokenVerdict = { kind: 'valid'; token: Token } | { kind: 'invalid'; reason: TokenRefusal };

/** A key ring with imported keys: an HMAC with a KeyObject takes 3 µs, with a Buffer 17. */
export type SigningKeys = { current: number; secrets: ReadonlyMap<number, KeyObject> };

const version = 'h1.';
const payloadBytes = 32;
const backendIdAt = 20;
const payloadEnd = version.length + 43;
export const tokenLength = payloadEnd + 1 + 22;
const macBytes = 16;
const base64url = /^[A-Za-z0-9_-]+$/;
/** The format of a token, as the source of a regular expression. */
export const tokenFormat = 'h1\\.[A-Za-z0-9_-]{43}\\.[A-Za-z0-9_-]{22}';
const wholeToken = new RegExp(`^${tokenFormat}$`);
// Eight tokens or none: no character is read more than three times.
const tokenInside = new RegExp(`(?<![A-Za-z0-9_-])${tokenFormat}(?![A-Za-z0-9_-])`);

/** How far a proxy's clock may lag behind that of the proxy that issued the token. */
export const maxClockSkewS = 300;

/** Returns the id of a pod in tokens and routing tables: 64 bits of the hash of its UID, 16 hex digits. */
export function endpointId(podUid: string): string {
  return createHash('sha256').update(podUid).digest('hex').slice(0, 16);
}

/** Returns the id of a backend in tokens: 32 bits of the hash of its key `namespace/name`. */
export function backendId(backendKey: string): number {
  return createHash('sha256').update(backendKey).digest().readUInt32BE(0);
}

export function signingKeys(ring: KeyRing): SigningKeys {
  return {
    current: ring.current,
    secrets: new Map(ring.keys.map((key) => [key.id, createSecretKey(key.secret, 'base64')])),
  };
}

/** How every token of this version begins: a text without it contains none. */
export const tokenStart = version;

/** Whether the text has the format of a token, genuine or not. */
export const isTokenShaped = (text: string): boolean => text.length === tokenLength && wholeToken.test(text);

/** Whether a token, genuine or not, is a part of the text. */
export const containsToken = (text: string): boolean => text.includes(version) && tokenInside.test(text);

/** Signs with the current key. The check of a table rejects a ring without it. */
export function encodeToken(token: Omit<Token, 'keyId'>, keys: SigningKeys): string {
  const secret = keys.secrets.get(keys.current);
  if (secret === undefined) throw new RangeError(`the key ring has no key ${keys.current}, its current key`);
  const payload = Buffer.allocUnsafe(payloadBytes);
  payload.writeUInt32BE(keys.current, 0);
  payload.writeUInt32BE(token.sessionHi, 4);
  payload.writeUInt32BE(token.sessionLo, 8);
  payload.write(token.endpointId, 12, 8, 'hex');
  payload.writeUInt32BE(token.backendId, backendIdAt);
  payload.writeUInt32BE(token.issuedAtS, 24);
  payload.writeUInt32BE(token.lastSeenS, 28);
  const signed = version + payload.toString('base64url');
  return `${signed}.${mac(signed, secret)}`;
}

/**
 * Verifies a token from a client: Holdfast issued it, for a backend that the request may reach, and not in the future. `tokenLife` decides
 * whether it has expired. `keysOf` returns the keys of a backend by its id, which is not encrypted; the MAC then proves that it is genuine.
 */
export function decodeToken(
  text: string,
  keysOf: (backendId: number) => SigningKeys | undefined,
  nowMs: number,
): TokenVerdict {
  const payload = decodePayload(text);
  if (payload === undefined) return refused('Malformed');
  const keys = keysOf(payload.readUInt32BE(backendIdAt));
  if (keys === undefined) return refused('WrongBackend');
  const secret = keys.secrets.get(payload.readUInt32BE(0));
  if (secret === undefined) return refused('UnknownKey');
  const wanted = Buffer.from(mac(text.slice(0, payloadEnd), secret), 'latin1');
  if (!timingSafeEqual(wanted, Buffer.from(text.slice(payloadEnd + 1), 'latin1'))) return refused('BadMac');
  const token = readPayload(payload);
  const latestS = nowMs / 1000 + maxClockSkewS;
  if (token.issuedAtS > latestS || token.lastSeenS > latestS) return refused('FutureDated');
  return { kind: 'valid', token };
}

const refused = (reason: TokenRefusal): TokenVerdict => ({ kind: 'invalid', reason });

/** Checks the format first: text that is not in the format of a token costs no hash. */
function decodePayload(text: string): Buffer | undefined {
  if (text.length !== tokenLength || !text.startsWith(version) || text.charAt(payloadEnd) !== '.') return undefined;
  const payload = text.slice(version.length, payloadEnd);
  if (!base64url.test(payload) || !base64url.test(text.slice(payloadEnd + 1))) return undefined;
  return Buffer.from(payload, 'base64url');
}

function readPayload(payload: Buffer): Token {
  return {
    keyId: payload.readUInt32BE(0),
    sessionHi: payload.readUInt32BE(4),
    sessionLo: payload.readUInt32BE(8),
    endpointId: payload.toString('hex', 12, 20),
    backendId: payload.readUInt32BE(backendIdAt),
    issuedAtS: payload.readUInt32BE(24),
    lastSeenS: payload.readUInt32BE(28),
  };
}

function mac(signed: string, secret: KeyObject): string {
  return createHmac('sha256', secret).update(signed, 'latin1').digest().toString('base64url', 0, macBytes);
}

/** Returns for how long a token can be valid that no proxy renews, unless a stream of its session stays open. */
export const tokenValidityMs = (limits: SessionLimits): number => limits.idleTimeoutMs + renewAfterMs(limits);

/**
 * `Live`: within its limits. `Expired`: certainly beyond one.
 * `Doubtful`: idle by its own date, but the date may be too old by a quarter of the idle timeout, because not every response renews
 * the token, and this proxy did not see the session itself. The session keeps its pod if the pod exists, and does not count as lost if not
 * (an exception: see `mayBeInUse` in `decide.ts`).
 */
export type SessionLife = 'Live' | 'Doubtful' | 'Expired';

/** A token is renewed when its date is older than this. */
export const renewAfterMs = (limits: SessionLimits): number => limits.idleTimeoutMs / 4;

/** Dates in tokens are whole seconds, rounded up: rounding must never end a session early. */
export const tokenSeconds = (nowMs: number): number => Math.ceil(nowMs / 1000);

/**
 * `seenHereMs`: when this proxy last saw the session alive (now, while a request is open); undefined if it has not seen the session.
 * `hasFixedDate`: the app owns the cookie and sets it once, so that the date never becomes younger. Then it says nothing about idleness:
 * the session of a token that this proxy has not seen is doubtful, whatever its age.
 */
export function tokenLife(
  token: Token,
  limits: SessionLimits,
  at: { nowMs: number; seenHereMs: number | undefined; hasFixedDate: boolean },
): SessionLife {
  if (limits.absoluteTimeoutMs !== undefined && token.issuedAtS * 1000 + limits.absoluteTimeoutMs <= at.nowMs) {
    return 'Expired';
  }
  const seenMs = Math.max(token.lastSeenS * 1000, at.seenHereMs ?? 0);
  if (at.nowMs < seenMs + limits.idleTimeoutMs) return 'Live';
  return at.hasFixedDate || at.nowMs < seenMs + tokenValidityMs(limits) ? 'Doubtful' : 'Expired';
}

/** Returns whether a response should carry a new token: the date is old, or another key signs by now. */
export function isRenewalDue(token: Token, limits: SessionLimits, at: { nowMs: number; currentKey: number }): boolean {
  return token.keyId !== at.currentKey || at.nowMs - token.lastSeenS * 1000 > renewAfterMs(limits);
}
