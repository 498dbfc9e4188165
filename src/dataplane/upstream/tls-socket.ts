/** Connections to endpoints that are encrypted. */
import tls from 'node:tls';
import type { BackendProtocol, BackendTls, Certificate } from '../../wire/routing-table.ts';
import { connectOptions } from '../net/sockets.ts';
import { StreamSocket } from '../net/stream-socket.ts';
import { tlsFailure, tlsOptionsOf } from './tls.ts';

type TlsDestination = {
  host: string;
  port: number;
  protocol: BackendProtocol;
  clientCertificate: Certificate | undefined;
};

export type TlsConnection = {
  socket: StreamSocket;
  /** Whether the endpoint has accepted the connection, and TLS is not finished. */
  isHandshaking: () => boolean;
};

export function connectTls(destination: TlsDestination, settings: BackendTls): TlsConnection {
  const { host, port, protocol, clientCertificate: certificate } = destination;
  let isConnected = false;
  const isHandshaking = () => !isConnected && !socket.stream.connecting;
  const socket = new StreamSocket(
    (onread) => {
      // Typed for `net.connect` only, and passed on by `tls.connect`.
      const options = { ...connectOptions, host, port, onread, ...tlsOptionsOf(settings, { certificate, protocol }) };
      const connecting = tls.connect(options);
      return connecting.once('secureConnect', () => {
        // Without ALPN, the endpoint has not agreed to HTTP/2.
        if (protocol === 'HTTP2' && connecting.alpnProtocol !== 'h2') connecting.destroy(new Error('no h2 by ALPN'));
        else isConnected = true;
      });
    },
    {
      readyEvent: 'secureConnect',
      reasonOf: (error) => (isHandshaking() ? tlsFailure(error) : (error.code ?? error.message)),
    },
  );
  return { socket, isHandshaking };
}
