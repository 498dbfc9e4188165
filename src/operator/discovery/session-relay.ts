/** Relays a proxy's notices about single sessions to the other proxies of its Gateway. Nothing is stored. */
import type { Handover, Report } from '../../wire/messages.ts';

export type SessionNotices = Pick<Report, 'ended' | 'seen'>;

export interface SessionRelay {
  publish(gatewayKey: string, fromPodUid: string, notices: SessionNotices): void;
  /**
   * Sends a handover to the newest other proxy that can receive it, which is the least likely to terminate next. Returns false if there is
   * none.
   */
  handOver(gatewayKey: string, fromPodUid: string, handover: Handover): boolean;
  /** Subscribes a proxy. Returns a function that unsubscribes it. */
  subscribe(gatewayKey: string, subscriber: RelaySubscriber): () => void;
}

export type RelaySubscriber = {
  podUid: string;
  /** Receives notices of the other proxies of the Gateway, at least one session each time. */
  onNotices: (notices: SessionNotices) => void;
  /** Returns false if the handover cannot be sent to this proxy now. */
  onHandover: (handover: Handover & { from: string }) => boolean;
};

export function createSessionRelay(): SessionRelay {
  const byGateway = new Map<string, Set<RelaySubscriber>>();
  const others = (gatewayKey: string, podUid: string) =>
    [...(byGateway.get(gatewayKey) ?? [])].filter((subscriber) => subscriber.podUid !== podUid);
  return {
    publish(gatewayKey, fromPodUid, notices) {
      if (notices.ended.length === 0 && notices.seen.length === 0) return;
      for (const { onNotices } of others(gatewayKey, fromPodUid)) onNotices(notices);
    },
    handOver: (gatewayKey, from, handover) =>
      others(gatewayKey, from)
        .toReversed()
        .some(({ onHandover }) => onHandover({ ...handover, from })),
    subscribe(gatewayKey, subscriber) {
      const subscribers = byGateway.get(gatewayKey) ?? new Set();
      byGateway.set(gatewayKey, subscribers);
      subscribers.add(subscriber);
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size === 0) byGateway.delete(gatewayKey);
      };
    },
  };
}
