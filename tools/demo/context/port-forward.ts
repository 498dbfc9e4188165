/** A port of this machine that leads to the endpoints of a Service through the API server, as `kubectl port-forward` does. */
import { createServer, type Socket } from 'node:net';
import { PortForward, type KubeConfig } from '@kubernetes/client-node';
import { describeError } from '../../../src/platform/errors.ts';
import type { Address } from '../demo-cluster.ts';
import type { Endpoint } from '../queries.ts';
import { listenOnLoopback } from '../loopback.ts';

export type Forward = { address: Address; close(): Promise<void> };

/** Each connection goes to the next of the endpoints that are there at its time. Listens on the loopback, on a port of its own. */
export async function openForward(
  kubeConfig: KubeConfig,
  endpoints: () => readonly Endpoint[],
  onError: (message: string) => void,
): Promise<Forward> {
  const forward = new PortForward(kubeConfig);
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    const ready = endpoints();
    const endpoint = ready[turn % ready.length];
    turn += 1;
    if (endpoint === undefined) {
      socket.destroy();
      return;
    }
    carry(forward, endpoint, socket).catch((error: unknown) => {
      onError(`no way to ${endpoint.pod}: ${describeError(error)}`);
      socket.destroy();
    });
  });
  const address = await listenOnLoopback(server);
  return {
    address,
    async close() {
      for (const socket of open) socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Ends when either side does. */
async function carry(forward: PortForward, { namespace, pod, port }: Endpoint, socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  const tunnel = await forward.portForward(namespace, pod, [port], socket, null, socket);
  // A function only where it was asked to try again.
  if (typeof tunnel === 'function') return;
  if (socket.destroyed) {
    // It has hung up while the tunnel was dug.
    tunnel.close();
    return;
  }
  socket.on('close', () => {
    tunnel.close();
  });
  const end = () => socket.end();
  tunnel.addEventListener('close', end);
  if (tunnel.readyState !== tunnel.OPEN) end();
}
