/** The response to a connection beyond a limit: it is closed before a request is read. */
import type { ConnectionLimit } from '../net/admission.ts';
import { noUser, type TcpSocket } from '../net/tcp-socket.ts';
import { renderReply } from '../h1/replies.ts';
import { refusals } from '../http/refusals.ts';

const bodies: Record<ConnectionLimit, string> = {
  connections:
    'This proxy has reached its limit of client connections (limits.connections of HoldfastProxy, or what its open files allow). Try again in a moment.\n',
  connectionsPerAddress:
    'This proxy has reached its limit of connections from this address (limits.connectionsPerAddress of HoldfastProxy). Close some, or try again in a moment.\n',
};

/** `closed`: called when the connection is closed. */
type At = { nowMs: number; closed: () => void };

/** The socket is closed as soon as the response is written: a connection that is refused must not hold a file. */
export function refuseConnection(socket: TcpSocket, limit: ConnectionLimit, { nowMs, closed }: At): void {
  const headers = [{ name: 'Retry-After', value: '2' }];
  const reply = { status: 503, body: bodies[limit], headers };
  endWith(socket, renderReply(reply, { closes: true, isHead: false, nowMs }), closed);
}

/** To a client that sent something else than a ClientHello: mostly HTTP. */
export function refusePlainHttp(socket: TcpSocket, { nowMs, closed }: At): void {
  endWith(socket, renderReply(refusals.EncryptionRequired, { closes: true, isHead: false, nowMs }), closed);
}

/** Sends the bytes and closes the connection. */
export function endWith(socket: TcpSocket, response: string | Buffer, closed: () => void): void {
  socket.user = { ...noUser, socketFinished: () => socket.destroy(), socketClosed: closed };
  socket.write(response);
  socket.end();
}
