/**
 * From an accepted connection to the one that reads requests.
 *
 *     accepted ──limits──► plain, without a PROXY header ─────────► ClientConnection
 *                     └──► Opening: PROXY header, TLS handshake ──►──┘
 */
import type { Socket } from 'node:net';
import { plainAddress } from '../net/addresses.ts';
import type { Admission, ConnectionLimit } from '../net/admission.ts';
import { readDecrypted, readShared } from '../net/client-socket.ts';
import type { TlsPort } from '../tls/termination.ts';
import { ClientConnection } from './client-connection.ts';
import type { OpenConnections } from './open-connections.ts';
import type { ClientListener, Opened } from './opened.ts';
import { Opening } from './opening.ts';
import type { ServerContext } from './options.ts';
import { refuseConnection } from './refuse-connection.ts';

export interface Reception {
  /** `listenerPort`: the port of the listener in the routing table. */
  accept(socket: Socket, listenerPort: number): void;
}

/** A connection with a place among those that are admitted. */
type Arrived = Pick<Opened, 'transport' | 'place' | 'listener'>;
type Change = (next: ClientConnection | Opening) => void;

type Parts = { context: ServerContext; connections: OpenConnections; admission: Admission };

export function createReception({ context, connections, admission }: Parts): Reception {
  const { counters, deadlines } = context;

  /** The reader of a connection changes when its first request may come. */
  function receive(accepted: Socket, listenerPort: number): void {
    const port = context.termination.port(listenerPort);
    const place = admission.admit(plainAddress(accepted.remoteAddress ?? ''));
    if (typeof place === 'string') {
      refuse(accepted, place, port);
      return;
    }
    counters.connectionsAccepted += 1;
    counters.connectionsOpen += 1;
    let reader: ClientConnection | Opening | undefined;
    const transport = readShared(accepted, () => reader);
    transport.once('close', () => {
      place.release();
      counters.connectionsOpen -= 1;
      if (reader !== undefined) leave(reader);
    });
    const arrived = { transport, place, listener: listenerOf(listenerPort, port) };
    const change = (next: ClientConnection | Opening) => {
      enter(next);
      if (reader !== undefined) leave(reader);
      reader = next;
    };
    try {
      begin(arrived, port, change);
    } catch (error) {
      transport.destroy();
      throw error;
    }
  }

  function begin(arrived: Arrived, port: TlsPort | undefined, change: Change): void {
    if (port === undefined && context.inFront.proxyProtocol !== 'Required') {
      const deadlineMs = deadlines.in(context.timeouts.headMs);
      change(new ClientConnection(arrived.transport, context, { ...arrived, deadlineMs }));
      return;
    }
    change(
      new Opening({
        context,
        port,
        transport: arrived.transport,
        place: arrived.place,
        ready({ socket, rest, ...opened }) {
          const connection = new ClientConnection(socket, context, { ...arrived, ...opened });
          change(connection);
          if (socket !== arrived.transport) readDecrypted(socket, connection);
          if (rest !== undefined) connection.received(rest);
        },
      }),
    );
  }

  function refuse(accepted: Socket, limit: ConnectionLimit, port: TlsPort | undefined): void {
    counters.limitRefusals[limit] += 1;
    // Without a handshake there is no response that the client could read.
    if (port === undefined) refuseConnection(accepted, limit, context.clock.nowMs());
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
