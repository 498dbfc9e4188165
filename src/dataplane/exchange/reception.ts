/**
 * From an accepted connection to the one that reads requests.
 *
 *     accepted ──limits──► plain, without a PROXY header ─────────► ClientConnection
 *                     └──► Opening: PROXY header, TLS handshake ──►──┘
 */
import type { Socket } from 'node:net';
import { plainAddress } from '../net/addresses.ts';
import type { Admission, ConnectionLimit, Place } from '../net/admission.ts';
import { acceptStream } from '../net/sockets.ts';
import { StreamSocket } from '../net/stream-socket.ts';
import { noUser, type TcpSocket } from '../net/tcp-socket.ts';
import type { TlsPort } from '../tls/termination.ts';
import { ClientConnection } from './client-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import type { ClientListener, Opened } from './opened.ts';
import { Opening, type OpeningParts } from './opening.ts';
import type { ServerContext } from './options.ts';
import { refuseConnection } from './refuse-connection.ts';

export interface Reception {
  /** `listenerPort`: the port of the listener in the routing table. */
  accept(socket: Socket, listenerPort: number): void;
}

type Change = (next: ClientConnection | Opening) => void;
/** A connection with a place among those that are admitted. */
type Arrived = Pick<Opened, 'place' | 'listener' | 'closed'> & { change: Change };

type Parts = { context: ServerContext; connections: OpenConnections; admission: Admission };

export function createReception({ context, connections, admission }: Parts): Reception {
  const { counters, deadlines, sockets } = context;

  function receive(accepted: Socket, listenerPort: number): void {
    const port = context.termination.port(listenerPort);
    const place = admission.admit(plainAddress(accepted.remoteAddress ?? ''));
    if (typeof place === 'string') {
      refuse(accepted, place, port);
      return;
    }
    const arrived = { ...enroll(place), listener: listenerOf(listenerPort, port) };
    const socket = port === undefined ? sockets.accept(accepted) : acceptStream(accepted);
    try {
      if (port !== undefined && socket instanceof StreamSocket) beginTls(socket, port, arrived);
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
    let current: ClientConnection | Opening | undefined;
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
      arrived.change(new ClientConnection(socket, context, { ...arrived, deadlineMs }));
    }
  }

  function beginTls(transport: StreamSocket, port: TlsPort, arrived: Arrived): void {
    arrived.change(new Opening(openingParts(transport, arrived, { port, stream: transport.stream })));
  }

  const openingParts = (transport: TcpSocket, arrived: Arrived, tls: OpeningParts['tls']): OpeningParts => ({
    context,
    transport,
    tls,
    ...arrived,
    ready({ socket, rest, ...opened }) {
      const connection = new ClientConnection(socket, context, { ...arrived, ...opened });
      arrived.change(connection);
      if (rest !== undefined) connection.socketBytes(rest, rest.length);
    },
  });

  function refuse(accepted: Socket, limit: ConnectionLimit, port: TlsPort | undefined): void {
    counters.limitRefusals[limit] += 1;
    const at = { nowMs: context.clock.nowMs(), closed: () => undefined };
    // Without a handshake there is no response that the client could read.
    if (port === undefined) refuseConnection(sockets.accept(accepted), limit, at);
    else accepted.destroy();
  }

  function enter(connection: ClientConnection | Opening): void {
    connections.add(connection);
    deadlines.watch(connection);
  }

  function leave(connection: ClientConnection | Opening): void {
    connections.delete(connection);
    deadlines.forget(connection);
  }

  return {
    accept(socket, listenerPort) {
      try {
        receive(socket, listenerPort);
      } catch (error) {
        context.faults.record(error, 'Accept');
        socket.destroy();
      }
    },
  };
}

const listenerOf = (port: number, tls: TlsPort | undefined): ClientListener => ({
  port,
  scheme: tls === undefined ? 'http' : 'https',
});
