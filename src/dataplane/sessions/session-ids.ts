/** Session ids: 64 bits that nobody can guess, since they are what a stolen cookie is worth. */
import { randomFillSync } from 'node:crypto';
import type { SessionId } from './session-rows.ts';

/** Ids fetched at a time: one call for each would cost 8 µs. */
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
    // Given out once: nothing in memory says which ids come next or came before.
    words.fill(0, next, next + 2);
    next += 2;
    return id;
  };
}
