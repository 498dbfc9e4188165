/**
 * The stream of one proxy: what of its Gateway's table has changed since the last message. It buffers at most one message that the proxy has
 * not read: later changes only mark the table as due, and the proxy gets them as one delta when it reads again, however many it has missed.
 */
import type { ServerResponse } from 'node:http';
import type { DeltaMessage, StreamMessage } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Acknowledgements, SentTables } from './acknowledgements.ts';
import type { DeltaTexts } from './delta-texts.ts';
import { partOf } from './retired-delta.ts';
import type { SessionNotices, SessionRelay } from './session-relay.ts';

/** `isRetired`: the Gateway is gone, and its proxies end what they have begun. */
export type PublishedTable = { revision: string; asOfMs: number; table: RoutingTable; isRetired: boolean };

export interface PublishedTables {
  /** Returns the current table of a Gateway (`namespace/name`); undefined until there is one. */
  current(gatewayKey: string): PublishedTable | undefined;
  /** Calls back with the Gateways whose table has changed. Returns a function that unsubscribes. */
  onChange(listener: (gatewayKeys: string[]) => void): () => void;
}

export type ResourceStreamPorts = {
  tables: PublishedTables;
  texts: DeltaTexts;
  acknowledgements: Acknowledgements;
  relay: Pick<SessionRelay, 'subscribe' | 'ended'>;
  gatewayKey: string;
  podUid: string;
  /** Versions of the resources that the proxy has. */
  have: Record<string, string>;
  replica: string;
  clock: Clock;
};

const heartbeatMs = 2000;
/** A proxy that reads nothing for this long is gone, or too slow to route by current tables. */
const stalledMs = 30_000;
/** 0.2 MB. */
const maxEndsInMessage = 10_000;

/** Streams until either side closes. The head is sent at once, the table as soon as there is one. */
export function streamResources(response: ServerResponse, ports: ResourceStreamPorts): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  const stream = new ResourceStream(response, ports);
  const { tables, relay, gatewayKey, podUid, clock } = ports;
  const beat = () => {
    cancelBeat = clock.after(heartbeatMs, beat);
    stream.beat();
  };
  let cancelBeat = clock.after(heartbeatMs, beat);
  const unsubscribe = tables.onChange((gatewayKeys) => {
    if (gatewayKeys.includes(gatewayKey)) stream.tableChanged();
  });
  const unsubscribeRelay = relay.subscribe(gatewayKey, {
    podUid,
    onNotices: (notices) => {
      stream.sendNotices(notices);
    },
    onHandover: (handover) => stream.sendHandover(handover),
  });
  response.on('drain', () => {
    stream.continue();
  });
  response.on('close', () => {
    cancelBeat();
    unsubscribe();
    unsubscribeRelay();
    stream.close();
  });
  stream.continue();
}

class ResourceStream {
  readonly #response: ServerResponse;
  readonly #ports: ResourceStreamPorts;
  readonly #sent: SentTables;
  /** That of the last delta. */
  #table: RoutingTable | undefined;
  #isRetired = false;
  /** What the proxy had when its Gateway was retired, which it keeps: a backend of it may be found in the cluster only later. */
  #kept: RoutingTable | Record<string, string> = {};
  #tableIsDue = true;
  #endsAreDue = true;
  #blockedSinceMs: number | undefined;

  constructor(response: ServerResponse, ports: ResourceStreamPorts) {
    this.#response = response;
    this.#ports = ports;
    this.#sent = ports.acknowledgements.open(ports.podUid);
  }

  close(): void {
    this.#sent.close();
  }

  tableChanged(): void {
    this.#tableIsDue = true;
    this.#sendTable();
  }

  /** The proxy reads, or reads again. */
  continue(): void {
    this.#blockedSinceMs = undefined;
    if (this.#endsAreDue) this.#sendEnded();
    if (this.#tableIsDue) this.#sendTable();
  }

  beat(): void {
    const { clock, tables, gatewayKey, replica } = this.#ports;
    const published = tables.current(gatewayKey);
    if (this.#blockedSinceMs !== undefined) {
      if (clock.nowMs() - this.#blockedSinceMs > stalledMs) this.#response.destroy();
    } else if (this.#tableIsDue) this.#sendTable();
    else if (published) {
      this.#send({ type: 'heartbeat', replica, revision: published.revision, asOfMs: published.asOfMs });
    }
  }

  /** Not buffered for a proxy that does not read: then it gets all ended sessions once more, and `seen` is repeated. */
  sendNotices({ ended, seen }: SessionNotices): void {
    const { replica } = this.#ports;
    if (this.#blockedSinceMs !== undefined) {
      this.#endsAreDue ||= ended.length > 0;
      return;
    }
    if (ended.length > 0) this.#send({ type: 'ended', replica, sessions: ended });
    if (seen.length > 0 && !this.#isBlocked()) this.#send({ type: 'seen', replica, sessions: seen });
  }

  /** A proxy without the newest table may not have all pods of the sessions that it would count. */
  sendHandover(handover: Extract<StreamMessage, { type: 'handover' }>['handover']): boolean {
    if (this.#isBlocked() || this.#tableIsDue) return false;
    this.#send({ type: 'handover', replica: this.#ports.replica, handover });
    return true;
  }

  /** All at once: the proxy must not route by a table before it has them. */
  #sendEnded(): void {
    const { relay, gatewayKey, replica } = this.#ports;
    this.#endsAreDue = false;
    const ended = relay.ended(gatewayKey);
    for (let from = 0; from < ended.length; from += maxEndsInMessage) {
      this.#send({ type: 'ended', replica, sessions: ended.slice(from, from + maxEndsInMessage) });
    }
  }

  #sendTable(): void {
    const { tables, gatewayKey, replica } = this.#ports;
    const published = tables.current(gatewayKey);
    if (this.#isBlocked() || published === undefined) return;
    if (this.#isRetired && !published.isRetired) {
      // The Gateway is there again. What the proxy has kept is known only to itself: it says so when it connects again.
      this.#response.destroy();
      return;
    }
    this.#tableIsDue = false;
    const { revision, asOfMs } = published;
    const { table, delta } = this.#nextDelta(published);
    this.#table = table;
    const head: Omit<DeltaMessage, 'delta'> = {
      type: 'delta',
      replica,
      nonce: this.#sent.add(table),
      revision,
      asOfMs,
    };
    this.#write(`${JSON.stringify(head).slice(0, -1)},"delta":${delta}}\n`);
  }

  #nextDelta({ table, isRetired }: PublishedTable): { table: RoutingTable; delta: string } {
    const { texts, have } = this.#ports;
    const last = this.#table;
    const whole = this.#sent.takeRefused();
    if (!this.#isRetired) this.#kept = last ?? have;
    this.#isRetired = isRetired;
    if (isRetired) {
      const part = partOf(table, this.#kept);
      return { table: part, delta: texts.endpoints(last, part, { have, whole }) };
    }
    return { table, delta: last === undefined ? texts.first(have, table) : texts.next(last, table, whole) };
  }

  #isBlocked(): boolean {
    return this.#blockedSinceMs !== undefined;
  }

  #send(message: StreamMessage): void {
    this.#write(`${JSON.stringify(message)}\n`);
  }

  #write(line: string): void {
    if (!this.#response.write(line)) this.#blockedSinceMs = this.#ports.clock.nowMs();
  }
}
