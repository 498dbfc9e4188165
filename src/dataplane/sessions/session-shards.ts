/** Rows of sessions, spread over many small tables, because a table that grows is rehashed at once: one of a million rows would stop the proxy for 0.1 s. */
import type { SessionId } from './session-ids.ts';
import { createRows, type SessionRows } from './session-rows.ts';

const shardCount = 256;
const firstCapacity = 64;

export type SessionShards = {
  readonly all: readonly SessionRows[];
  readonly of: (session: SessionId) => SessionRows;
  readonly size: () => number;
  /** Sweeps shard after shard, each time from where it stopped, until at least so many rows were examined or all were. */
  readonly sweep: (maxRows: number, sweepShard: (rows: SessionRows) => void) => void;
};

export function createShards(): SessionShards {
  const all = Array.from({ length: shardCount }, () => createRows(firstCapacity));
  const spare = createRows(firstCapacity);
  let next = 0;
  return {
    all,
    of: ({ sessionHi }) => all[sessionHi % shardCount] ?? spare,
    size: () => all.reduce((sum, { size }) => sum + size, 0),
    sweep(maxRows, sweepShard) {
      for (let shard = 0, examined = 0; shard < shardCount && examined < maxRows; shard += 1) {
        const rows = all[next] ?? spare;
        sweepShard(rows);
        examined += rows.mask + 1;
        next = (next + 1) % shardCount;
      }
    },
  };
}
