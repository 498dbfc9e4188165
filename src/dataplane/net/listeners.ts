/** Keeps the bound ports equal to the listeners of the routing table. */
import type { Listener } from '../../wire/routing-table.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { BoundListener } from './acceptors.ts';

export interface Listeners {
  /** Binds new ports, closes removed ones. May be called repeatedly: a port that could not be bound is tried again. */
  sync(listeners: readonly Listener[]): void;
  /** The process shuts down: later tables bind and close no port. */
  stop(): void;
  /** Whether every port of the last sync is bound. */
  areBound(): boolean;
  /** Returns the port that is bound for a listener's port, for tests that bind port 0. */
  boundPort(listenerPort: number): number | undefined;
}

/** What accepts the connections of a port. */
export interface PortOpener {
  listen(options: { port: number; listenerPort: number }): Promise<BoundListener>;
}

/** `bindPort`: returns the port to bind for a listener's port. `onBound`: another port is bound. */
type ListenerPorts = { bindPort: (listenerPort: number) => number; log: Logger; onBound?: () => void };

export function createListeners(server: PortOpener, { bindPort, log, onBound }: ListenerPorts): Listeners {
  const bound = new Map<number, { listener: BoundListener; asked: number }>();
  const binding = new Set<number>();
  /** The port to bind, by that of the listener. */
  let wanted: ReadonlyMap<number, number> = new Map();
  let stopped = false;

  const bind = async (listenerPort: number, asked: number) => {
    binding.add(listenerPort);
    try {
      const listener = await server.listen({ port: asked, listenerPort });
      if (wanted.get(listenerPort) === asked && !stopped) bound.set(listenerPort, { listener, asked });
      else listener.close();
    } catch (error) {
      log.error({ listenerPort, error: describeError(error) }, 'port cannot be bound');
    }
    binding.delete(listenerPort);
    onBound?.();
  };

  return {
    sync(listeners) {
      if (stopped) return;
      wanted = new Map(listeners.map(({ port }) => [port, bindPort(port)]));
      for (const [port, { listener, asked }] of bound) {
        if (wanted.get(port) === asked) continue;
        listener.close();
        bound.delete(port);
      }
      for (const [port, asked] of wanted) if (!bound.has(port) && !binding.has(port)) void bind(port, asked);
    },
    stop() {
      stopped = true;
    },
    areBound: () => [...wanted.keys()].every((port) => bound.has(port)),
    boundPort: (listenerPort) => bound.get(listenerPort)?.listener.port,
  };
}
