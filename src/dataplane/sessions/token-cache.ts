/**
 * Tokens that were verified, by their text, so that a busy session costs no hash. It holds what a token says, never that it is still
 * good: limits are computed from its dates at each use, so that being remembered does not make a session live longer.
 */
import type { Token } from '../../core/session/token.ts';
import { createGenerations } from './generations.ts';

export interface TokenCache {
  get(text: string): Token | undefined;
  put(text: string, token: Token): void;
  /** To be called when a key ring changed: a key that was taken away must not go on verifying. */
  clear(): void;
}

export function createTokenCache(generationSize: number): TokenCache {
  const entries = createGenerations<number, { text: string; token: Token }>(generationSize);
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
 * The last five characters, 30 bits of a MAC: as good as random for our own tokens, and a third of the cost of hashing a text that was
 * just cut out of a header. Two tokens that share it take turns in the cache; a forged one that does finds another text there.
 */
function fingerprint(text: string): number {
  let mark = 0;
  for (let at = Math.max(0, text.length - 5); at < text.length; at += 1) {
    mark = (mark * 131 + text.charCodeAt(at)) & 0x3fff_ffff;
  }
  return mark;
}
