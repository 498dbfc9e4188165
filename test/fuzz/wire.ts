/** Sockets for bytes that follow no rule. */
import { once } from 'node:events';
import net from 'node:net';
import type { Socket } from 'node:net';

/** Two turns of the event loop: what was written has been read at the other end, in this process. */
export async function turns(): Promise<void> {
  await turn();
  await turn();
}

const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Writes each piece so that it arrives alone. */
export async function writeApart(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(piece, 'latin1');
    await turns();
  }
}

export async function connectTo(port: number): Promise<Socket> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Resolves with whether it became true in time. */
export async function becomes(isTrue: () => boolean, limitMs: number): Promise<boolean> {
  const endMs = Date.now() + limitMs;
  while (!isTrue()) {
    if (Date.now() > endMs) return false;
    await turn();
  }
  return true;
}

/** `cut`: ends its open connections. */
export type Listening = { port: number; cut(): void; close(): void };

export async function listen(onConnection: (socket: Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cut,
    close() {
      cut();
      server.close();
    },
  };
}
