/** A handshake on the streams of `node:tls`. */
import { TLSSocket } from 'node:tls';
import { isRecord } from '../../platform/record.ts';
import { readData, StreamSocket } from '../net/stream-socket.ts';
import { failureOf, type HandshakeEvents, type HandshakeFailure, type HandshakeSettings } from './handshake.ts';
import { alpn } from './secure-context.ts';

/** How much of a response may be queued before the app is paused: as for plain connections. */
const queuedBytes = 16 * 1024;

const options = { isServer: true, ALPNProtocols: alpn, highWaterMark: queuedBytes };

/** `transport`: paused, with the bytes of the client that have been read put back. It is destroyed if the handshake fails. */
export function shakeHandsOnStream(
  transport: StreamSocket,
  { secureContext, clients }: HandshakeSettings,
  events: HandshakeEvents,
): void {
  const requestCert = clients !== undefined;
  const rejectUnauthorized = clients === 'Required';
  const socket = new TLSSocket(transport.stream, { ...options, secureContext, requestCert, rejectUnauthorized });
  const ended = () => fail('ClientClosed');
  const broken = ({ code = '' }: NodeJS.ErrnoException) => fail(failureOf(code));
  const stop = () => socket.off('secure', secured).off('end', ended).off('close', ended).off('error', broken);
  const secured = () => {
    if (rejectUnauthorized && !isVerified(socket)) {
      fail('ClientCertificate');
      return;
    }
    stop();
    try {
      events.secured(new StreamSocket(readData(socket), { transport }), socket.alpnProtocol ?? false);
    } catch (error) {
      events.fault(error);
    }
  };
  function fail(reason: HandshakeFailure): void {
    stop().on('error', () => undefined);
    events.failed(reason);
    socket.destroy();
  }
  socket.on('secure', secured).on('end', ended).on('close', ended).on('error', broken);
  // After the handshake Node reports a record that cannot be decrypted only so: nothing that follows it can be read.
  socket.on('_tlsError', () => socket.destroy());
}

/** As `tls.Server`: see `handle-handshake.ts`. */
function isVerified(socket: TLSSocket): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (!isRecord(handle) || typeof handle['verifyError'] !== 'function') return false;
  const problem: unknown = Reflect.apply(handle['verifyError'], handle, []);
  return problem === null && socket.getPeerX509Certificate() !== undefined;
}
