/** Reads the tokens of a request. Each is verified once and then cached. Texts that are not valid tokens are counted, never logged. */
import { appendedTo } from '../http/short-lists.ts';
import { decodeToken, type SigningKeys, type Token } from '../../core/session/token.ts';
import { createBoundedMap } from './bounded-map.ts';
import type { SessionCounters } from './counters.ts';

/** `keysOf`: of a backend of the route, by its id. */
export type TokenTools<Route> = {
  keysOf: (route: Route, backendId: number) => SigningKeys | undefined;
  cache: TokenCache;
  counters: Pick<SessionCounters, 'badTokens'>;
};

export interface TokenReader<Route> {
  /** Returns the valid tokens among the texts that a client sent, in their order. */
  read(texts: readonly string[], route: Route, nowMs: number): readonly Token[];
}

export function createTokenReader<Route>({ keysOf, cache, counters }: TokenTools<Route>): TokenReader<Route> {
  const verify = (text: string, route: Route, nowMs: number): Token | undefined => {
    const verdict = decodeToken(text, (backendId) => keysOf(route, backendId), nowMs);
    if (verdict.kind === 'invalid') {
      counters.badTokens[verdict.reason] += 1;
      return undefined;
    }
    // A copy: the text is a part of its head, which it would keep in memory.
    cache.put(Buffer.from(text, 'latin1').toString('latin1'), verdict.token);
    return verdict.token;
  };

  return {
    read(texts, route, nowMs) {
      let tokens: Token[] | undefined;
      for (const text of texts) {
        const known = cache.get(text);
        // A token that was verified for another route is valid for this one only if the routes share its backend.
        const isValid = known !== undefined && keysOf(route, known.backendId) !== undefined;
        const token = isValid ? known : verify(text, route, nowMs);
        if (token !== undefined) tokens = appendedTo(tokens, token);
      }
      return tokens ?? noTokens;
    },
  };
}

const noTokens: readonly Token[] = [];

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
