/** Passes ends of sessions from the proxy that saw them to the other proxies of its Gateway. Nothing is kept. */
import type { EndedRelay } from './table-stream.ts';

type Listener = { exceptPodUid: string; hear: (sessions: string[]) => void };

export function createEndedRelay(): EndedRelay {
  const byGateway = new Map<string, Set<Listener>>();
  return {
    publish(gatewayKey, fromPodUid, sessions) {
      if (sessions.length === 0) return;
      for (const { exceptPodUid, hear } of byGateway.get(gatewayKey) ?? []) if (exceptPodUid !== fromPodUid) hear(sessions);
    },
    onEnded(gatewayKey, exceptPodUid, hear) {
      const listeners = byGateway.get(gatewayKey) ?? new Set();
      byGateway.set(gatewayKey, listeners);
      const listener = { exceptPodUid, hear };
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) byGateway.delete(gatewayKey);
      };
    },
  };
}
