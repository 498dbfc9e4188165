/** The handshake of one connection. */
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import { alpn } from './secure-context.ts';

/**
 * `UnknownName`: no listener of the port has the name, or the client sent none and every listener has one. `NoCertificate`: the listener
 * has none that can be used. `NotTLS`: the client did not begin with a ClientHello. `Refused`: client and proxy have no version, cipher or
 * protocol in common, or the client sent an alert, as many do when they do not trust the certificate.
 */
export type HandshakeFailure = 'UnknownName' | 'NoCertificate' | 'NotTLS' | 'Refused' | 'ClientClosed' | 'Timeout';

export type HandshakeEvents = {
  /** Called once, unless the transport is destroyed before. */
  secured(socket: TLSSocket): void;
  failed(reason: HandshakeFailure): void;
  /** Called with what `secured` threw. */
  fault(error: unknown): void;
};

/** How much of a response may be queued before the app is paused: as for plain connections. */
const queuedBytes = 16 * 1024;

const options = { isServer: true, ALPNProtocols: alpn, highWaterMark: queuedBytes };

/** `transport`: paused, with the bytes of the client that have been read put back. It is destroyed if the handshake fails. */
export function shakeHands(transport: Socket, secureContext: SecureContext, events: HandshakeEvents): void {
  const socket = new TLSSocket(transport, { ...options, secureContext });
  const ended = () => fail('ClientClosed');
  const broken = ({ code = '' }: NodeJS.ErrnoException) => fail(isOfTls(code) ? 'Refused' : 'ClientClosed');
  const stop = () => socket.off('secure', secured).off('end', ended).off('close', ended).off('error', broken);
  const secured = () => {
    stop();
    try {
      events.secured(socket);
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

const isOfTls = (code: string): boolean => code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_');
