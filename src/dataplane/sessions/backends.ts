/** A backend of the routing table, made ready for the request path. */
import type { EndpointLookup } from '../../core/session/decide.ts';
import { backendId, signingKeys, type SigningKeys } from '../../core/session/token.ts';
import type { Backend } from '../../wire/routing-table.ts';
import type { BackendCounters } from './counters.ts';
import type { BackendRecord, EndpointSlot, EndpointSlots } from './endpoint-slots.ts';

export interface CompiledBackend extends EndpointLookup<EndpointSlot> {
  readonly source: Backend;
  readonly key: string;
  readonly id: number;
  readonly keys: SigningKeys;
  readonly record: BackendRecord;
  /** In the order of the table. */
  readonly slots: readonly EndpointSlot[];
}

/** `before`: the same backend in the table before; parts that are still the same object are reused. */
type World = { before: CompiledBackend | undefined; slots: EndpointSlots; counters: BackendCounters };

export function compileBackend(source: Backend, { before, slots, counters }: World): CompiledBackend {
  const { key, keyRing, limits } = source;
  const record = before?.record ?? { limits, counters, previousUid: undefined };
  record.limits = limits;
  const removedEndpoints = new Set(source.removedEndpoints.map(({ id }) => id));
  return {
    source,
    key,
    id: before?.id ?? backendId(key),
    keys: before?.source.keyRing === keyRing ? before.keys : signingKeys(keyRing),
    limits,
    record,
    slots: source.endpoints.map((endpoint, index) => {
      const known = before?.slots[index];
      return known?.endpoint === endpoint ? known : slots.enter(endpoint, record);
    }),
    // A pod that another backend of the table took over is still the pod of its sessions.
    find(id) {
      const slot = slots.byId(id);
      return slot?.inTable === true ? slot : undefined;
    },
    isRemoved: (id) => removedEndpoints.has(id),
  };
}
