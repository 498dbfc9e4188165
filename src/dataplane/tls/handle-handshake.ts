/** A handshake on Node's TLS handle, without streams. */
import type { HandleSocket } from '../net/handle-socket.ts';
import { noUser, type SocketUser, type TcpSocket } from '../net/tcp-socket.ts';
import { TlsHandleSocket } from '../net/tls-handle-socket.ts';
import { tlsHandles, type TlsHandle } from '../net/tls-handles.ts';
import { failureOf, type HandshakeEvents, type HandshakeFailure, type HandshakeSettings } from './handshake.ts';
import { alpn } from './secure-context.ts';

export function shakeHandsOnHandle(
  transport: HandleSocket,
  hello: Buffer,
  settings: HandshakeSettings,
  events: HandshakeEvents,
): TcpSocket {
  if (tlsHandles === undefined) throw new TypeError('no TLS handles');
  const handlesOfTls = tlsHandles;
  const socket = transport.handOver(({ handles, handle: tcp, remoteAddress }) => {
    const tls = handlesOfTls.serve(tcp, settings.secureContext);
    if (settings.clients !== undefined) tls.setVerifyMode(true, settings.clients === 'Required');
    tls.setALPNProtocols(alpn);
    return new TlsHandleSocket({ handles, tcp, tls, remoteAddress });
  });
  socket.user = handshakeUser(socket, settings, events);
  socket.serve(hello);
  return socket;
}

/** The user of the socket until the handshake is done. */
function handshakeUser(socket: TlsHandleSocket, { clients }: HandshakeSettings, events: HandshakeEvents): SocketUser {
  const fail = (reason: HandshakeFailure) => {
    events.failed(reason);
    socket.destroy();
  };
  return {
    ...noUser,
    socketConnected() {
      if (clients === 'Required' && !isVerified(socket.tls)) fail('ClientCertificate');
      else events.secured(socket, socket.tls.getALPNNegotiatedProtocol());
    },
    socketEnded: () => fail('ClientClosed'),
    socketClosed(reason) {
      events.failed(failureOf(reason));
      events.closed();
    },
    fault: (error) => events.fault(error),
  };
}

/**
 * OpenSSL as Node sets it up lets a handshake with any certificate finish: `tls.Server` reads the verdict afterwards, from the handle, and so
 * does this. Without a certificate the verdict is good for every resumed session.
 */
const isVerified = (tls: TlsHandle): boolean =>
  tls.verifyError() === null && tls.getPeerX509Certificate() !== undefined;
