/** What each replica of the operator has sent on its stream, and which of its deltas this proxy acknowledges. */
import type { Hello, Refusal, Report } from '../../wire/messages.ts';
import type { ReceivedMessage } from '../../wire/stream-messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { createResourceStore, type ResourceStore } from '../../wire/resource-store.ts';
import { resourceId } from '../../wire/resources.ts';
import type { TableDelta } from '../../wire/table-delta.ts';
import { AppError } from '../../platform/errors.ts';

type ReceivedDelta = Extract<ReceivedMessage, { type: 'delta' }>;

export interface ResourceStreams {
  /** A stream is about to be opened. Its replica needs to send only what differs from the returned versions. */
  open(address: string): Hello;
  close(address: string): void;
  /** Another object for each stream that is opened; undefined if none is open. */
  current(address: string): object | undefined;
  /** Returns the table with the delta. Throws if it applies to another version: the stream must be opened again. */
  apply(address: string, delta: ReceivedDelta): { table?: RoutingTable };
  /** Requests are now routed by the table with this delta. */
  acknowledge(address: string, delta: ReceivedDelta): void;
  acknowledged(address: string): Report['acknowledged'];
}

export function createResourceStreams(): ResourceStreams {
  const stores = new Map<string, ResourceStore>();
  const acknowledged = new Map<string, NonNullable<Report['acknowledged']>>();
  /** The resources that arrived last, of whichever replica: what another one sends differs the least from them. */
  let newest = createResourceStore();
  return {
    open(address) {
      const store = newest.fork();
      stores.set(address, store);
      return { have: store.versions() };
    },
    close(address) {
      stores.delete(address);
      acknowledged.delete(address);
    },
    current: (address) => stores.get(address),
    apply(address, { delta }) {
      const store = stores.get(address) ?? createResourceStore();
      const unknown = store.apply(delta);
      newest = store;
      if (unknown.length > 0) throw otherVersions(unknown);
      const table = store.table();
      return table ? { table } : {};
    },
    acknowledge(address, { nonce, delta, refused }) {
      const before = acknowledged.get(address)?.refused ?? [];
      acknowledged.set(address, { nonce, refused: [...stillRefused(before, delta, refused), ...refused] });
    },
    acknowledged: (address) => acknowledged.get(address),
  };
}

/** The proxy has an older version of a resource that it has refused until it gets another: a later delta says nothing of it. */
function stillRefused(before: readonly Refusal[], delta: TableDelta, refused: readonly Refusal[]): readonly Refusal[] {
  if (before.length === 0) return before;
  const sentAgain = new Set([
    ...refused.map(({ id }) => id),
    ...(delta.remove ?? []),
    ...(delta.set ?? []).map(({ type, name }) => resourceId(type, name)),
    ...(delta.endpoints ?? []).map(({ backend }) => resourceId('endpoints', backend)),
  ]);
  return before.filter(({ id }) => !sentAgain.has(id));
}

const otherVersions = (ids: string[]): AppError =>
  new AppError('RESOURCES_OUT_OF_STEP', `a delta applies to other versions of ${ids.join(', ')}`, {
    source: 'upstream',
    retryable: true,
  });
