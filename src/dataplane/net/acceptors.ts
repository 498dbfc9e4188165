import net from 'node:net';
import type { Server, Socket } from 'node:net';

export type BoundListener = {
  port: number;
  /** Stops accepting; open connections continue. */
  close(): void;
};

type ConnectionHandler = {
  accept(socket: Socket): void;
  /** A connection could not be accepted, for example without free file descriptors. The listener itself is healthy. */
  failed(): void;
};

/**
 * libuv accepts one connection per socket in each turn of the event loop. When a proxy shuts down, all its clients connect to the others at
 * once, just when turns are long: 2,000 of them waited up to 16 s (turns of 5 ms). Eight sockets on one port accept eight per turn.
 * Only Linux distributes connections among them.
 */
const acceptors = process.platform === 'linux' ? 8 : 1;

/** The queue of the kernel, which may limit it further (net.core.somaxconn). Node's default of 511 drops some of these clients, which retry after 1 s, 3 s, 7 s. */
const backlog = 4096;

/** Rejects if the port is in use, and leaves nothing open then. */
export async function openPort(
  { port, host }: { port: number; host: string | undefined },
  handler: ConnectionHandler,
): Promise<BoundListener> {
  const servers: Server[] = [];
  const close = () => {
    for (const server of servers.splice(0)) server.close();
  };
  let bound = port;
  try {
    for (let count = 0; count < acceptors; count++) {
      const server = net.createServer(
        { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, pauseOnConnect: true },
        (socket) => handler.accept(socket),
      );
      servers.push(server);
      bound = await bind(server, { port: bound, host, backlog, reusePort: acceptors > 1 });
      server.on('error', () => handler.failed());
    }
  } catch (error) {
    close();
    throw error;
  }
  return { port: bound, close };
}

type BindOptions = { port: number; host: string | undefined; backlog: number; reusePort: boolean };

function bind(server: Server, { host, ...options }: BindOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...options, ...(host !== undefined && { host }) }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : options.port);
    });
  });
}
