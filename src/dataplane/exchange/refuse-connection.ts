/** The response to a connection beyond a limit: it is closed before a request is read. */
import type { Socket } from 'node:net';
import type { ConnectionLimit } from '../net/admission.ts';
import { renderReply } from '../h1/replies.ts';
import { refusals } from '../http/refusals.ts';

const bodies: Record<ConnectionLimit, string> = {
  connections:
    'This proxy has reached its limit of client connections (limits.connections of HoldfastProxy, or what its open files allow). Try again in a moment.\n',
  connectionsPerAddress:
    'This proxy has reached its limit of connections from this address (limits.connectionsPerAddress of HoldfastProxy). Close some, or try again in a moment.\n',
};

/** The socket is closed as soon as the response is written: a connection that is refused must not hold a file. */
export function refuseConnection(socket: Socket, limit: ConnectionLimit, nowMs: number): void {
  const form = { closes: true, isHead: false, nowMs };
  socket.on('error', () => undefined);
  socket.end(
    renderReply({ status: 503, body: bodies[limit], headers: [{ name: 'Retry-After', value: '2' }] }, form),
    () => socket.destroy(),
  );
}

/** To a client that sent something else than a ClientHello: mostly HTTP. */
export function refusePlainHttp(socket: Socket, nowMs: number): void {
  socket.end(renderReply(refusals.EncryptionRequired, { closes: true, isHead: false, nowMs }), () => socket.destroy());
}
