/** Makes the sockets of the request path: on handles where Node has them, on streams otherwise. */
import net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { AcceptedHandle, type Accepted } from './accepted.ts';
import { HandleSocket } from './handle-socket.ts';
import { openAccepted, readData, StreamSocket, type Reader } from './stream-socket.ts';
import { tcpHandles, type TcpHandles } from './tcp-handles.ts';
import type { TcpSocket } from './tcp-socket.ts';
import { TlsHandleSocket } from './tls-handle-socket.ts';
import { handlesOf, tlsHandles } from './tls-handles.ts';

/** `Streams`: on documented interfaces of Node only. */
export const socketKinds = ['Handles', 'Streams'] as const;
export type SocketKind = (typeof socketKinds)[number];

/** The user of a socket is to be set in the same turn. */
export interface SocketMaker {
  readonly kind: SocketKind;
  /** Takes over a connection and reads it. */
  accept(accepted: Accepted): TcpSocket;
  /** The same, for a connection that `tls/shake-hands.ts` takes over after its ClientHello. */
  acceptBelowTls(accepted: Accepted): TcpSocket;
  /** `host`: an address or a name. */
  connect(destination: Destination): TcpSocket;
  /** A connection that `open` begins by `tls.connect`; `host` as above. It is connected when its certificate is accepted. */
  connectTls(host: string, open: (reader?: Reader) => TLSSocket, reasonOf: ReasonOf): TcpSocket;
}

type ReasonOf = (error: NodeJS.ErrnoException) => string;
type Destination = { host: string; port: number };

/** Finds a dead node below a silent stream: after 15 s, ten probes of the kernel in 10 s. The kernel of a pod that stands still responds. */
const keepAliveDelayS = 15;

export const connectOptions = {
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: keepAliveDelayS * 1000,
  allowHalfOpen: true,
};

export const createSocketMaker = (kind: SocketKind = 'Handles'): SocketMaker =>
  kind === 'Handles' && tcpHandles !== undefined ? onHandles(tcpHandles) : onStreams;

const acceptStream = (accepted: Accepted): StreamSocket => new StreamSocket(openAccepted(accepted));

const onStreams: SocketMaker = {
  kind: 'Streams',
  accept: acceptStream,
  acceptBelowTls: acceptStream,
  connect: ({ host, port }) =>
    new StreamSocket((onread) => net.connect({ ...connectOptions, host, port, onread }), { readyEvent: 'connect' }),
  connectTls: (_host, open, reasonOf) => new StreamSocket(open, { readyEvent: 'secureConnect', reasonOf }),
};

const onHandles = (handles: TcpHandles): SocketMaker => ({
  kind: 'Handles',
  accept(accepted) {
    if (!(accepted instanceof AcceptedHandle)) return onStreams.accept(accepted);
    const socket = new HandleSocket({ handles, handle: accepted.handle, remoteAddress: accepted.remoteAddress });
    socket.start();
    return socket;
  },
  acceptBelowTls(accepted) {
    return tlsHandles === undefined ? acceptStream(accepted) : this.accept(accepted);
  },
  connect({ host, port }) {
    // A name is looked up by `node:net`.
    if (net.isIP(host) === 0) return onStreams.connect({ host, port });
    const socket = new HandleSocket({ handles, handle: handles.createHandle(), remoteAddress: '' });
    socket.connect({ address: host, port, keepAliveDelayS });
    return socket;
  },
  connectTls(host, open, reasonOf) {
    if (net.isIP(host) === 0) return onStreams.connectTls(host, open, reasonOf);
    const stream = open();
    const found = handlesOf(stream);
    if (found === undefined) return new StreamSocket(readData(stream), { readyEvent: 'secureConnect', reasonOf });
    const socket = new TlsHandleSocket({ ...found, handles, remoteAddress: '' });
    socket.follow(stream, reasonOf);
    return socket;
  },
});
