/** Connections that were accepted and are not read yet. */
import type { Server, Socket } from 'node:net';
import { addressOfPeer, isListening, tcpHandles, type TcpHandle } from './tcp-handles.ts';

/** A `net.Socket` around its handle would cost more than its first request. */
export class AcceptedHandle {
  readonly handle: TcpHandle;
  readonly remoteAddress: string;

  constructor(handle: TcpHandle) {
    this.handle = handle;
    this.remoteAddress = addressOfPeer(handle);
  }

  destroy(): void {
    this.handle.close(() => undefined);
  }
}

/** A socket: of a Node without handles, or paused. */
export type Accepted = AcceptedHandle | Socket;

export type ConnectionHandler = {
  accept(accepted: Accepted): void;
  /** A connection could not be accepted, for example without free file descriptors. The listener itself is healthy. */
  failed(): void;
};

/** As for sockets of `net.Server`. */
export const acceptOptions = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  pauseOnConnect: true,
};

/** Takes the connections of a listening server from its handle, before a socket is created for each. Does nothing where Node has no handles. */
export function acceptHandles(server: Server, handler: ConnectionHandler): void {
  const listening: unknown = Reflect.get(server, '_handle');
  if (tcpHandles === undefined || !isListening(listening)) return;
  // The kernel copies both to each connection that it accepts: five system calls less than for each of them.
  listening.setNoDelay(true);
  listening.setKeepAlive(true, acceptOptions.keepAliveInitialDelay / 1000);
  listening.onconnection = (status, handle) => {
    if (status < 0 || handle === undefined) handler.failed();
    else handler.accept(new AcceptedHandle(handle));
  };
}
