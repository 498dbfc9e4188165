/** Passes what a proxy says of single sessions, that they ended or were seen alive, on to the other proxies of its Gateway. Nothing is kept. */
import type { Report } from '../../core/table/messages.ts';

export type SessionNews = Pick<Report, 'ended' | 'seen'>;

export interface SessionRelay {
  publish(gatewayKey: string, fromPodUid: string, news: SessionNews): void;
  /** What the other proxies of a Gateway say, until the answer is called. Never nothing. */
  onNews(gatewayKey: string, exceptPodUid: string, hear: (news: SessionNews) => void): () => void;
}

type Listener = { exceptPodUid: string; hear: (news: SessionNews) => void };

export function createSessionRelay(): SessionRelay {
  const byGateway = new Map<string, Set<Listener>>();
  return {
    publish(gatewayKey, fromPodUid, news) {
      if (news.ended.length === 0 && news.seen.length === 0) return;
      for (const { exceptPodUid, hear } of byGateway.get(gatewayKey) ?? []) if (exceptPodUid !== fromPodUid) hear(news);
    },
    onNews(gatewayKey, exceptPodUid, hear) {
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
