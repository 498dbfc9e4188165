/**
 * Tokens that were verified, by their text, so that a busy session costs no hash. It holds what a token says, never that it is still
 * good: limits are computed from its dates at each use, so that being remembered does not make a session live longer.
 *
 * Two generations: when the young one is full the old one is dropped and they change places. What is in use moves to the young one.
 */
import type { Token } from '../../core/session/token.ts';

export interface TokenCache {
  get(text: string): Token | undefined;
  put(text: string, token: Token): void;
  /** To be called when a key ring changed: a key that was taken away must not go on verifying. */
  clear(): void;
}

type Entry = { text: string; token: Token };

export function createTokenCache(generationSize: number): TokenCache {
  let young = new Map<number, Entry>();
  let old = new Map<number, Entry>();
  const insert = (mark: number, entry: Entry) => {
    if (young.size >= generationSize) {
      old = young;
      young = new Map();
    }
    young.set(mark, entry);
  };
  return {
    get(text) {
      const mark = fingerprint(text);
      const recent = young.get(mark);
      if (recent?.text === text) return recent.token;
      const entry = old.get(mark);
      if (entry?.text !== text) return undefined;
      insert(mark, entry);
      return entry.token;
    },
    put(text, token) {
      insert(fingerprint(text), { text, token });
    },
    clear() {
      young = new Map();
      old = new Map();
    },
  };
}

/**
 * The last five characters, 30 bits of a MAC: as good as random for our own tokens, and a third of the cost of hashing a text that was
 * just cut out of a header. Two tokens that share it take turns in the cache; a forged one that does finds another text there.
 */
function fingerprint(text: string): number {
  let mark = 0;
  for (let at = Math.max(0, text.length - 5); at < text.length; at += 1) mark = (mark * 131 + text.charCodeAt(at)) & 0x3fff_ffff;
  return mark;
}
