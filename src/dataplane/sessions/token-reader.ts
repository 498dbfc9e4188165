/** The tokens of a request: verified once and then remembered. What is none of ours is counted, never logged. */
import { decodeToken, type SigningKeys, type Token } from '../../core/session/token.ts';
import type { SessionCounters } from './counters.ts';
import type { TokenCache } from './token-cache.ts';

/** `keysOf`: the keys of a backend of the request's route, by its id. */
export type TokenTools = {
  keysOf: (backendId: number) => SigningKeys | undefined;
  cache: TokenCache;
  counters: Pick<SessionCounters, 'badTokens'>;
  nowMs: number;
};

/** The valid tokens among some texts that a client sent, in their order. */
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
  // Verified for another route, it is no token of this one, as long as they share no backend.
  if (known !== undefined && keysOf(known.backendId) !== undefined) return known;
  const verdict = decodeToken(text, keysOf, nowMs);
  if (verdict.kind === 'invalid') {
    counters.badTokens[verdict.reason] += 1;
    return undefined;
  }
  cache.put(text, verdict.token);
  return verdict.token;
}
