/** Backends and routes without sessions: each request is balanced by itself, and nothing is remembered about its client. */
import { drawByWeight, type EndpointLoad } from '../../core/balance/balance.ts';
import type { Backend, Endpoint } from '../../wire/routing-table.ts';
import type { CompiledRef } from '../filters/compile.ts';
import type { OutlierState } from './outlier.ts';
import type { RouteParts } from './route-parts.ts';

/** Contains keys of backends, as `SessionRoute`. `refs`: those with a weight above 0. */
export type PlainRoute = RouteParts & { kind: 'Plain' };

/** An endpoint of one backend. The same pod may be in several backends: each counts its own requests. */
export type PlainSlot = EndpointLoad & OutlierState & { endpoint: Endpoint; starting: number };

export type PlainBackend = {
  readonly source: Backend;
  /** Those that get requests. */
  readonly slots: readonly PlainSlot[];
  /** UID of the pod that got the last request; undefined before the first. */
  previousUid: string | undefined;
};

export const compilePlainRoute = (common: RouteParts): PlainRoute => ({
  kind: 'Plain',
  ...common,
  refs: common.refs.filter(({ weight }) => weight > 0),
});

export const drawBackend = ({ refs }: PlainRoute, random: () => number): CompiledRef | undefined =>
  drawByWeight(refs, random);

/** `before`: the same backend in the previous table, whose endpoints keep their counts. */
export function compilePlainBackend(source: Backend, before: PlainBackend | undefined): PlainBackend {
  if (before?.source === source) return before;
  const known = new Map(before?.slots.map((slot) => [slot.endpoint.uid, slot]));
  return {
    source,
    slots: inUse(source.endpoints).map((endpoint) => {
      const slot = known.get(endpoint.uid) ?? createSlot(endpoint);
      slot.endpoint = endpoint;
      return slot;
    }),
    previousUid: before?.previousUid,
  };
}

/** As kube-proxy does (KEP-1669): if no endpoint is ready, requests go to those that terminate and still serve. */
function inUse(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const accepting = endpoints.filter(({ state }) => state === 'Accepting');
  if (accepting.length > 0) return accepting;
  return endpoints.flatMap((endpoint) =>
    endpoint.state === 'Draining' ? [{ ...endpoint, state: 'Accepting' as const }] : [],
  );
}

const createSlot = (endpoint: Endpoint): PlainSlot => ({
  endpoint,
  sessions: 0,
  unconfirmed: 0,
  starting: 0,
  startingConfirmed: 0,
  open: 0,
  connectFailures: 0,
  ejectedUntilMs: 0,
  unhealthy: false,
  unanswered: false,
});
