/** One TLS connection to a proxy, and what its client learned from the handshake. */
import { once } from 'node:events';
import tls from 'node:tls';
import type { ConnectionOptions, DetailedPeerCertificate, TLSSocket } from 'node:tls';

export type Handshaken = {
  socket: TLSSocket;
  certificate: DetailedPeerCertificate;
  /** Sends a request, and resolves with everything that is received until the proxy closes the connection. */
  send(request: string): Promise<string>;
};

/** Rejects with the client's error. `ca`: what the client trusts. */
export async function shakeHands(port: number, options: ConnectionOptions): Promise<Handshaken> {
  const socket = tls.connect({ port, host: '127.0.0.1', ALPNProtocols: ['http/1.1'], ...options });
  await once(socket, 'secureConnect');
  return {
    socket,
    certificate: socket.getPeerCertificate(true),
    async send(request) {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.write(request);
      await once(socket, 'end');
      return Buffer.concat(chunks).toString('latin1');
    },
  };
}
