/** The handshake of one connection. */
import type { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import { isRecord } from '../../platform/record.ts';
import type { ClientCertificates } from '../../wire/routing-table.ts';
import { alpn } from './secure-context.ts';

/**
 * `UnknownName`: no listener of the port has the name, or the client sent none and every listener has one. `NoCertificate`: the listener
 * has none that can be used. `NotTLS`: the client did not begin with a ClientHello. `Refused`: client and proxy have no version, cipher or
 * protocol in common, or the client sent an alert, as many do when they do not trust the certificate. `ClientCertificate`: the client has
 * none that the listener accepts.
 */
export type HandshakeFailure =
  | 'UnknownName'
  | 'NoCertificate'
  | 'NotTLS'
  | 'Refused'
  | 'ClientCertificate'
  | 'ClientClosed'
  | 'Timeout';

/** `clients`: absent if they need no certificate. */
export type HandshakeSettings = { secureContext: SecureContext; clients: ClientCertificates['mode'] | undefined };

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
export function shakeHands(
  transport: Socket,
  { secureContext, clients }: HandshakeSettings,
  events: HandshakeEvents,
): void {
  const requestCert = clients !== undefined;
  const rejectUnauthorized = clients === 'Required';
  const socket = new TLSSocket(transport, { ...options, secureContext, requestCert, rejectUnauthorized });
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

function failureOf(code: string): HandshakeFailure {
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'ClientCertificate';
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') ? 'Refused' : 'ClientClosed';
}

/**
 * OpenSSL as Node sets it up lets a handshake with any certificate finish: `tls.Server` reads the verdict afterwards, from the handle, and so
 * does this. Without a certificate the verdict is good for every resumed session.
 */
function isVerified(socket: TLSSocket): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (!isRecord(handle) || typeof handle['verifyError'] !== 'function') return false;
  const problem: unknown = Reflect.apply(handle['verifyError'], handle, []);
  return problem === null && socket.getPeerX509Certificate() !== undefined;
}
