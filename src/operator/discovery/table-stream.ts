/**
 * One proxy's stream of tables. It holds at most one message that the peer has not taken: what changes meanwhile is only
 * noted, and the peer gets the newest table when it reads again, however many it missed.
 */
import type { ServerResponse } from 'node:http';
import type { TableMessage } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { SessionRelay } from './session-relay.ts';

export type PublishedTable = { revision: string; asOfMs: number; table: RoutingTable };

export interface TableFeed {
  /** The table of a Gateway (`namespace/name`) as it is now; undefined until there is one. */
  current(gatewayKey: string): PublishedTable | undefined;
  /** Calls back with the Gateways whose table has changed, until the answer is called. */
  onChange(listener: (gatewayKeys: string[]) => void): () => void;
}

export type TableSource = {
  feed: TableFeed;
  relay: Pick<SessionRelay, 'listen'>;
  gatewayKey: string;
  podUid: string;
  replica: string;
  clock: Clock;
};

const heartbeatMs = 2000;
/** A peer that takes nothing for this long is gone, or too slow to route by what we say. */
const stalledMs = 30_000;

/** Streams until either side closes. The head is sent at once; the table as soon as there is one. */
export function streamTable(
  response: ServerResponse,
  { feed, relay, gatewayKey, podUid, replica, clock }: TableSource,
): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  let tableIsDue = true;
  let blockedSinceMs: number | undefined;

  const send = (line: string) => {
    if (!response.write(line)) blockedSinceMs = clock.nowMs();
  };
  const say = (message: TableMessage) => {
    send(`${JSON.stringify(message)}\n`);
  };
  const sendTable = () => {
    const published = feed.current(gatewayKey);
    if (blockedSinceMs !== undefined || published === undefined) return;
    tableIsDue = false;
    send(tableLine(published, replica));
  };
  const beat = () => {
    cancelBeat = clock.after(heartbeatMs, beat);
    if (blockedSinceMs !== undefined) {
      if (clock.nowMs() - blockedSinceMs > stalledMs) response.destroy();
      return;
    }
    const published = feed.current(gatewayKey);
    if (published === undefined) return;
    if (tableIsDue) sendTable();
    else say({ type: 'heartbeat', replica, revision: published.revision, asOfMs: published.asOfMs });
  };

  let cancelBeat = clock.after(heartbeatMs, beat);
  const unsubscribe = feed.onChange((gatewayKeys) => {
    if (!gatewayKeys.includes(gatewayKey)) return;
    tableIsDue = true;
    sendTable();
  });
  const silence = relay.listen(gatewayKey, {
    podUid,
    // For a peer that does not read it is not kept: it hears of ends by the idle timeout, and of what is alive when it is named again.
    hear(news) {
      for (const type of ['ended', 'seen'] as const) {
        const sessions = news[type];
        if (blockedSinceMs === undefined && sessions.length > 0) say({ type, replica, sessions });
      }
    },
    // A peer that was not told the newest table may not know all pods that it would have to count for.
    inherit(handover) {
      if (blockedSinceMs !== undefined || tableIsDue) return false;
      say({ type: 'handover', replica, handover });
      return true;
    },
  });
  response.on('drain', () => {
    blockedSinceMs = undefined;
    if (tableIsDue) sendTable();
  });
  response.on('close', () => {
    cancelBeat();
    unsubscribe();
    silence();
  });
  sendTable();
}

/** The JSON of a table is made once, not once for each proxy of the Gateway: with 10,000 endpoints it is 2 MB. */
const jsonOf = new WeakMap<RoutingTable, string>();

function tableLine({ revision, asOfMs, table }: PublishedTable, replica: string): string {
  const json = jsonOf.get(table) ?? JSON.stringify(table);
  jsonOf.set(table, json);
  const head = JSON.stringify({ type: 'table', replica, revision, asOfMs } satisfies Omit<
    Extract<TableMessage, { type: 'table' }>,
    'table'
  >);
  return `${head.slice(0, -1)},"table":${json}}\n`;
}
