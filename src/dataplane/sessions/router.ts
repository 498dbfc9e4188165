/** Decides where a request goes and keeps count: the session side of the seam in `dataplane/routing.ts`. */
import { pickLeastSessions } from '../../core/balance/least-sessions.ts';
import { decideSession, maxWaitMs, type SessionDecision } from '../../core/session/decide.ts';
import type { Token } from '../../core/session/token.ts';
import type { RoutingTable } from '../../core/table/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Reply, RouteDecision, SessionRouter } from '../routing.ts';
import { compileState, keysDiffer, type KnownBackend, type RoutingState } from './backends.ts';
import { createCounters, createLossCounter, type SessionCounters } from './counters.ts';
import { createEndedSessions } from './ended-sessions.ts';
import { NewHold, PinnedHold, type HoldContext } from './holds.ts';
import { connectFailed, noEndpointAccepting, noRoute, notReady } from './replies.ts';
import type { SessionId } from './session-rows.ts';
import { createSessionTable, type SessionTable } from './session-table.ts';
import { createTableWaiters } from './table-waiters.ts';
import { createTokenCache } from './token-cache.ts';
import { readTokens } from './token-reader.ts';

/** `random`: at least 0, below 1, for ties. `newSessionId`: 64 bits that nobody can guess. */
export type RouterPorts = { clock: Clock; random: () => number; newSessionId: () => SessionId };

export interface ManagedRouter extends SessionRouter {
  readonly sessions: SessionTable;
  readonly counters: SessionCounters;
  /** The table by which requests are routed at this moment. */
  table(): RoutingTable | undefined;
  /** Routes by another table from now on; requests that waited for one are decided anew. */
  applyTable(table: RoutingTable, asOfMs: number): void;
  /** The table is still current, as of a later time. */
  confirmTable(asOfMs: number): void;
  /** Sessions that their app ended through this proxy in the last seconds. */
  endedRecently(): string[];
  /** Sessions that their app ended through another proxy. */
  endElsewhere(ids: readonly string[]): void;
}

/** The tokens of a request, and how long it may wait. All that deciding needs once the request's own bytes may be gone. */
type Pending = { backendKey: string; tokens: readonly Token[]; waitUntilMs: number };

const tokensRemembered = 32_768;

export function createSessionRouter(ports: RouterPorts): ManagedRouter {
  const { clock } = ports;
  const counters = createCounters();
  const sessions = createSessionTable(counters);
  const cache = createTokenCache(tokensRemembered);
  const countLoss = createLossCounter(counters);
  const waiters = createTableWaiters(clock);
  const ended = createEndedSessions();
  let state: RoutingState | undefined;
  let asOfMs = 0;

  const context: HoldContext = {
    clock,
    sessions,
    counters,
    cache,
    newSessionId: ports.newSessionId,
    announceEnd(session) {
      ended.record(session, clock.nowMs());
    },
    backend: (key) => state?.backends.get(key),
    beginSession(backendKey, tried) {
      const backend = state?.backends.get(backendKey);
      const hold = backend && newHold(context, backend, { tried, random: ports.random });
      if (hold !== undefined) return { kind: 'forward', hold };
      counters.refusedNew += 1;
      return reply(tried.length > 0 ? connectFailed(backendKey, tried.length) : noEndpointAccepting(backendKey, backend?.endpoints));
    },
    reassign(backendKey, { token, why, tried }) {
      const next = context.beginSession(backendKey, tried);
      // Where no pod accepts, the client keeps its token and may find its pod again: nothing is lost until it gets another.
      if (next.kind === 'reply') return next;
      countLoss(token, why);
      sessions.end(token, 'Lost');
      return next;
    },
  };

  const settle = (pending: Pending, nowMs: number): RouteDecision | Promise<RouteDecision> => {
    const { backendKey, tokens, waitUntilMs } = pending;
    const backend = state?.backends.get(backendKey);
    if (backend === undefined) return context.beginSession(backendKey, []);
    const candidates = tokens.map((token) => ({ token, seenHereMs: sessions.seenMs(token, nowMs) }));
    const decision = decideSession(candidates, backend, { nowMs, asOfMs, waitUntilMs });
    if (decision.kind !== 'wait') return carryOut(context, backend, { decision, nowMs });
    counters.waited += 1;
    return waiters.wait(decision.untilMs - nowMs).then(() => settle(pending, clock.nowMs()));
  };

  return {
    sessions,
    counters,
    table: () => state?.table,
    route(request, listenerPort) {
      if (state === undefined) return reply(notReady);
      const route = state.matcher.match(listenerPort, request);
      if (route === undefined) return reply(noRoute);
      const backendKey = route.backendRefs[0]?.backend ?? route.name;
      const nowMs = clock.nowMs();
      const backend = state.backends.get(backendKey);
      const tokens = backend === undefined ? [] : readTokens(request, backend, { cache, counters, nowMs });
      return settle({ backendKey, tokens, waitUntilMs: nowMs + maxWaitMs }, nowMs);
    },
    applyTable(table, tableAsOfMs) {
      if (state !== undefined && keysDiffer(state.table, table)) cache.clear();
      state = compileState(table);
      asOfMs = tableAsOfMs;
      sessions.slots.sync(endpointsOf(table));
      waiters.wakeAll();
    },
    confirmTable(tableAsOfMs) {
      asOfMs = Math.max(asOfMs, tableAsOfMs);
    },
    endedRecently: () => ended.recent(clock.nowMs()),
    endElsewhere(ids) {
      for (const session of ended.takeNew(ids)) sessions.end(session, 'Elsewhere');
    },
  };
}

type Settled = { decision: Exclude<SessionDecision, { kind: 'wait' }>; nowMs: number };

function carryOut(context: HoldContext, backend: KnownBackend, { decision, nowMs }: Settled): RouteDecision {
  if (decision.kind === 'new') return context.beginSession(backend.key, []);
  if (decision.kind === 'lost') return context.reassign(backend.key, { token: decision.token, why: decision.why, tried: [] });
  const { token, endpoint } = decision;
  const slot = context.sessions.slots.of(endpoint, backend.persistence);
  return { kind: 'forward', hold: new PinnedHold(context, backend, { token, endpoint, slot, nowMs }) };
}

/** Undefined where no endpoint accepts that was not tried. */
function newHold(context: HoldContext, backend: KnownBackend, { tried, random }: { tried: readonly string[]; random: () => number }): NewHold | undefined {
  const { slots } = context.sessions;
  const untried = tried.length === 0 ? backend.endpoints : backend.endpoints.filter(({ id }) => !tried.includes(id));
  const load = ({ id }: { id: string }) => {
    const slot = slots.byId(id);
    return slot === undefined ? 0 : slot.sessions + slot.starting;
  };
  const endpoint = pickLeastSessions(untried, { load, random });
  return endpoint && new NewHold(context, backend, { endpoint, slot: slots.of(endpoint, backend.persistence), tried });
}

const reply = (answer: Reply): RouteDecision => ({ kind: 'reply', reply: answer });

function* endpointsOf({ backends }: RoutingTable) {
  for (const { endpoints, persistence } of Object.values(backends)) for (const endpoint of endpoints) yield { endpoint, limits: persistence };
}
