/** Reads the tokens of a request: from cookies, verified once and then remembered. What is none of ours is counted, never logged. */
import { decodeToken, type Token } from '../../core/session/token.ts';
import type { RequestView } from '../routing.ts';
import type { KnownBackend } from './backends.ts';
import { readCookies } from './cookies.ts';
import type { SessionCounters } from './counters.ts';
import type { TokenCache } from './token-cache.ts';

/** The valid tokens that a request carries for a backend, in the order in which they were sent. */
export function readTokens(request: RequestView, backend: KnownBackend, tools: { cache: TokenCache; counters: SessionCounters; nowMs: number }): Token[] {
  const tokens = [];
  for (const text of readCookies(request.headers('cookie'), backend.persistence.cookieName)) {
    const token = verify(text, backend, tools);
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}

function verify(text: string, backend: KnownBackend, { cache, counters, nowMs }: Parameters<typeof readTokens>[2]): Token | undefined {
  const known = cache.get(text);
  if (known?.backendId === backend.id) return known;
  const verdict = decodeToken(text, backend.keys, { backendId: backend.id, nowMs });
  if (verdict.kind === 'invalid') {
    counters.badTokens[verdict.reason] += 1;
    return undefined;
  }
  cache.put(text, verdict.token);
  return verdict.token;
}
