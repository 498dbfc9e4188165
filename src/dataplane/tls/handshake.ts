/** What the two ways to shake hands have in common: see `shake-hands.ts`. */
import type { SecureContext } from 'node:tls';
import type { ClientCertificates } from '../../wire/routing-table.ts';
import type { TcpSocket } from '../net/tcp-socket.ts';

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
  /** Called once, unless the connection is closed before. `protocol`: by ALPN, if any was agreed to. */
  secured(socket: TcpSocket, protocol: string | false): void;
  failed(reason: HandshakeFailure): void;
  /** The connection is closed, and was not secured. */
  closed(): void;
  /** Called with what `secured` threw. */
  fault(error: unknown): void;
};

/** `code`: of an error of the connection. */
export function failureOf(code: string): HandshakeFailure {
  if (code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') return 'ClientCertificate';
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') ? 'Refused' : 'ClientClosed';
}
