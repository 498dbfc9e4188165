import net from 'node:net';
import type { Server } from 'node:net';
import { acceptHandles, acceptOptions, type ConnectionHandler } from './accepted.ts';
import { bindSocket, portOf, type BoundSocket } from './bound-socket.ts';
import type { SocketKind } from './sockets.ts';

export type BoundListener = {
  port: number;
  /** Stops accepting; open connections continue. */
  close(): void;
};

/**
 * libuv accepts one connection per socket in each turn of the event loop. When a proxy shuts down, all its clients connect to the others at
 * once, just when turns are long: 2,000 of them waited up to 16 s (turns of 5 ms). Eight sockets on one port accept eight per turn.
 * Only Linux distributes connections among them.
 */
const acceptors = process.platform === 'linux' ? 8 : 1;

/** The queue of the kernel, which may limit it further (net.core.somaxconn). Node's default of 511 drops some of these clients, which retry after 1 s, 3 s, 7 s. */
const backlog = 4096;

/**
 * `sockets`: of that port, bound by another process, which keeps them open: this one accepts from the same queues. `kind`: by which connections are
 * read.
 */
type Port = {
  port: number;
  host: string | undefined;
  sockets?: readonly object[] | undefined;
  kind?: SocketKind | undefined;
};

/** Rejects if the port is in use, and leaves nothing open then. */
export async function openPort(
  { port, host, sockets, kind }: Port,
  handler: ConnectionHandler,
): Promise<BoundListener> {
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers.splice(0)) server.close();
  };
  let bound = port;
  try {
    for (let count = 0; count < (sockets?.length ?? acceptors); count++) {
      const server = net.createServer(acceptOptions, (socket) => handler.accept(socket));
      servers.push(server);
      bound = await bind(server, { port: bound, host, reusePort: acceptors > 1 }, sockets?.[count]);
      server.on('error', () => handler.failed());
      if (kind !== 'Streams') acceptHandles(server, handler);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { port: bound, close };
}

/** Binds the sockets of a port, from which other processes accept. Throws if the port is in use, and leaves nothing open then. */
export function bindSockets(port: number): { port: number; sockets: readonly object[]; close(): void } {
  const sockets: BoundSocket[] = [];
  const close = () => {
    for (const socket of sockets.splice(0)) socket.close();
  };
  let bound = port;
  try {
    for (let count = 0; count < acceptors; count++) {
      const socket = bindSocket(bound, acceptors > 1);
      sockets.push(socket);
      bound = portOf(socket);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { port: bound, sockets, close };
}

type BindOptions = { port: number; host: string | undefined; reusePort: boolean };

function bind(server: Server, { host, ...options }: BindOptions, socket: object | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const listening = () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : options.port);
    };
    if (socket === undefined) server.listen({ ...options, backlog, ...(host !== undefined && { host }) }, listening);
    else server.listen(socket, backlog, listening);
  });
}
