/** The response of a request with a session: what the app says about it, and the token that the client gets. */
import { encodeToken, type Token } from '../../core/session/token.ts';
import type { HeaderField } from '../http/header-fields.ts';
import type { SessionResponse } from '../routing.ts';
import type { AppVerdict, CompiledCarrier } from './compiled-carrier.ts';
import type { CompiledBackend } from './compiled-table.ts';
import type { HoldContext } from './hold-context.ts';
import type { TokenCache } from './token-reader.ts';

/** An app whose ids are too long sets one with each response. */
const unpinnedIdLoggedEveryMs = 60_000;

/** Returns what the response does to the session of its request. */
export function judge(
  response: SessionResponse,
  { key, record }: CompiledBackend,
  { carrier, context, nowMs }: { carrier: CompiledCarrier; context: HoldContext; nowMs: number },
): AppVerdict {
  if (response.endsSession) return 'Ends';
  const verdict = carrier.verdict(response, nowMs);
  if (verdict !== 'TooLong') return verdict;
  record.counters.unpinnedIds += 1;
  if (nowMs - record.unpinnedIdLoggedAtMs >= unpinnedIdLoggedEveryMs) {
    record.unpinnedIdLoggedAtMs = nowMs;
    context.onUnpinnedId(key);
  }
  return verdict;
}

export function endByApp(context: HoldContext, token: Token): void {
  context.sessions.end(token, 'Application');
  context.announceEnd(token);
}

type NewToken = {
  carrier: CompiledCarrier;
  response: SessionResponse;
  token: Omit<Token, 'keyId'>;
  cache: TokenCache;
};

/** Returns the header fields with a new token, which is cached as verified: the client's next request carries it. */
export function tokenFields(
  backend: CompiledBackend,
  { carrier, response, token, cache }: NewToken,
): readonly HeaderField[] {
  const text = encodeToken(token, backend.keys);
  cache.put(text, { ...token, keyId: backend.keys.current });
  return carrier.give(text, lifetimeS(backend, token), response);
}

/** Returns the whole seconds from the creation of the token to the absolute limit of its session; undefined without a limit. */
function lifetimeS(
  { limits: { absoluteTimeoutMs } }: CompiledBackend,
  { issuedAtS, lastSeenS }: Omit<Token, 'keyId'>,
): number | undefined {
  return absoluteTimeoutMs === undefined
    ? undefined
    : Math.max(0, Math.min(0, issuedAtS - lastSeenS) + Math.floor(absoluteTimeoutMs / 1000));
}
