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
  /** Resources that the proxy has refused since the last call: they must be sent whole, in the next message. */
  takeRefused(): ReadonlySet<string>;
  close(): void;
}

/** What the proxy has as it was before, by id: the first message that has the resource again; undefined until there is one. */
type Refused = Map<string, number | undefined>;

type Stream = {
  sent: { nonce: number; table: RoutingTable }[];
  refused: Refused;
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
      const stream: Stream = { sent: [], refused: new Map(), acknowledged: undefined };
      streams.set(proxyUid, stream);
      return {
        add(table) {
          nonce += 1;
          stream.sent.push({ nonce, table });
          if (stream.sent.length > maxUnacknowledged) stream.sent.shift();
          return nonce;
        },
        takeRefused() {
          const due = [...stream.refused.keys()].filter((id) => stream.refused.get(id) === undefined);
          for (const id of due) stream.refused.set(id, nonce + 1);
          return new Set(due);
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
  updateRefused(stream.refused, { nonce, refused });
  stream.acknowledged = drainingPods(sent.table, stream.refused);
}

/** A message that was on its way when the proxy refused a resource of an earlier one says nothing of that resource, nor does its acknowledgement. */
function updateRefused(known: Refused, { nonce, refused }: Acknowledged): void {
  for (const [id, againIn] of known) if (againIn !== undefined && againIn <= nonce) known.delete(id);
  for (const { id } of refused) if (!known.has(id)) known.set(id, undefined);
}

const drainingIn = new WeakMap<RoutingTable, ReadonlySet<string>>();

/** Returns the UIDs of the pods that drain in every backend that has them: in one of several is no confirmation. */
function drainingPods(table: RoutingTable, refused: Refused): ReadonlySet<string> {
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

function dropUnconfirmed(pods: Set<string>, { backends }: RoutingTable, refused: Refused): void {
  for (const [key, { endpoints }] of Object.entries(backends)) {
    const isRefused = refused.has(resourceId('endpoints', key));
    for (const endpoint of endpoints) if (isRefused || !isDraining(endpoint)) pods.delete(endpoint.uid);
  }
}
