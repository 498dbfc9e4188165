/** Session ids: 64 bits that cannot be guessed, because knowing one is enough to take over its session. */
import { randomFillSync } from 'node:crypto';

/** The 64 bits as two unsigned halves: no BigInt on the request path. */
export type SessionId = { readonly sessionHi: number; readonly sessionLo: number };

/** Ids generated at a time: a call for each would cost 8 µs. */
const batch = 512;

export function createSessionIds(): () => SessionId {
  const words = new Uint32Array(2 * batch);
  let next = words.length;
  return () => {
    if (next === words.length) {
      randomFillSync(words);
      next = 0;
    }
    const id = { sessionHi: words[next] ?? 0, sessionLo: words[next + 1] ?? 0 };
    // Erased: memory must not reveal ids that are in use.
    words.fill(0, next, next + 2);
    next += 2;
    return id;
  };
}

/**
 * Returns 53 of the 64 bits, as many as a number holds: a key for maps of thousands of sessions. The probability that two of a million
 * sessions share a key is 1 in 18,000.
 */
export const sessionKey = ({ sessionHi, sessionLo }: SessionId): number => sessionHi * 2 ** 21 + (sessionLo >>> 11);

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/** Returns 16 hex digits, the form of ids in messages. */
export const formatSessionId = ({ sessionHi, sessionLo }: SessionId): string => hex(sessionHi) + hex(sessionLo);

export const parseSessionId = (id: string): SessionId => ({
  sessionHi: Number.parseInt(id.slice(0, 8), 16),
  sessionLo: Number.parseInt(id.slice(8, 16), 16),
});
