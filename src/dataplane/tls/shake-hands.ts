/** The handshake of one connection, on the kind of its socket. */
import { HandleSocket } from '../net/handle-socket.ts';
import { StreamSocket } from '../net/stream-socket.ts';
import type { TcpSocket } from '../net/tcp-socket.ts';
import { shakeHandsOnHandle } from './handle-handshake.ts';
import type { HandshakeEvents, HandshakeSettings } from './handshake.ts';
import { shakeHandsOnStream } from './stream-handshake.ts';

/** `transport`: paused. `hello`: the bytes of the client that it has read. */
export type Greeted = { transport: TcpSocket; hello: Buffer };

/** The connection is closed if the handshake fails. Returns the socket that has it during the handshake. */
export function shakeHands(
  { transport, hello }: Greeted,
  settings: HandshakeSettings,
  events: HandshakeEvents,
): TcpSocket {
  if (transport instanceof HandleSocket) return shakeHandsOnHandle(transport, hello, settings, events);
  if (!(transport instanceof StreamSocket)) throw new TypeError('no socket below TLS');
  transport.stream.unshift(hello);
  shakeHandsOnStream(transport, settings, events);
  return transport;
}
