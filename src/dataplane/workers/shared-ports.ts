/** The ports of the proxy, bound in the primary process, which does not accept: their queues outlive every worker. */
import { bindSockets } from '../net/acceptors.ts';
import type { PortOpener } from '../net/listeners.ts';
import type { ToWorker } from './messages.ts';

export interface SharedPorts extends PortOpener {
  /** Sends the sockets of a listener's port, or that there are none. */
  offer(listenerPort: number, send: (message: ToWorker, socket?: object) => void): void;
}

type Bound = ReturnType<typeof bindSockets>;

export function createSharedPorts(bind: (port: number) => Bound = bindSockets): SharedPorts {
  const bound = new Map<number, Bound>();
  return {
    listen({ port, listenerPort }) {
      const opened = bind(port);
      bound.set(listenerPort, opened);
      return Promise.resolve({
        port: opened.port,
        close() {
          bound.delete(listenerPort);
          opened.close();
        },
      });
    },
    offer(listenerPort, send) {
      const { port, sockets } = bound.get(listenerPort) ?? { port: 0, sockets: [] };
      for (const [at, socket] of sockets.entries()) {
        send({ type: 'socket', listenerPort, port, left: sockets.length - at - 1 }, socket);
      }
      if (sockets.length === 0) send({ type: 'socket', listenerPort, port, left: 0 });
    },
  };
}
