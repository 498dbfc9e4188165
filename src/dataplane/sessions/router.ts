/** Decides where a request goes and keeps count: the session side of the seam in `dataplane/routing.ts`. */
import { decideSession, maxWaitMs, type Candidate, type SessionDecision } from '../../core/session/decide.ts';
import type { Token } from '../../core/session/token.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Reply, RouteDecision, SessionRouter } from '../routing.ts';
import type { CompiledBackend } from './backends.ts';
import { createSessionStarter } from './session-starter.ts';
import { createCounters, forgetDeparted, type SessionCounters } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import { inheritSessions } from './handover.ts';
import type { HoldContext } from './hold-context.ts';
import { PinnedHold } from './pinned-hold.ts';
import { isGivenUp } from './outlier.ts';
import { noRoute, notReady } from './replies.ts';
import type { InheritSessions } from './received-handovers.ts';
import type { CompiledRoute } from './routes.ts';
import { keysDiffer, compileRouting, type CompiledTable } from './compiled-table.ts';
import { parseSessionId, type SessionId } from './session-ids.ts';
import { createReceivedEnds, createOutgoingNotices, createSeenElsewhere, repeatForMs } from './session-notices.ts';
import { createSessionTable, type SessionTable } from './session-table.ts';
import { createTableWaiters } from './table-waiters.ts';
import { createTokenCache } from './token-cache.ts';
import { readTokens } from './token-reader.ts';

/** `random`: at least 0, below 1. `newSessionId`: 64 bits that cannot be guessed. */
export type RouterPorts = { clock: Clock; random: () => number; newSessionId: () => SessionId };

/** Ids of 16 hex digits. */
export type SessionNotices = { ended: string[]; seen: string[] };

export interface ManagedRouter extends SessionRouter {
  readonly sessions: SessionTable;
  readonly counters: SessionCounters;
  /** The table by which requests are routed at this moment. */
  table(): RoutingTable | undefined;
  /**
   * Routes by another table from now on; requests that waited for one are decided anew. Parts that are the same objects as in the table
   * before are not compiled again.
   */
  applyTable(table: RoutingTable, asOfMs: number): void;
  /** The table is still current, as of a later time. */
  confirmTable(asOfMs: number): void;
  /** Notices of single sessions for other proxies. */
  news(): SessionNotices;
  /** Sessions that another proxy saw end. */
  endElsewhere(ids: readonly string[]): void;
  /** Sessions that another proxy saw alive a moment ago. */
  seenElsewhere(ids: readonly string[]): void;
  /** Counts the sessions of a proxy that has shut down. */
  inherit: InheritSessions;
  /** Ends that a proxy that has shut down can no longer repeat. */
  inheritEnds(ids: readonly string[]): void;
}

/** What of a request deciding needs once the request's own bytes may be gone; and how long it may wait. */
type Pending = { route: CompiledRoute; tokens: readonly Token[]; beginsSession: boolean; waitUntilMs: number };

type SessionCandidate = Candidate<EndpointSlot> & { known: CompiledBackend };
type Settled = Exclude<SessionDecision<EndpointSlot, SessionCandidate>, { kind: 'wait' }>;

const tokensRemembered = 32_768;

export function createSessionRouter(ports: RouterPorts): ManagedRouter {
  const { clock } = ports;
  const counters = createCounters();
  const ended = createOutgoingNotices(repeatForMs.ended);
  const seen = createOutgoingNotices(repeatForMs.seen);
  const receivedEnds = createReceivedEnds();
  const elsewhere = createSeenElsewhere();
  const sessions = createSessionTable(seen);
  const cache = createTokenCache(tokensRemembered);
  const waiters = createTableWaiters(clock);
  let state: CompiledTable | undefined;
  let asOfMs = 0;

  const context: HoldContext = {
    clock,
    sessions,
    cache,
    newSessionId: ports.newSessionId,
    announceEnd(session) {
      ended.tell(session, clock.nowMs());
    },
    announceSeen(session) {
      seen.tell(session, clock.nowMs());
    },
    backend: (key) => state?.backends.get(key),
    begin: (route, origin) => starter.begin(route, origin),
    canBegin: (route, origin) => starter.canBegin(route, origin),
    lose: (route, loss) => starter.lose(route, loss),
  };
  const starter = createSessionStarter(context, {
    counters,
    backends: () => state?.backends ?? new Map(),
    random: ports.random,
  });

  const seenMs = (session: SessionId, nowMs: number) => {
    const hereMs = sessions.seenMs(session, nowMs);
    const elsewhereMs = elsewhere.lastMs(session);
    return elsewhereMs === undefined || (hereMs !== undefined && hereMs > elsewhereMs) ? hereMs : elsewhereMs;
  };

  /** A token whose backend left the table meanwhile has no pod to look for. */
  const candidatesOf = ({ route, tokens }: Pending, nowMs: number): SessionCandidate[] =>
    tokens.flatMap((token) => {
      const known = state?.backends.get(route.backendKey(token.backendId) ?? '');
      return known === undefined ? [] : [{ token, known, seenHereMs: seenMs(token, nowMs) }];
    });

  const settle = (pending: Pending, nowMs: number): RouteDecision | Promise<RouteDecision> => {
    const decision = decideSession<EndpointSlot, SessionCandidate>(candidatesOf(pending, nowMs), {
      nowMs,
      asOfMs,
      waitUntilMs: pending.waitUntilMs,
    });
    if (decision.kind !== 'wait') return carryOut(pending, decision, nowMs);
    counters.waited += 1;
    return waiters.wait(decision.untilMs - nowMs).then(() => settle(pending, clock.nowMs()));
  };

  const carryOut = ({ route, beginsSession }: Pending, decision: Settled, nowMs: number): RouteDecision => {
    if (decision.kind === 'new') return context.begin(route, { tried: [], replaces: undefined });
    const session = { backend: decision.candidate.known, token: decision.candidate.token };
    if (decision.kind === 'lost') return context.lose(route, { ...session, reason: decision.reason, tried: [] });
    const slot = decision.endpoint;
    if (beginsSession && slot.endpoint.state === 'Draining') {
      return context.begin(route, { tried: [], replaces: session });
    }
    if (isGivenUp(slot, nowMs)) {
      const loss = { ...session, reason: 'ConnectFailed' as const, tried: [session.token.endpointId] };
      // With nowhere else to go it may as well try its own pod once more.
      if (starter.canMove(route, loss)) return context.lose(route, loss);
    }
    return { kind: 'forward', hold: new PinnedHold(context, route, { ...session, slot, nowMs }) };
  };

  return {
    sessions,
    counters,
    table: () => state?.table,
    route(request, listenerPort) {
      if (state === undefined) return reply(notReady);
      const { matcher, routes, backends } = state;
      const matched = matcher.match(listenerPort, request);
      const route = matched && routes.get(matched);
      if (route === undefined) return reply(noRoute);
      const nowMs = clock.nowMs();
      const keysOf = (id: number) => backends.get(route.backendKey(id) ?? '')?.keys;
      const tokens = readTokens(route.carrier.read(request), { keysOf, cache, counters, nowMs });
      const beginsSession = tokens.length > 0 && route.beginsSession(request);
      return settle({ route, tokens, beginsSession, waitUntilMs: nowMs + maxWaitMs }, nowMs);
    },
    applyTable(table, tableAsOfMs) {
      const before = state;
      state = compileRouting(table, { before, slots: sessions.slots, counters });
      if (before !== undefined && keysDiffer(before, state)) cache.clear();
      forgetDeparted(counters, state.backends);
      asOfMs = tableAsOfMs;
      waiters.wakeAll();
    },
    confirmTable(tableAsOfMs) {
      asOfMs = Math.max(asOfMs, tableAsOfMs);
    },
    news: () => ({ ended: ended.recent(clock.nowMs()), seen: seen.recent(clock.nowMs()) }),
    endElsewhere(ids) {
      for (const session of receivedEnds.hear(ids)) sessions.end(session, 'Elsewhere');
    },
    seenElsewhere(ids) {
      elsewhere.hear(ids, clock.nowMs());
    },
    inherit(handed, { pastLag }) {
      const endedHere = ended.told();
      return (
        state !== undefined &&
        inheritSessions(handed, {
          sessions,
          table: state.table,
          hasEnded: (id) => endedHere.has(id) || receivedEnds.has(id),
          pastLag,
        })
      );
    },
    inheritEnds(ids) {
      for (const session of receivedEnds.hear(ids)) sessions.end(session, 'Elsewhere');
      for (const id of ids) ended.tell(parseSessionId(id), clock.nowMs());
    },
  };
}

const reply = (answer: Reply): RouteDecision => ({ kind: 'reply', reply: answer });
