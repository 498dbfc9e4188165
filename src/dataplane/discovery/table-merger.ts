/** Merges the tables of the replicas into the one by which the proxy routes, and reports its changes. No I/O. */
import type { RoutingTable } from '../../wire/routing-table.ts';
import { chooseReplica, type Choice, type ReplicaView } from './choose.ts';
import { overlayDraining, retractedDrains, type Retracted } from './draining-overlay.ts';
import { shareUnchanged } from '../../platform/share-unchanged.ts';

export interface MergerEvents {
  /** A new table to route by, `choice.table`. Parts that are equal to the previous table are the same objects. */
  onTable(choice: Choice): void;
  /** The same table is still current. */
  onConfirmed(asOfMs: number): void;
}

/** `table`: absent if it is that of the message before. */
export type ReplicaState = { revision: string; asOfMs: number; table?: RoutingTable };

export interface TableMerger {
  message(address: string, state: ReplicaState): void;
  /** The stream is over. Its draining pods stay draining until the address sends another table or is dropped. */
  down(address: string): void;
  forget(address: string): void;
  /** Routes by a stored table if no replica has sent one yet. */
  startFrom(stored: Choice): void;
}

/** `fresh`: the table that has just arrived, whose parts are shared with the published one already. */
type Arrival = { fresh?: RoutingTable | undefined; retracted?: Retracted | undefined };

export function createTableMerger(events: MergerEvents): TableMerger {
  const views = new Map<string, ReplicaView>();
  let streams = 0;
  let chosen: Choice | undefined;
  let published: RoutingTable | undefined;
  /** The tables from which the published one was made: the same inputs give the same table. */
  let lastInputs: readonly RoutingTable[] = [];

  const publish = (choice: Choice, { fresh, retracted }: Arrival = {}) => {
    const replicas = [...views.values()].map(({ table }) => table);
    const inputs = [choice.table, ...replicas];
    if (published !== undefined && sameItems(inputs, lastInputs)) return false;
    lastInputs = inputs;
    const overlaid = overlayDraining(choice.table, { replicas, published, retracted });
    const table = overlaid === fresh ? fresh : shareWith(published, overlaid);
    if (table === published) return false;
    published = table;
    events.onTable({ ...choice, table });
    return true;
  };

  const evaluate = (arrival?: Arrival) => {
    chosen = chooseReplica(chosen, [...views.values()]);
    if (chosen !== undefined && !publish(chosen, arrival)) events.onConfirmed(chosen.asOfMs);
  };

  return {
    message(address, state) {
      const before = views.get(address);
      const known = before?.connected === true ? before : undefined;
      const fresh = state.table && shareWith(published, state.table);
      const table = fresh ?? known?.table;
      // A stream begins with a table: an earlier heartbeat has nothing to route by.
      if (table === undefined) return;
      const stream = known?.stream ?? (streams += 1);
      const revision = BigInt(state.revision);
      views.set(address, { stream, connected: true, revision, asOfMs: state.asOfMs, table });
      // Of the same replica, the newer revision is right.
      const isLater = before !== undefined && revision >= before.revision;
      evaluate({ fresh, retracted: isLater ? retractedDrains(before.table, table) : undefined });
    },
    down(address) {
      const view = views.get(address);
      if (view === undefined) return;
      views.set(address, { ...view, connected: false });
      evaluate();
    },
    forget(address) {
      if (views.delete(address)) evaluate();
    },
    startFrom(stored) {
      if (chosen !== undefined) return;
      chosen = stored;
      publish(stored);
    },
  };
}

/** Equal tables of two replicas become the same object, and a change of one pod leaves everything else the same objects. */
const shareWith = (published: RoutingTable | undefined, table: RoutingTable) =>
  published === undefined ? table : shareUnchanged(published, table);

const sameItems = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((item, index) => item === b[index]);
