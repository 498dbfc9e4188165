/** Decides where a request goes and counts sessions: the session side of the interface in `dataplane/routing.ts`. */
import { appendedTo } from '../http/short-lists.ts';
import { isUnconfirmed } from '../../core/session/confirmation.ts';
import { decideSession, maxWaitMs } from '../../core/session/decide.ts';
import { endsRememberedMs } from '../../core/session/validity.ts';
import { maxHandedEnds, type CarrierConflict } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Reply, RequestView, RouteDecision, SessionRouter } from '../routing.ts';
import { routeFor, type RoutePorts } from './compiled-routes.ts';
import { compileRouting, keysDiffer, type CompiledTable } from './compiled-table.ts';
import { createApplyDecision, type Pending, type SessionCandidate } from './apply-decision.ts';
import { createCarrierConflicts, type CarrierConflicts } from './carrier-conflicts.ts';
import { countersOf, createCounters, forgetRemovedBackends, type SessionCounters } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import { adoptSessions } from './handover.ts';
import { mirrorTarget, routePlain, type PlainPorts } from './plain-hold.ts';
import { noRoute, notReady } from './replies.ts';
import type { AdoptSessions } from './received-handovers.ts';
import { formatSessionId, parseSessionId, type SessionId } from './session-ids.ts';
import { createEndedSessions } from './ended-sessions.ts';
import { createNoticeWatch } from './notice-watch.ts';
import {
  createOutgoingNotices,
  createSeenElsewhere,
  noticeLimits,
  type OutgoingNotices,
  type SessionDate,
} from './session-notices.ts';
import { createSessionStarter } from './session-starter.ts';
import { createSessionTable, type SessionTable } from './session-table.ts';
import { createTableWaiters } from './table-waiters.ts';
import type { SessionRoute } from './session-route.ts';
import { createTokenCache, createTokenReader } from './token-reader.ts';
import { createPinUsual } from './usual-request.ts';

/** `random`: at least 0, below 1. `newSessionId`: 64 bits that cannot be guessed. */
export type RouterPorts = {
  clock: Clock;
  random: () => number;
  newSessionId: () => SessionId;
  /** An app set an id that leaves no room for a token. Called once a minute at most for each StickyWorkload. */
  onUnpinnedId?: (workload: string) => void;
  parts?: RouterParts;
};

/** Where sessions are counted, and what this proxy has to tell others: parts of which the processes of one proxy have others. */
export type RouterParts = {
  counters: SessionCounters;
  sessions: SessionTable;
  ended: OutgoingNotices;
  seen: OutgoingNotices;
  conflicts: CarrierConflicts;
};

function createParts(): RouterParts {
  const seen = createOutgoingNotices(noticeLimits.seen);
  return {
    counters: createCounters(),
    sessions: createSessionTable(seen),
    ended: createOutgoingNotices(noticeLimits.ended),
    seen,
    conflicts: createCarrierConflicts(),
  };
}

/** Ids of 16 hex digits. */
export type SessionNotices = { ended: string[]; seen: string[]; conflicts: CarrierConflict[] };

export interface ManagedRouter extends SessionRouter {
  readonly sessions: SessionTable;
  readonly counters: SessionCounters;
  /** The table by which requests are currently routed. */
  table(): RoutingTable | undefined;
  /**
   * Routes by another table from now on; requests that wait for a table are decided again. Parts that are the same objects as in the
   * previous table are not compiled again.
   */
  applyTable(table: RoutingTable, asOfMs: number): void;
  /** The table is still current, as of a later time. */
  confirmTable(asOfMs: number): void;
  /** The endpoint of a backend with sessions, by the id of the endpoint. */
  slotOf(backendKey: string, endpointId: string): EndpointSlot | undefined;
  /** Increases with every change of the sessions on draining pods, and with every end of a session here. */
  urgentChanges(): number;
  /** Returns the notices for the next report. */
  notices(): SessionNotices;
  /** Sessions that ended through another proxy. */
  receiveEnded(ids: readonly string[]): void;
  /** A replica of the operator may have lost its memory: the next reports contain every ended session that this proxy remembers. */
  repeatEnded(): void;
  /** Returns the ended sessions that this proxy remembers, for its successor. */
  endedIds(): string[];
  /** Sessions that another proxy has just seen alive. */
  receiveSeen(ids: readonly string[]): void;
  /** When another process of this proxy last saw sessions. */
  receiveDates(dates: Iterable<SessionDate>): void;
  /** Counts the sessions of a proxy that shut down. */
  adopt: AdoptSessions;
  /** Applies and repeats the ends that a proxy that shut down can no longer repeat. */
  adoptEnded(ids: readonly string[]): void;
}

const tokensCached = 32_768;

export function createSessionRouter(ports: RouterPorts): ManagedRouter {
  const { clock } = ports;
  const { counters, sessions, ended, seen, conflicts } = ports.parts ?? createParts();
  const endedSessions = createEndedSessions(counters);
  const elsewhere = createSeenElsewhere();
  const cache = createTokenCache(tokensCached);
  const waiters = createTableWaiters(clock);
  const nowMs = () => clock.nowMs();
  const plain: PlainPorts = { clock, random: ports.random, plainBackend: (key) => state?.plainBackends.get(key) };
  const filters: RoutePorts = {
    nowMs,
    mirrorPorts: { random: ports.random, target: (key) => mirrorTarget(key, plain) },
    onConflict(conflict) {
      countersOf(counters, conflict.workload).carrierConflicts += 1;
      conflicts.add(conflict, nowMs());
    },
  };
  let state: CompiledTable | undefined;
  const watch = createNoticeWatch();
  let asOfMs = 0;
  let endsSent = 0;

  const starter = createSessionStarter({
    clock,
    sessions,
    cache,
    counters,
    random: ports.random,
    newSessionId: ports.newSessionId,
    announceEnd(session) {
      const nowMs = clock.nowMs();
      remember(session, nowMs);
      sendEnd(session, nowMs);
    },
    hasEnded: (session) => endedSessions.has(session, clock.nowMs()),
    announceSeen(session) {
      seen.add(session, clock.nowMs());
    },
    backend: (key) => state?.backends.get(key),
    onUnpinnedId: ports.onUnpinnedId ?? (() => undefined),
    backends: () => state?.backends ?? new Map(),
  });

  /** Returns when this proxy or another last saw the session. */
  const seenMs = (session: SessionId, nowMs: number) => {
    const hereMs = sessions.seenMs(session, nowMs);
    const elsewhereMs = elsewhere.lastMs(session);
    return elsewhereMs === undefined || (hereMs !== undefined && hereMs > elsewhereMs) ? hereMs : elsewhereMs;
  };

  const backendOf = (route: SessionRoute, id: number) => {
    const key = route.backendKey(id);
    return key === undefined ? undefined : state?.backends.get(key);
  };

  const tokenReader = createTokenReader<SessionRoute>({
    keysOf: (route, id) => backendOf(route, id)?.keys,
    cache,
    counters,
  });

  /** A token whose backend has left the table is no candidate. */
  const candidatesOf = ({ route, tokens }: Pending, nowMs: number): readonly SessionCandidate[] => {
    let candidates: SessionCandidate[] | undefined;
    const hasFixedDate = route.carrier.isAppOwned;
    for (const token of tokens) {
      const backend = backendOf(route, token.backendId);
      if (backend === undefined) continue;
      // Most tokens are young enough by their own date: then it does not matter who saw the session.
      const isYoung = !hasFixedDate && nowMs < token.lastSeenS * 1000 + backend.limits.idleTimeoutMs;
      const seenHereMs = isYoung ? undefined : seenMs(token, nowMs);
      const hasEnded = endedSessions.has(token, nowMs);
      candidates = appendedTo(candidates, { token, backend, seenHereMs, hasFixedDate, hasEnded });
    }
    return candidates ?? noCandidates;
  };

  /**
   * Not every token is renewed when its client returns: then a proxy that has seen it return knows, or has received a notice. A token that
   * is never renewed shows nothing to a proxy that has watched for only a part of the session's life.
   */
  const wasConfirmed = ({ token, hasFixedDate }: SessionCandidate, nowMs: number) =>
    !isUnconfirmed(token) ||
    elsewhere.lastMs(token) !== undefined ||
    (sessions.isConfirmed(token) ?? (hasFixedDate && token.issuedAtS * 1000 < watch.sinceMs(nowMs)));

  const pinUsual = createPinUsual({ cache, backendOf, ended: endedSessions, starter });
  const applyDecision = createApplyDecision({ starter, counters, wasConfirmed });

  const settle = (pending: Pending, nowMs: number): RouteDecision | Promise<RouteDecision> => {
    const decision = decideSession<EndpointSlot, SessionCandidate>(candidatesOf(pending, nowMs), {
      nowMs,
      asOfMs,
      waitUntilMs: pending.waitUntilMs,
      watchingSinceMs: watch.sinceMs(nowMs),
    });
    if (decision.kind !== 'wait') return applyDecision(pending, decision, nowMs);
    counters.waited += 1;
    return waiters.wait(decision.untilMs - nowMs).then(() => settle(pending, clock.nowMs()));
  };

  /** Without the notice, another proxy accepts a token of the session. */
  const sendEnd = (session: SessionId, nowMs: number) => {
    endsSent += 1;
    if (!ended.add(session, nowMs)) counters.endsForgotten += 1;
  };

  const remember = (session: SessionId, nowMs: number) => {
    endedSessions.add(session, { nowMs, forMs: state?.endsRememberedMs ?? endsRememberedMs(undefined) });
  };

  const endReceived = (ids: readonly string[]) => {
    const nowMs = clock.nowMs();
    for (const id of ids) {
      const session = parseSessionId(id);
      if (endedSessions.has(session, nowMs)) continue;
      remember(session, nowMs);
      sessions.end(session, 'Elsewhere');
    }
  };

  return {
    sessions,
    counters,
    table: () => state?.table,
    route(request, listenerPort) {
      if (state === undefined) return reply(notReady);
      const route = routeFor(state.routes, request, listenerPort);
      if (route === undefined) return reply(noRoute);
      const response = route.respond?.(request, listenerPort);
      if (response !== undefined) return reply(response);
      if (route.kind === 'Plain') return routePlain(route, plain);
      const nowMs = clock.nowMs();
      const texts = textsOf(route.carrier, request);
      const pinned = pinUsual(route, texts, request, nowMs);
      if (pinned !== undefined) return pinned;
      const tokens = tokenReader.read(texts, route, nowMs);
      const startsSession = tokens.length > 0 && route.startsSession(request);
      const start = route.startOf(request);
      return settle({ route, tokens, startsSession, start, waitUntilMs: nowMs + maxWaitMs }, nowMs);
    },
    labels(request, listenerPort) {
      if (state === undefined) return {};
      const { index } = state.routes;
      const { namespace, name } = state.table.gateway;
      const listener = index.listener(listenerPort, request);
      const route = index.match(listenerPort, request)?.route.name;
      return {
        gateway: `${namespace}/${name}`,
        ...(listener !== undefined && { listener }),
        ...(route !== undefined && { route }),
      };
    },
    applyTable(table, tableAsOfMs) {
      const before = state;
      state = compileRouting(table, { before, slots: sessions.slots, counters, filters });
      if (before !== undefined && keysDiffer(before, state)) cache.clear();
      forgetRemovedBackends(counters, state.backends);
      asOfMs = tableAsOfMs;
      watch.heard(nowMs());
      waiters.wakeAll();
    },
    confirmTable(tableAsOfMs) {
      asOfMs = Math.max(asOfMs, tableAsOfMs);
      watch.heard(nowMs());
    },
    slotOf(key, id) {
      const backend = state?.backends.get(key);
      return backend && sessions.slots.find(id, backend.record);
    },
    // Both only increase, so their sum changes when either does.
    urgentChanges: () => sessions.drainingChanges() + endsSent,
    notices: () => ({
      ended: ended.report(nowMs()),
      seen: seen.report(nowMs()),
      conflicts: conflicts.recent(nowMs()),
    }),
    receiveEnded(ids) {
      endReceived(ids);
    },
    repeatEnded() {
      const nowMs = clock.nowMs();
      for (const session of endedSessions.list(nowMs, noticeLimits.ended.maxPending)) ended.add(session, nowMs);
    },
    endedIds: () => endedSessions.list(clock.nowMs(), maxHandedEnds).map(formatSessionId),
    receiveSeen(ids) {
      const nowMs = clock.nowMs();
      elsewhere.record(ids, nowMs);
      for (const id of ids) sessions.seenElsewhere(parseSessionId(id), nowMs);
    },
    receiveDates(dates) {
      elsewhere.recordDates(dates);
    },
    adopt(handed, { pastLag }) {
      const nowMs = clock.nowMs();
      return (
        state !== undefined &&
        adoptSessions(handed, {
          sessions,
          table: state.table,
          hasEnded: (id) => endedSessions.has(parseSessionId(id), nowMs),
          pastLag,
        })
      );
    },
    adoptEnded(ids) {
      endReceived(ids);
      for (const id of ids) sendEnd(parseSessionId(id), clock.nowMs());
    },
  };
}

/** Returns what may be tokens. */
function textsOf(carrier: SessionRoute['carrier'], request: RequestView): readonly string[] {
  const { repeated } = request;
  if (repeated === undefined) return carrier.read(request);
  if (repeated.tokens?.carrier !== carrier) repeated.tokens = { carrier, texts: carrier.read(request) };
  return repeated.tokens.texts;
}

const noCandidates: readonly SessionCandidate[] = [];

const reply = (made: Reply): RouteDecision => ({ kind: 'reply', reply: made });
