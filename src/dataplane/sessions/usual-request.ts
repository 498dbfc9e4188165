/**
 * The usual request of a session: it has one token, which is known and young, and the pod accepts sessions. That needs no object beside its hold.
 * Every other request is decided in full by `core/session/decide.ts`, which would decide the same of these.
 */
import { tokenLife } from '../../core/session/token.ts';
import type { RequestView, RouteDecision } from '../routing.ts';
import type { CompiledBackend } from './compiled-table.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { SessionStarter } from './hold-context.ts';
import type { SessionRoute } from './session-route.ts';
import type { TokenCache } from './token-reader.ts';

/** `backendOf`: of the backends of a route, by the id in tokens. */
type UsualPorts = {
  cache: TokenCache;
  backendOf: (route: SessionRoute, id: number) => CompiledBackend | undefined;
  ended: EndedSessions;
  starter: SessionStarter;
};

/** Returns undefined if the request is not usual. `texts`: that may be tokens. */
type PinUsual = (
  route: SessionRoute,
  texts: readonly string[],
  request: RequestView,
  nowMs: number,
) => RouteDecision | undefined;

export const createPinUsual =
  ({ cache, backendOf, ended, starter }: UsualPorts): PinUsual =>
  (route, texts, request, nowMs) => {
    const [text] = texts;
    if (text === undefined || texts.length > 1 || route.carrier.isAppOwned) return undefined;
    const token = cache.get(text);
    const backend = token && backendOf(route, token.backendId);
    if (token === undefined || backend === undefined || ended.has(token, nowMs)) return undefined;
    const life = tokenLife(token, backend.limits, { nowMs, seenHereMs: undefined, hasFixedDate: false });
    const slot = life === 'Live' ? backend.find(token.endpointId) : undefined;
    if (slot === undefined || slot.endpoint.state !== 'Accepting' || slot.endpoint.nodeLost === true) return undefined;
    return starter.pin(route, { backend, token, seenMs: undefined, slot, start: route.startOf(request), nowMs });
  };
