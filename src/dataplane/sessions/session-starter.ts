/** Starts sessions: fresh ones, in place of one that lost its pod, or in place of one that its client replaces. */
import type { Start } from '../../core/session/confirmation.ts';
import { eligibleEndpoints, orderByWeight, pickEndpoint } from '../../core/balance/balance.ts';
import type { ConnectFailure, Forwarding, Reply, RouteDecision, SessionHold } from '../routing.ts';
import type { CompiledBackend } from './compiled-table.ts';
import type { SessionRoute } from './session-route.ts';
import { countersOf, createLossMemory, type SessionCounters } from './counters.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { HoldContext, LostSession, SessionStarter, StartContext } from './hold-context.ts';
import { NewHold } from './new-hold.ts';
import { PinnedHold } from './pinned-hold.ts';
import {
  backendUnresolved,
  connectFailed,
  endpointLost,
  noBackend,
  outOfResources,
  placementFailed,
  podUnreachable,
  tooManyRequests,
  type NewSessionRefusal,
  type PlacementFailure,
  type ProxyRefusal,
} from './replies.ts';

export type StarterPorts = Omit<HoldContext, 'starter'> & {
  counters: SessionCounters;
  backends: () => ReadonlyMap<string, CompiledBackend>;
  random: () => number;
};

const maxEndpointsTried = 3;

const freshStartOf = (start: Start): StartContext => ({
  tried: [],
  start,
  replaces: undefined,
  lost: undefined,
  failure: undefined,
});

/** The context of a request that has not tried any endpoint. */
export const freshStart: Readonly<Record<Start, StartContext>> = {
  Nothing: freshStartOf('Nothing'),
  Unconfirmed: freshStartOf('Unconfirmed'),
  Confirmed: freshStartOf('Confirmed'),
};

export function createSessionStarter({ counters, backends, random, ...ports }: StarterPorts): SessionStarter {
  const isFirstLoss = createLossMemory();

  const find = (route: SessionRoute, { tried, start }: Pick<StartContext, 'tried' | 'start'>) =>
    findPlacement(route, { backends: backends(), tried, start, nowMs: ports.clock.nowMs(), random });

  const startOn = (route: SessionRoute, { backend, slot, forwarding }: Placement, start: StartContext): SessionHold => {
    backend.record.previousUid = slot.endpoint.uid;
    return new NewHold(context, route, { backend, slot, forwarding, start });
  };

  const refuse = (key: string, refusal: NewSessionRefusal): RouteDecision => {
    countersOf(counters, key).refused[refusal.reason] += 1;
    return { kind: 'reply', reply: refusal };
  };

  /** Returns the pod of a session that its client replaces, unless it has no address at present. */
  const ownPod = ({ replaces }: StartContext) => {
    const slot = replaces && ports.backend(replaces.backend.key)?.find(replaces.token.endpointId);
    return slot?.endpoint.state === 'Absent' ? undefined : slot;
  };

  /** A session on its draining pod is better than none. */
  const fallBackToDraining = (route: SessionRoute, attempt: StartContext): RouteDecision | undefined => {
    const { replaces, start } = attempt;
    const slot = ownPod(attempt);
    if (replaces === undefined || slot === undefined) return undefined;
    return starter.pin(route, { ...replaces, slot, start, nowMs: ports.clock.nowMs() });
  };

  const countLoss = ({ token, backend, reason }: LostSession) => {
    if (isFirstLoss(token)) backend.record.counters.lost[reason] += 1;
    ports.sessions.end(token, 'Lost');
  };

  const starter: SessionStarter = {
    start(route, start) {
      const found = find(route, start);
      if (found.kind === 'noBackend') return fallBackToDraining(route, start) ?? { kind: 'reply', reply: found.reply };
      const tried = start.tried.length;
      if (found.kind === 'placed' && tried < maxEndpointsTried) return forwardTo(startOn(route, found, start));
      const key = found.kind === 'placed' ? found.backend.key : found.key;
      return (
        fallBackToDraining(route, start) ??
        refuse(key, found.kind === 'placed' || tried > 0 ? startFailed(key, start) : placementFailed(found))
      );
    },
    startElsewhere(route, start) {
      const found = find(route, start);
      return found.kind === 'placed' ? startOn(route, found, start) : undefined;
    },
    canStart: (route, start) => find(route, start).kind === 'placed' || ownPod(start) !== undefined,
    reassign(route, lost) {
      const { tried, start } = lost;
      // A request that starts no session does not lose one either: the client keeps its token for the next one that does.
      if (start === 'Nothing') return starter.start(route, { ...freshStart[start], tried });
      if (route.onEndpointLost === 'Reject') {
        countLoss(lost);
        return { kind: 'reply', reply: endpointLost(lost.backend.key, route.carrier.clear(undefined)) };
      }
      const found = find(route, lost);
      // If no pod has room, the client keeps its token and may find its pod again: nothing is lost until the client gets another token.
      if (found.kind === 'noBackend') return { kind: 'reply', reply: found.reply };
      if (found.kind === 'none') {
        return refuse(
          found.key,
          lost.tried.length > 0 ? connectFailed(found.key, lost.tried.length) : placementFailed(found),
        );
      }
      countLoss(lost);
      return forwardTo(startOn(route, found, { ...freshStart[start], tried, lost: lost.token }));
    },
    canReassign: (route, lost) => route.onEndpointLost === 'Reject' || find(route, lost).kind === 'placed',
    refuse({ backend }, failure) {
      const reply = notOfEndpoint(backend.key, failure) ?? podUnreachable(backend.key);
      backend.record.counters.keptRefused[reply.reason] += 1;
      return { kind: 'reply', reply };
    },
    pin: (route, session) => forwardTo(new PinnedHold(context, route, session)),
  };
  const context: HoldContext = { ...ports, starter };
  return starter;
}

const forwardTo = (hold: SessionHold): RouteDecision => ({ kind: 'forward', hold });

const startFailed = (key: string, { tried, failure }: StartContext) =>
  notOfEndpoint(key, failure) ?? connectFailed(key, tried.length);

/** Returns the reply to a request that failed because of this proxy; undefined if an endpoint was the reason. */
function notOfEndpoint(key: string, failure: ConnectFailure | undefined): ProxyRefusal | undefined {
  if (failure === 'LocalError') return outOfResources(key);
  return failure === 'LimitReached' ? tooManyRequests(key) : undefined;
}

type Placement = {
  kind: 'placed';
  backend: CompiledBackend;
  slot: EndpointSlot;
  forwarding: Forwarding | undefined;
};
/** The route itself is wrong: no pod would be better. */
type NoBackend = { kind: 'noBackend'; reply: Reply };

type Search = {
  backends: ReadonlyMap<string, CompiledBackend>;
  tried: readonly string[];
  start: Start;
  nowMs: number;
  random: () => number;
};

/**
 * First the backend, by weight, then one of its pods, by its policy. If the backend that was drawn can accept no session, the next one is
 * tried. (Gateway API asks for 503 for the share of such a backend; but a weight says how users are distributed, not that some are rejected
 * while another backend has room for them.) A backend of weight 0 is never tried: its weight was set to 0 on purpose. One that does not
 * resolve is an error of the route, and its share sees it.
 */
function findPlacement(route: SessionRoute, search: Search): Placement | PlacementFailure | NoBackend {
  let first: PlacementFailure | undefined;
  for (const { backend: key, forwarding } of orderByWeight(route.refs, search.random)) {
    if (key === undefined && first === undefined) return { kind: 'noBackend', reply: backendUnresolved };
    const found = key === undefined ? first : findInBackend(key, forwarding, search);
    if (found?.kind === 'placed') return found;
    first ??= found;
  }
  return first ?? { kind: 'noBackend', reply: noBackend };
}

function findInBackend(
  key: string,
  forwarding: Forwarding | undefined,
  { backends, tried, start, nowMs, random }: Search,
): Placement | PlacementFailure {
  const backend = backends.get(key);
  if (backend === undefined) return { kind: 'none', reason: 'NoEndpointAccepting', key, backend };
  const { policy } = backend.source;
  const maxSessions = start === 'Nothing' ? undefined : backend.sessions.maxPerEndpoint;
  const eligible = eligibleEndpoints(backend.slots, { nowMs, maxSessions, tried });
  if (eligible.kind === 'none') return { kind: 'none', reason: eligible.reason, key, backend };
  const slot = pickEndpoint(policy, eligible.endpoints, { random, previousUid: backend.record.previousUid });
  return slot === undefined
    ? { kind: 'none', reason: 'NoEndpointAccepting', key, backend }
    : { kind: 'placed', backend, slot, forwarding };
}
