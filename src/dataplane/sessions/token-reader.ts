/** Reads the tokens of a request. Each is verified once and then cached. Texts that are not valid tokens are counted, never logged. */
import { decodeToken, type SigningKeys, type Token } from '../../core/session/token.ts';
import { createBoundedMap } from './bounded-map.ts';
import type { SessionCounters } from './counters.ts';

/** `keysOf`: the keys of a backend of the request's route, by its id. */
export type TokenTools = {
  keysOf: (backendId: number) => SigningKeys | undefined;
  cache: TokenCache;
  counters: Pick<SessionCounters, 'badTokens'>;
  nowMs: number;
};

/** Returns the valid tokens among the texts that a client sent, in their order. */
export function readTokens(texts: readonly string[], tools: TokenTools): Token[] {
  const tokens = [];
  for (const text of texts) {
    const token = verify(text, tools);
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}

function verify(text: string, { keysOf, cache, counters, nowMs }: TokenTools): Token | undefined {
  const known = cache.get(text);
  // A token that was verified for another route is valid for this one only if the routes share its backend.
  if (known !== undefined && keysOf(known.backendId) !== undefined) return known;
  const verdict = decodeToken(text, keysOf, nowMs);
  if (verdict.kind === 'invalid') {
    counters.badTokens[verdict.reason] += 1;
    return undefined;
  }
  cache.put(text, verdict.token);
  return verdict.token;
}

/**
 * Verified tokens by their text, so that a busy session costs no hash. It holds the content of a token, never that the session is still
 * alive: limits are computed from its dates at each use, so a cached token does not extend its session.
 */
export interface TokenCache {
  get(text: string): Token | undefined;
  put(text: string, token: Token): void;
  /** Must be called when a key ring changed: a key that was removed must no longer verify. */
  clear(): void;
}

export function createTokenCache(size: number): TokenCache {
  const entries = createBoundedMap<number, { text: string; token: Token }>(size);
  return {
    get(text) {
      const entry = entries.get(fingerprint(text));
      return entry?.text === text ? entry.token : undefined;
    },
    put(text, token) {
      entries.set(fingerprint(text), { text, token });
    },
    clear() {
      entries.clear();
    },
  };
}

/**
 * Returns the last five characters as a number: 30 bits of a MAC, as good as random for our own tokens, and a third of the cost of hashing
 * a text that was just cut out of a header. Two tokens with the same fingerprint displace each other in the cache; a forged one finds
 * another text in its entry.
 */
function fingerprint(text: string): number {
  let mark = 0;
  for (let at = Math.max(0, text.length - 5); at < text.length; at += 1) {
    mark = (mark * 131 + text.charCodeAt(at)) & 0x3fff_ffff;
  }
  return mark;
}
