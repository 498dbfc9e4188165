/**
 * An endpoint as a node leaves it that lost its power: what is open there is silent, new connections get no answer, not even a refusal.
 * A process that listens on the same port and never accepts does that: once its queue is full, the kernel drops what comes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { Socket } from 'node:net';

/** Linux drops a SYN when the queue is full; other systems refuse it, and do not share a port in this way. */
export const canBeDeaf = process.platform === 'linux';

const listener = `
  const server = require('node:net').createServer();
  server.listen({ port: Number(process.argv[1]), host: '127.0.0.1', backlog: 1, reusePort: true }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

export type DeafListener = { port: number; stop(): void };

/** `port`: 0 for any, or one on which all other listeners are about to close. */
export async function listenDeaf(port = 0): Promise<DeafListener> {
  const child = spawn(process.execPath, ['-e', listener, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  const bound = Number(said);
  return { port: bound, stop: () => child.kill('SIGKILL') };
}

/** Fills the queue; the answer empties it. */
export async function fillQueue(port: number): Promise<() => void> {
  const fillers = Array.from({ length: 8 }, () =>
    net.connect({ port, host: '127.0.0.1' }).on('error', () => undefined),
  );
  await Promise.any(fillers.map((filler) => once(filler, 'connect')));
  return () => fillers.forEach((filler) => filler.destroy());
}

export interface MortalApp {
  readonly port: number;
  readonly sockets: Socket[];
  /** Connections stay open, new ones are refused. */
  closePort(): Promise<void>;
  /** New connections get no answer; what is said on open ones is up to the test. */
  dropNewOnes(): Promise<void>;
  stop(): void;
}

/** An app whose port can be taken over by a deaf one, while its connections stay as they are. */
export async function startMortalApp(onConnection: (socket: Socket) => void): Promise<MortalApp> {
  const sockets: Socket[] = [];
  const cleanups: (() => void)[] = [() => sockets.forEach((socket) => socket.destroy())];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen({ port: 0, host: '127.0.0.1', reusePort: canBeDeaf });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const app: MortalApp = {
    port,
    sockets,
    closePort() {
      // Its callback waits for the connections, which stay; the port is closed at once.
      server.close();
      return Promise.resolve();
    },
    async dropNewOnes() {
      const deaf = await listenDeaf(port);
      cleanups.push(deaf.stop);
      server.close();
      cleanups.push(await fillQueue(port));
    },
    stop() {
      server.close();
      cleanups.forEach((cleanup) => cleanup());
    },
  };
  return app;
}
