/** Connections to endpoints that are encrypted. */
import tls, { type TLSSocket } from 'node:tls';
import type { BackendProtocol, BackendTls, Certificate } from '../../wire/routing-table.ts';
import { connectOptions, type SocketMaker } from '../net/sockets.ts';
import type { TcpSocket } from '../net/tcp-socket.ts';
import { tlsFailure, tlsOptionsOf } from './tls.ts';

type TlsDestination = {
  host: string;
  port: number;
  protocol: BackendProtocol;
  clientCertificate: Certificate | undefined;
  sockets: SocketMaker;
};

export type TlsConnection = {
  socket: TcpSocket;
  /** Whether the endpoint has accepted the connection, and TLS is not finished. */
  isHandshaking: () => boolean;
};

export function connectTls(destination: TlsDestination, settings: BackendTls): TlsConnection {
  const { host, port, protocol, clientCertificate: certificate, sockets } = destination;
  let stream: TLSSocket | undefined;
  let isConnected = false;
  const isHandshaking = () => !isConnected && stream?.connecting === false;
  const socket = sockets.connectTls(
    host,
    (onread) => {
      // `onread` is typed for `net.connect` only, and passed on by `tls.connect`.
      const options = { ...connectOptions, host, port, onread, ...tlsOptionsOf(settings, { certificate, protocol }) };
      const connecting = tls.connect(options);
      stream = connecting;
      return connecting.once('secureConnect', () => {
        // Without ALPN, the endpoint has not agreed to HTTP/2.
        if (protocol === 'HTTP2' && connecting.alpnProtocol !== 'h2') connecting.destroy(new Error('no h2 by ALPN'));
        else isConnected = true;
      });
    },
    (error) => (isHandshaking() ? tlsFailure(error) : (error.code ?? error.message)),
  );
  return { socket, isHandshaking };
}
