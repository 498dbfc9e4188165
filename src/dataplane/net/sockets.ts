/** Makes the sockets of the request path: on handles where Node has them, on streams otherwise, and for TLS. */
import net from 'node:net';
import type { Socket } from 'node:net';
import { HandleSocket } from './handle-socket.ts';
import { reopen, StreamSocket } from './stream-socket.ts';
import { isHandle, tcpHandles, type TcpHandles } from './tcp-handles.ts';
import type { TcpSocket } from './tcp-socket.ts';
import { tlsHandles } from './tls-handles.ts';

/** `Streams`: on documented interfaces of Node only. */
export const socketKinds = ['Handles', 'Streams'] as const;
export type SocketKind = (typeof socketKinds)[number];

/** The user of a socket is to be set in the same turn. */
export interface SocketMaker {
  readonly kind: SocketKind;
  /** Takes over an accepted socket, which must be paused, and reads it. */
  accept(accepted: Socket): TcpSocket;
  /** The same, for a connection that `tls/shake-hands.ts` takes over after its ClientHello. */
  acceptBelowTls(accepted: Socket): TcpSocket;
  /** `host`: an address or a name. */
  connect(destination: Destination): TcpSocket;
}

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

const acceptStream = (accepted: Socket): StreamSocket => new StreamSocket(reopen(accepted));

const onStreams: SocketMaker = {
  kind: 'Streams',
  accept: acceptStream,
  acceptBelowTls: acceptStream,
  connect: ({ host, port }) =>
    new StreamSocket((onread) => net.connect({ ...connectOptions, host, port, onread }), { readyEvent: 'connect' }),
};

const onHandles = (handles: TcpHandles): SocketMaker => ({
  kind: 'Handles',
  accept(accepted) {
    const handle: unknown = Reflect.get(accepted, '_handle');
    if (!isHandle(handle)) return onStreams.accept(accepted);
    const { remoteAddress = '', localAddress = '', localPort = 0 } = accepted;
    Reflect.set(accepted, '_handle', null);
    const socket = new HandleSocket({ handles, handle, addresses: { remoteAddress, localAddress, localPort } });
    socket.start();
    return socket;
  },
  acceptBelowTls(accepted) {
    return tlsHandles === undefined ? acceptStream(accepted) : this.accept(accepted);
  },
  connect({ host, port }) {
    // A name is looked up by `node:net`.
    if (net.isIP(host) === 0) return onStreams.connect({ host, port });
    const socket = new HandleSocket({ handles, handle: handles.createHandle() });
    socket.connect({ address: host, port, keepAliveDelayS });
    return socket;
  },
});
