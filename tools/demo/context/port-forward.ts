/** Forwards a local port to the endpoints of a Service through the API server, as `kubectl port-forward` does. */
import { createServer, type Socket } from 'node:net';
import { PortForward, type KubeConfig } from '@kubernetes/client-node';
import { describeError } from '../../../src/platform/errors.ts';
import type { Address } from '../demo-cluster.ts';
import type { Endpoint } from '../queries.ts';
import { listenOnLoopback } from '../loopback.ts';

export type Forward = { address: Address; close(): Promise<void> };

/** Listens on a free port of the loopback. Each connection is forwarded to the next ready endpoint. */
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
      onError(`cannot forward a connection to pod ${endpoint.pod}: ${describeError(error)}`);
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

/** Each side closes the other. */
async function carry(forward: PortForward, { namespace, pod, port }: Endpoint, socket: Socket): Promise<void> {
  socket.on('error', () => socket.destroy());
  const tunnel = await forward.portForward(namespace, pod, [port], socket, null, socket);
  // A function only with retries, which are off.
  if (typeof tunnel === 'function') return;
  if (socket.destroyed) {
    // The client has disconnected meanwhile.
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
