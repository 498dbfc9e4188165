/** How sessions begin: fresh, in place of one that lost its pod, or in place of one that its client leaves behind. */
import type { RouteDecision } from '../routing.ts';
import type { CompiledBackend } from './backends.ts';
import { countersOf, createLossMemory, type SessionCounters } from './counters.ts';
import type { HoldContext, LostSession, StartContext, PinnedSession } from './hold-context.ts';
import { NewHold } from './new-hold.ts';
import { PinnedHold } from './pinned-hold.ts';
import { findPlacement, type Placement } from './placement.ts';
import { connectFailed, endpointLost, placementFailed, type Refusal } from './replies.ts';
import type { CompiledRoute } from './routes.ts';

export interface SessionStarter extends Pick<HoldContext, 'begin' | 'canBegin' | 'lose'> {
  /** Whether a session that lost its pod would get an answer other than "no room". */
  canMove(route: CompiledRoute, loss: LostSession): boolean;
}

type Tools = { counters: SessionCounters; backends: () => ReadonlyMap<string, CompiledBackend>; random: () => number };

const maxEndpointsTried = 3;

export function createSessionStarter(context: HoldContext, { counters, backends, random }: Tools): SessionStarter {
  const isFirstLoss = createLossMemory();

  const find = (route: CompiledRoute, tried: readonly string[]) =>
    findPlacement(route, { backends: backends(), tried, nowMs: context.clock.nowMs(), random });

  const start = (route: CompiledRoute, { backend, slot }: Placement, origin: StartContext): RouteDecision => {
    backend.record.previousUid = slot.endpoint.uid;
    return { kind: 'forward', hold: new NewHold(context, route, { backend, slot, origin }) };
  };

  const refuse = (key: string, refusal: Refusal): RouteDecision => {
    countersOf(counters, key).refused[refusal.reason] += 1;
    return { kind: 'reply', reply: refusal };
  };

  const slotOf = ({ backend, token }: PinnedSession) => context.backend(backend.key)?.find(token.endpointId);

  /** Better on its draining pod than nowhere. */
  const fallBackToDraining = (route: CompiledRoute, { replaces }: StartContext): RouteDecision | undefined => {
    const slot = replaces && slotOf(replaces);
    if (replaces === undefined || slot === undefined) return undefined;
    return {
      kind: 'forward',
      hold: new PinnedHold(context, route, { ...replaces, slot, nowMs: context.clock.nowMs() }),
    };
  };

  const countLoss = ({ token, backend, reason }: LostSession) => {
    if (isFirstLoss(token)) backend.record.counters.lost[reason] += 1;
    context.sessions.end(token, 'Lost');
  };

  return {
    begin(route, origin) {
      const found = find(route, origin.tried);
      const tried = origin.tried.length;
      if (found.kind === 'place' && tried < maxEndpointsTried) return start(route, found, origin);
      const key = found.kind === 'place' ? found.backend.key : found.key;
      return (
        fallBackToDraining(route, origin) ??
        refuse(key, found.kind === 'place' || tried > 0 ? connectFailed(key, tried) : placementFailed(found))
      );
    },
    canBegin: (route, { tried, replaces }) =>
      find(route, tried).kind === 'place' || (replaces !== undefined && slotOf(replaces) !== undefined),
    lose(route, loss) {
      if (route.onEndpointLost === 'Reject') {
        countLoss(loss);
        return { kind: 'reply', reply: endpointLost(loss.backend.key, route.carrier.clear) };
      }
      const found = find(route, loss.tried);
      // Where no pod has room the client keeps its token and may find its pod again: nothing is lost until it gets another.
      if (found.kind === 'none') {
        return refuse(
          found.key,
          loss.tried.length > 0 ? connectFailed(found.key, loss.tried.length) : placementFailed(found),
        );
      }
      countLoss(loss);
      return start(route, found, { tried: loss.tried, replaces: undefined });
    },
    canMove: (route, { tried }) => route.onEndpointLost === 'Reject' || find(route, tried).kind === 'place',
  };
}
