/** Connections to endpoints that are encrypted. */
import tls from 'node:tls';
import type { BackendTls, Certificate } from '../../wire/routing-table.ts';
import { connectOptions } from '../net/sockets.ts';
import { StreamSocket } from '../net/stream-socket.ts';
import { tlsFailure, tlsOptionsOf } from './tls.ts';

type TlsDestination = { host: string; port: number; clientCertificate: Certificate | undefined };

export type TlsConnection = {
  socket: StreamSocket;
  /** Whether the endpoint has accepted the connection, and TLS is not finished. */
  isHandshaking: () => boolean;
};

export function connectTls({ host, port, clientCertificate }: TlsDestination, settings: BackendTls): TlsConnection {
  let isConnected = false;
  const isHandshaking = () => !isConnected && !socket.stream.connecting;
  const socket = new StreamSocket(
    (onread) => {
      // Typed for `net.connect` only, and passed on by `tls.connect`.
      const options = { ...connectOptions, host, port, onread, ...tlsOptionsOf(settings, clientCertificate) };
      return tls.connect(options).once('secureConnect', () => (isConnected = true));
    },
    {
      readyEvent: 'secureConnect',
      reasonOf: (error) => (isHandshaking() ? tlsFailure(error) : (error.code ?? error.message)),
    },
  );
  return { socket, isHandshaking };
}
