/**
 * The routing table of a proxy without Kubernetes, from a file. It is read every second: a file watch misses files that are renamed into place,
 * as editors and ConfigMaps do.
 *
 *     changed ─► the same when read again? ─no─► read again
 *                         │ yes
 *                         ├─ valid ───► in use
 *                         └─ invalid ─► logged once; the last good table stays in use
 */
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { shareUnchanged } from '../../platform/share-unchanged.ts';
import { judgeTable, type ServedTable } from './judge-table.ts';
import { createKeyFile, createTableReader, type GatheredTable } from './table-reader.ts';

/** `onUnchanged`: the file still has the last table. */
export type TableFilePorts = {
  clock: Clock;
  log: Logger;
  onTable: (table: RoutingTable) => void;
  onUnchanged: () => void;
};

export interface FollowedTable {
  /** Whether the table in use is that of the file. */
  isCurrent(): boolean;
  stop(): void;
}

const pollMs = 1000;
/** A text that was cut off while it was written may be valid, with fewer servers: it counts if it is the same so much later. */
const settleMs = 200;

/** Rejects with TABLE_INVALID if the file cannot be used now. */
export async function followTableFile(file: string, ports: TableFilePorts): Promise<FollowedTable> {
  const { clock, log } = ports;
  const read = createTableReader(file);
  const first = await readFirst(file, read, log);
  const use = createUse(ports);
  use.take(first.state, judgeTable(first));
  /** What was read last, and what was refused last: a state, or why nothing could be read. */
  let pending: string | undefined;
  let refused: string | undefined;
  let cancel = () => {};
  let stopped = false;

  const settle = (mark: string, judge: () => ServedTable) => {
    try {
      use.take(mark, judge());
      refused = undefined;
      log.info({ file }, 'table file changed: in use');
    } catch (error) {
      refused = mark;
      log.error({ file, error: describeError(error) }, 'invalid table file: the last good one stays in use');
    }
  };
  const look = async (): Promise<number> => {
    const { mark, judge } = await readMarked(read);
    if (stopped) return pollMs;
    use.expire();
    const isNew = mark !== use.state() && mark !== refused;
    const isSettled = mark === pending;
    pending = isNew ? mark : undefined;
    if (isNew && !isSettled) return settleMs;
    if (isNew) settle(mark, judge);
    else if (mark === use.state()) {
      refused = undefined;
      use.confirm();
    }
    return pollMs;
  };
  const plan = (afterMs: number) => {
    if (!stopped) cancel = clock.after(afterMs, () => void look().then(plan));
  };
  plan(pollMs);

  return {
    isCurrent: () => refused === undefined,
    stop() {
      stopped = true;
      cancel();
    },
  };
}

type Marked = { mark: string; judge: () => ServedTable };

async function readMarked(read: () => Promise<GatheredTable>): Promise<Marked> {
  try {
    const gathered = await read();
    return { mark: gathered.state, judge: () => judgeTable(gathered) };
  } catch (error) {
    return {
      mark: describeError(error),
      judge() {
        throw error;
      },
    };
  }
}

/** Only now a missing key file is created: if it disappeared later, new keys would end every session. */
async function readFirst(file: string, read: () => Promise<GatheredTable>, log: Logger): Promise<GatheredTable> {
  const gathered = await read();
  if (gathered.kind === 'wire' || 'text' in gathered.keys) return gathered;
  const { table } = gathered.parsed;
  const isCreated = await createKeyFile(file, table);
  if (isCreated) log.info({ keyFile: table.keyFile }, 'session keys created: other proxies of the service need a copy');
  return read();
}

/** The table in use. */
function createUse({ clock, onTable, onUnchanged }: TableFilePorts) {
  let state: string | undefined;
  let served: ServedTable | undefined;
  let table: RoutingTable | undefined;
  let changesAtMs = Number.POSITIVE_INFINITY;

  const apply = () => {
    if (served === undefined) return;
    const expanded = served(clock.nowMs());
    changesAtMs = expanded.changesAtMs;
    table = table === undefined ? expanded.table : shareUnchanged(table, expanded.table);
    onTable(table);
  };
  /** The time of a draining server may be over. */
  const expire = () => {
    if (clock.nowMs() >= changesAtMs) apply();
  };
  return {
    state: () => state,
    take(nextState: string, next: ServedTable) {
      [state, served] = [nextState, next];
      apply();
    },
    expire,
    confirm: onUnchanged,
  };
}
