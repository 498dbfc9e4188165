/**
 * From an accepted connection to the one that reads requests.
 *
 *     accepted ──limits──► plain, without a PROXY header ─────────► ClientConnection
 *                     └──► Opening: PROXY header, TLS handshake ──►──┘
 */
import type { Accepted } from '../net/accepted.ts';
import { plainAddress } from '../net/addresses.ts';
import type { Admission, ConnectionLimit, Place } from '../net/admission.ts';
import type { Timed } from '../net/deadlines.ts';
import { noUser, type SocketUser, type TcpSocket } from '../net/tcp-socket.ts';
import type { TlsPort } from '../tls/termination.ts';
import type { OpenConnection, OpenConnections } from './open-connections.ts';
import type { ClientListener, Opened } from './opened.ts';
import { Opening, type OpeningParts } from './opening.ts';
import type { ServerContext } from '../context.ts';
import { refuseConnection } from './refuse-connection.ts';

export interface Reception {
  /** `listenerPort`: the port of the listener in the routing table. */
  accept(accepted: Accepted, listenerPort: number): void;
}

/** A connection whose requests are read from now on. */
export type ReadingConnection = OpenConnection & Timed & SocketUser;

type Change = (next: OpenConnection & Timed) => void;
/** A connection with a place among those that are admitted. */
type Arrived = Pick<Opened, 'place' | 'listener' | 'closed'> & { change: Change };

type OpenedParts = Pick<Opened, 'header' | 'tls' | 'protocol' | 'deadlineMs'>;

type Parts = {
  context: ServerContext;
  connections: OpenConnections;
  admission: Admission;
  /** Makes the codec of a connection. */
  createConnection: (socket: TcpSocket, opened: Opened) => ReadingConnection;
};

export function createReception({ context, connections, admission, createConnection }: Parts): Reception {
  const { counters, deadlines, sockets } = context;

  function receive(accepted: Accepted, listenerPort: number): void {
    const port = context.termination.port(listenerPort);
    const place = admission.admit(plainAddress(accepted.remoteAddress ?? ''));
    if (typeof place === 'string') {
      refuse(accepted, place, port);
      return;
    }
    const arrived = { ...enroll(place), listener: listenerOf(listenerPort, port) };
    const socket = port === undefined ? sockets.accept(accepted) : sockets.acceptBelowTls(accepted);
    try {
      if (port !== undefined) arrived.change(new Opening(openingParts(socket, arrived, port)));
      else beginPlain(socket, arrived);
    } catch (error) {
      socket.user = { ...noUser, socketClosed: arrived.closed };
      socket.destroy();
      throw error;
    }
  }

  /** Counts the connection until it is closed, in whichever of its two states. */
  function enroll(place: Place): Pick<Arrived, 'place' | 'closed' | 'change'> {
    counters.connectionsAccepted += 1;
    counters.connectionsOpen += 1;
    let current: (OpenConnection & Timed) | undefined;
    return {
      place,
      closed() {
        place.release();
        counters.connectionsOpen -= 1;
        if (current !== undefined) leave(current);
      },
      change(next) {
        enter(next);
        if (current !== undefined) leave(current);
        current = next;
      },
    };
  }

  function beginPlain(socket: TcpSocket, arrived: Arrived): void {
    if (context.inFront.proxyProtocol === 'Required') {
      arrived.change(new Opening(openingParts(socket, arrived, undefined)));
    } else {
      const deadlineMs = deadlines.in(context.timeouts.headMs);
      begin(socket, arrived, { deadlineMs, protocol: 'HTTP1' });
    }
  }

  /** Requests are read from now on. */
  function begin(socket: TcpSocket, arrived: Arrived, opened: OpenedParts): ReadingConnection {
    const connection = createConnection(socket, {
      ...arrived,
      ...opened,
      switchToHttp2(bytes) {
        begin(socket, arrived, { ...opened, protocol: 'HTTP2' }).socketBytes(bytes, bytes.length);
      },
    });
    arrived.change(connection);
    return connection;
  }

  const openingParts = (transport: TcpSocket, arrived: Arrived, port: TlsPort | undefined): OpeningParts => ({
    context,
    transport,
    port,
    ...arrived,
    ready({ socket, rest, ...opened }) {
      const connection = begin(socket, arrived, opened);
      if (rest !== undefined) connection.socketBytes(rest, rest.length);
    },
  });

  function refuse(accepted: Accepted, limit: ConnectionLimit, port: TlsPort | undefined): void {
    counters.limitRefusals[limit] += 1;
    const at = { nowMs: context.clock.nowMs(), closed: () => undefined };
    // Without a handshake there is no response that the client could read.
    if (port === undefined) refuseConnection(sockets.accept(accepted), limit, at);
    else accepted.destroy();
  }

  function enter(connection: OpenConnection & Timed): void {
    connections.add(connection);
    deadlines.watch(connection);
  }

  function leave(connection: OpenConnection & Timed): void {
    connections.delete(connection);
    deadlines.forget(connection);
  }

  return {
    accept(accepted, listenerPort) {
      try {
        receive(accepted, listenerPort);
      } catch (error) {
        context.faults.record(error, 'Accept');
        accepted.destroy();
      }
    },
  };
}

const listenerOf = (port: number, tls: TlsPort | undefined): ClientListener => ({
  port,
  scheme: tls === undefined ? 'http' : 'https',
});
