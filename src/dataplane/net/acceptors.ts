import net from 'node:net';
import type { Server, Socket } from 'node:net';

export type BoundListener = {
  port: number;
  /** Accepts no more; connections that are open go on. */
  close(): void;
};

type ConnectionHandler = {
  accept(socket: Socket): void;
  /** A connection could not be accepted: out of file descriptors, say. The listener itself is well. */
  failed(): void;
};

/**
 * libuv accepts one connection of a socket in each turn of the event loop. When a proxy goes, all its clients come to the others at
 * once, just when turns are long: 2,000 of them waited up to 16 s (turns of 5 ms). Eight sockets on one port accept eight in a turn.
 * Only Linux shares connections out among them.
 */
const acceptors = process.platform === 'linux' ? 8 : 1;

/** What the kernel keeps until then; it may allow less (net.core.somaxconn). Node's own 511 drops some of such a crowd, who try again after 1 s, 3 s, 7 s. */
const backlog = 4096;

/** Rejects where the port is taken, and leaves nothing open then. */
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
        { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 },
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
