/** Finds the endpoint for a new session: first the backend, by weight, then one of its pods, by its policy. */
import { eligibleTargets, orderByWeight, pickTarget, type NoneReason } from '../../core/balance/balance.ts';
import type { CompiledBackend } from './backends.ts';
import type { EndpointSlot } from './endpoint-slots.ts';
import type { CompiledRoute } from './routes.ts';

export type Placement = { kind: 'place'; backend: CompiledBackend; slot: EndpointSlot };

/** Why there is none, said of the backend that would have got the session; `backend`: undefined where the table does not have it. */
export type PlacementFailure =
  | { kind: 'none'; reason: NoneReason; key: string; backend: CompiledBackend | undefined }
  | { kind: 'none'; reason: 'AllWeightsZero'; key: string };

/** `tried`: ids of endpoints that refused this request. */
export type Search = {
  backends: ReadonlyMap<string, CompiledBackend>;
  tried: readonly string[];
  nowMs: number;
  random: () => number;
};

/**
 * Where the backend that was drawn can take no session, the next one is asked. (Gateway API would rather have 503 for its share of the
 * requests; but a weight says how users are shared out, not that some are to be sent away while another side has room for them.) A
 * backend of weight 0 is never asked: someone took it out on purpose.
 */
export function findPlacement(route: CompiledRoute, search: Search): Placement | PlacementFailure {
  let first: PlacementFailure | undefined;
  for (const { backend: key } of orderByWeight(route.backendRefs, search.random)) {
    const found = findInBackend(key, search);
    if (found.kind === 'place') return found;
    first ??= found;
  }
  return first ?? { kind: 'none', reason: 'AllWeightsZero', key: route.owner };
}

function findInBackend(key: string, { backends, tried, nowMs, random }: Search): Placement | PlacementFailure {
  const backend = backends.get(key);
  if (backend === undefined) return { kind: 'none', reason: 'NoEndpointAccepting', key, backend };
  const { policy, maxSessionsPerEndpoint: maxSessions } = backend.source;
  const eligible = eligibleTargets(backend.slots, { nowMs, maxSessions, tried });
  if (eligible.kind === 'none') return { kind: 'none', reason: eligible.reason, key, backend };
  const slot = pickTarget(policy, eligible.targets, { random, previousUid: backend.record.previousUid });
  return slot === undefined
    ? { kind: 'none', reason: 'NoEndpointAccepting', key, backend }
    : { kind: 'place', backend, slot };
}
