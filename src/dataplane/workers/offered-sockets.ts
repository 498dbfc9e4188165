/** The listening sockets that a worker gets from its primary, a port at a time. */
import type { ToWorker } from './messages.ts';

export interface OfferedSockets {
  /** Rejects if the primary has not bound the port. */
  request(listenerPort: number): Promise<{ port: number; sockets: readonly object[] }>;
  take(message: Extract<ToWorker, { type: 'socket' }>, socket: unknown): void;
}

type Request = { sockets: object[] } & PromiseWithResolvers<{ port: number; sockets: readonly object[] }>;

export function createOfferedSockets(ask: (listenerPort: number) => void): OfferedSockets {
  const requests = new Map<number, Request>();
  return {
    request(listenerPort) {
      const request = { ...Promise.withResolvers<{ port: number; sockets: readonly object[] }>(), sockets: [] };
      requests.set(listenerPort, request);
      ask(listenerPort);
      return request.promise;
    },
    take({ listenerPort, port, left }, socket) {
      const request = requests.get(listenerPort);
      if (request === undefined) return;
      if (typeof socket === 'object' && socket !== null) request.sockets.push(socket);
      if (left > 0) return;
      requests.delete(listenerPort);
      if (request.sockets.length > 0) request.resolve({ port, sockets: request.sockets });
      else request.reject(new Error('the primary has not bound it'));
    },
  };
}
