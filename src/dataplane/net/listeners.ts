/** Keeps the bound ports equal to the listeners of the routing table. */
import type { Listener } from '../../wire/routing-table.ts';
import { describeError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import type { BoundListener } from './acceptors.ts';
import type { Http1Server } from '../server.ts';

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

/** `bindPort`: returns the port to bind for a listener's port. */
export function createListeners(
  server: Pick<Http1Server, 'listen'>,
  { bindPort, log }: { bindPort: (listenerPort: number) => number; log: Logger },
): Listeners {
  const bound = new Map<number, BoundListener>();
  const binding = new Set<number>();
  let wanted: ReadonlySet<number> = new Set();
  let stopped = false;

  const bind = async (listenerPort: number) => {
    binding.add(listenerPort);
    try {
      const listener = await server.listen({ port: bindPort(listenerPort), listenerPort });
      if (wanted.has(listenerPort) && !stopped) bound.set(listenerPort, listener);
      else listener.close();
    } catch (error) {
      log.error({ listenerPort, error: describeError(error) }, 'port cannot be bound');
    }
    binding.delete(listenerPort);
  };

  return {
    sync(listeners) {
      if (stopped) return;
      wanted = new Set(listeners.map(({ port }) => port));
      for (const [port, listener] of bound) {
        if (wanted.has(port)) continue;
        listener.close();
        bound.delete(port);
      }
      for (const port of wanted) if (!bound.has(port) && !binding.has(port)) void bind(port);
    },
    stop() {
      stopped = true;
    },
    areBound: () => [...wanted].every((port) => bound.has(port)),
    boundPort: (listenerPort) => bound.get(listenerPort)?.port,
  };
}
