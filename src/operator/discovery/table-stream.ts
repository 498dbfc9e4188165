/**
 * The table stream of one proxy. It buffers at most one message that the proxy has not read: later changes only mark the table as due,
 * and the proxy gets the newest table when it reads again, however many it has missed.
 */
import type { ServerResponse } from 'node:http';
import type { TableMessage } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { SessionRelay } from './session-relay.ts';

export type PublishedTable = { revision: string; asOfMs: number; table: RoutingTable };

export interface PublishedTables {
  /** Returns the current table of a Gateway (`namespace/name`); undefined until there is one. */
  current(gatewayKey: string): PublishedTable | undefined;
  /** Calls back with the Gateways whose table has changed. Returns a function that unsubscribes. */
  onChange(listener: (gatewayKeys: string[]) => void): () => void;
}

export type TableStreamPorts = {
  tables: PublishedTables;
  relay: Pick<SessionRelay, 'subscribe' | 'ended'>;
  gatewayKey: string;
  podUid: string;
  replica: string;
  clock: Clock;
};

const heartbeatMs = 2000;
/** A proxy that reads nothing for this long is gone, or too slow to route by current tables. */
const stalledMs = 30_000;
/** 0.2 MB. */
const maxEndsInMessage = 10_000;

/** Streams until either side closes. The head is sent at once, the table as soon as there is one. */
export function streamTable(
  response: ServerResponse,
  { tables, relay, gatewayKey, podUid, replica, clock }: TableStreamPorts,
): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  let tableIsDue = true;
  let endsAreDue = true;
  let blockedSinceMs: number | undefined;

  const send = (line: string) => {
    if (!response.write(line)) blockedSinceMs = clock.nowMs();
  };
  const sendMessage = (message: TableMessage) => {
    send(`${JSON.stringify(message)}\n`);
  };
  /** All at once: the proxy must not route by a table before it has them. */
  const sendEnded = () => {
    endsAreDue = false;
    const ended = relay.ended(gatewayKey);
    for (let from = 0; from < ended.length; from += maxEndsInMessage) {
      sendMessage({ type: 'ended', replica, sessions: ended.slice(from, from + maxEndsInMessage) });
    }
  };
  const sendTable = () => {
    const published = tables.current(gatewayKey);
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
    const published = tables.current(gatewayKey);
    if (published === undefined) return;
    if (tableIsDue) sendTable();
    else sendMessage({ type: 'heartbeat', replica, revision: published.revision, asOfMs: published.asOfMs });
  };

  let cancelBeat = clock.after(heartbeatMs, beat);
  const unsubscribe = tables.onChange((gatewayKeys) => {
    if (!gatewayKeys.includes(gatewayKey)) return;
    tableIsDue = true;
    sendTable();
  });
  const unsubscribeRelay = relay.subscribe(gatewayKey, {
    podUid,
    // Not buffered for a proxy that does not read: then it gets all ended sessions once more, and `seen` is repeated.
    onNotices({ ended, seen }) {
      if (blockedSinceMs !== undefined) {
        endsAreDue ||= ended.length > 0;
        return;
      }
      if (ended.length > 0) sendMessage({ type: 'ended', replica, sessions: ended });
      if (seen.length > 0 && blockedSinceMs === undefined) sendMessage({ type: 'seen', replica, sessions: seen });
    },
    // A proxy without the newest table may not have all pods of the sessions that it would count.
    onHandover(handover) {
      if (blockedSinceMs !== undefined || tableIsDue) return false;
      sendMessage({ type: 'handover', replica, handover });
      return true;
    },
  });
  response.on('drain', () => {
    blockedSinceMs = undefined;
    if (endsAreDue) sendEnded();
    if (tableIsDue) sendTable();
  });
  response.on('close', () => {
    cancelBeat();
    unsubscribe();
    unsubscribeRelay();
  });
  sendEnded();
  sendTable();
}

/** A table is serialized once, not once for each proxy of the Gateway: with 10,000 endpoints it is 2 MB. */
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
