/** Merges what the replicas say into the one table to route by, and says when it changed. No I/O. */
import type { TableMessage } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { chooseReplica, overlayDraining, type Choice, type ReplicaView } from './choose.ts';
import { shareUnchanged } from './share-unchanged.ts';

export interface MergerEvents {
  /** Another table: `choice.table` is what to route by. What it has in common with the one before is the same objects. */
  onTable(choice: Choice): void;
  /** The same table is still current. */
  onConfirmed(asOfMs: number): void;
}

export interface TableMerger {
  message(address: string, message: Extract<TableMessage, { type: 'table' | 'heartbeat' }>): void;
  /** The stream is over. What it showed draining goes on counting until the address is heard again or given up. */
  down(address: string): void;
  forget(address: string): void;
  /** Takes a kept table, where no replica has given one yet. */
  startFrom(kept: Choice): void;
}

export function createTableMerger(events: MergerEvents): TableMerger {
  const views = new Map<string, ReplicaView>();
  let streams = 0;
  let chosen: Choice | undefined;
  let published: RoutingTable | undefined;
  /** What the published table was made from: the same parts give the same table. */
  let parts: readonly RoutingTable[] = [];

  const publish = (choice: Choice) => {
    const others = [...views.values()].map(({ table }) => table);
    const inputs = [choice.table, ...others];
    if (published !== undefined && sameItems(inputs, parts)) return false;
    parts = inputs;
    // What was published as draining stays so: another replica that takes over may not have heard of it yet.
    const overlaid = overlayDraining(choice.table, published === undefined ? others : [...others, published]);
    const table = shareWith(published, overlaid);
    if (table === published) return false;
    published = table;
    events.onTable({ ...choice, table });
    return true;
  };

  const evaluate = () => {
    chosen = chooseReplica(chosen, [...views.values()]);
    if (chosen !== undefined && !publish(chosen)) events.onConfirmed(chosen.asOfMs);
  };

  return {
    message(address, message) {
      const before = views.get(address);
      const known = before?.connected === true ? before : undefined;
      const table = message.type === 'table' ? shareWith(published, message.table) : known?.table;
      // A stream begins with a table: a heartbeat before it says nothing that could be routed by.
      if (table === undefined) return;
      const stream = known?.stream ?? (streams += 1);
      views.set(address, {
        stream,
        connected: true,
        revision: BigInt(message.revision),
        asOfMs: message.asOfMs,
        table,
      });
      evaluate();
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
    startFrom(kept) {
      if (chosen !== undefined) return;
      chosen = kept;
      publish(kept);
    },
  };
}

/** Two replicas that know the same thereby give the same table, and a change of one pod is seen to be no more than that. */
const shareWith = (published: RoutingTable | undefined, table: RoutingTable) =>
  published === undefined ? table : shareUnchanged(published, table);

const sameItems = (a: readonly unknown[], b: readonly unknown[]) =>
  a.length === b.length && a.every((item, index) => item === b[index]);
