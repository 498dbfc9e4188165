/** Passes what a proxy says of single sessions on to the other proxies of its Gateway. Nothing is kept. */
import type { Handover, Report } from '../../wire/messages.ts';

export type SessionNews = Pick<Report, 'ended' | 'seen'>;

export interface SessionRelay {
  publish(gatewayKey: string, fromPodUid: string, news: SessionNews): void;
  /** The newest of the other proxies that can take it gets it: the one that is least likely to be the next to go. `false`: there is none. */
  handOver(gatewayKey: string, fromPodUid: string, handover: Handover): boolean;
  /** A proxy that listens, until the answer is called. */
  listen(gatewayKey: string, listener: RelayListener): () => void;
}

export type RelayListener = {
  podUid: string;
  /** What the other proxies of the Gateway say. Never nothing. */
  hear: (news: SessionNews) => void;
  /** `false`: it cannot be told at this moment. */
  inherit: (handover: Handover & { from: string }) => boolean;
};

export function createSessionRelay(): SessionRelay {
  const byGateway = new Map<string, Set<RelayListener>>();
  const others = (gatewayKey: string, podUid: string) =>
    [...(byGateway.get(gatewayKey) ?? [])].filter((listener) => listener.podUid !== podUid);
  return {
    publish(gatewayKey, fromPodUid, news) {
      if (news.ended.length === 0 && news.seen.length === 0) return;
      for (const { hear } of others(gatewayKey, fromPodUid)) hear(news);
    },
    handOver: (gatewayKey, from, handover) =>
      others(gatewayKey, from)
        .toReversed()
        .some(({ inherit }) => inherit({ ...handover, from })),
    listen(gatewayKey, listener) {
      const listeners = byGateway.get(gatewayKey) ?? new Set();
      byGateway.set(gatewayKey, listeners);
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) byGateway.delete(gatewayKey);
      };
    },
  };
}
