/**
 * An endpoint of a node that lost its power: open connections are silent, new ones get no response, not even a refusal. A process that
 * listens on the same port and never accepts has this effect: once its queue is full, the kernel drops new connections.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import type { Socket } from 'node:net';
import { freePort } from '../../../support/free-port.ts';

/** Linux drops a SYN when the queue is full; other systems refuse it, and do not share ports in this way. */
export const canDropConnections = process.platform === 'linux';

const program = `
  const server = require('node:net').createServer();
  server.listen({ port: Number(process.argv[1]), host: '127.0.0.1', backlog: 1, reusePort: true }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/** `stop`: resolves when the port is free. */
export type UnresponsiveListener = { port: number; stop(): Promise<unknown> };

/** `port`: 0 for any, or one on which all other listeners are about to close. */
export async function listenUnresponsive(port = 0): Promise<UnresponsiveListener> {
  const child = spawn(process.execPath, ['-e', program, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output] = await once(child.stdout, 'data');
  const bound = Number(output);
  const exited = once(child, 'exit');
  return {
    port: bound,
    stop() {
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** Fills the queue. Returns a function that empties it. */
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
  /** New connections get no response; open ones are controlled by the test. */
  dropNewOnes(): Promise<void>;
  stop(): void;
}

/** An app whose port can be replaced by an unresponsive one, while its connections stay open. */
export async function startMortalApp(onConnection: (socket: Socket) => void): Promise<MortalApp> {
  const sockets: Socket[] = [];
  const cleanups: (() => void)[] = [() => sockets.forEach((socket) => socket.destroy())];
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  const port = await freePort();
  server.listen({ port, host: '127.0.0.1', reusePort: canDropConnections });
  await once(server, 'listening');
  const app: MortalApp = {
    port,
    sockets,
    closePort() {
      // Its callback waits for the connections, which stay; the port is closed at once.
      server.close();
      return Promise.resolve();
    },
    async dropNewOnes() {
      const listener = await listenUnresponsive(port);
      cleanups.push(() => void listener.stop());
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
