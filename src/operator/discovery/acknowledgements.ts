/**
 * By which of the sent tables each proxy routes. With its acknowledgement of the table in which a pod drains, a proxy confirms that it sends
 * no new session there.
 *
 * It travels in a report, whose counts were taken while the proxy already routed by the acknowledged table: in a message of its own, it could
 * overtake a count from before it, and a pod with a session that had just started would look empty.
 */
import type { Endpoint, RoutingTable } from '../../wire/routing-table.ts';
import { resourceId } from '../../wire/resources.ts';
import type { Refusal } from '../../wire/messages.ts';

type Acknowledged = { nonce: number; refused: readonly Refusal[] };

export interface Acknowledgements {
  /** A proxy (the UID of its pod) has connected. Whatever an earlier stream of it has acknowledged no longer counts. */
  open(proxyUid: string): SentTables;
  /** Returns the pods (UIDs) that drain in the table by which the proxy routes; undefined: it has acknowledged none of its stream. */
  take(proxyUid: string, acknowledged: Acknowledged | undefined): ReadonlySet<string> | undefined;
}

export interface SentTables {
  /** Returns the nonce of the message with this table. */
  add(table: RoutingTable): number;
  /** Resources that the proxy has refused since the last call: they must be sent whole. */
  takeRefused(): ReadonlySet<string>;
  close(): void;
}

type Stream = {
  sent: { nonce: number; table: RoutingTable }[];
  refused: Set<string>;
  acknowledged: ReadonlySet<string> | undefined;
};

/** Acknowledgements are cumulative: a proxy that is slow to send them needs only the last one. */
const maxUnacknowledged = 64;

/** `firstNonce`: above all that an earlier process of this replica has sent, such as the date. */
export function createAcknowledgements(firstNonce: number): Acknowledgements {
  const streams = new Map<string, Stream>();
  let nonce = firstNonce;
  return {
    open(proxyUid) {
      const stream: Stream = { sent: [], refused: new Set(), acknowledged: undefined };
      streams.set(proxyUid, stream);
      return {
        add(table) {
          nonce += 1;
          stream.sent.push({ nonce, table });
          if (stream.sent.length > maxUnacknowledged) stream.sent.shift();
          return nonce;
        },
        takeRefused() {
          const { refused } = stream;
          stream.refused = new Set();
          return refused;
        },
        close() {
          if (streams.get(proxyUid) === stream) streams.delete(proxyUid);
        },
      };
    },
    take(proxyUid, acknowledged) {
      const stream = streams.get(proxyUid);
      if (stream && acknowledged) acknowledge(stream, acknowledged);
      return stream?.acknowledged;
    },
  };
}

function acknowledge(stream: Stream, { nonce, refused }: Acknowledged): void {
  const at = stream.sent.findLastIndex((sent) => sent.nonce <= nonce);
  const sent = stream.sent[at];
  if (sent === undefined) return;
  stream.sent.splice(0, at + 1);
  for (const { id } of refused) stream.refused.add(id);
  stream.acknowledged = drainingPods(sent.table, new Set(refused.map(({ id }) => id)));
}

const drainingIn = new WeakMap<RoutingTable, ReadonlySet<string>>();

/** Returns the UIDs of the pods that drain in every backend that has them: in one of several is no confirmation. */
function drainingPods(table: RoutingTable, refused: ReadonlySet<string>): ReadonlySet<string> {
  const known = refused.size === 0 ? drainingIn.get(table) : undefined;
  if (known) return known;
  const pods = new Set(
    Object.values(table.backends).flatMap(({ endpoints }) => endpoints.filter(isDraining).map(({ uid }) => uid)),
  );
  if (pods.size > 0) dropUnconfirmed(pods, table, refused);
  if (refused.size === 0) drainingIn.set(table, pods);
  return pods;
}

const isDraining = ({ state }: Endpoint): boolean => state === 'Draining';

function dropUnconfirmed(pods: Set<string>, { backends }: RoutingTable, refused: ReadonlySet<string>): void {
  for (const [key, { endpoints }] of Object.entries(backends)) {
    const isRefused = refused.has(resourceId('endpoints', key));
    for (const endpoint of endpoints) if (isRefused || !isDraining(endpoint)) pods.delete(endpoint.uid);
  }
}
