/**
 * Relays a proxy's notices about single sessions to the other proxies of its Gateway. Ended sessions are kept, so that each is relayed once,
 * and a proxy that connects later receives it too.
 */
import type { Handover, Report } from '../../wire/messages.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import type { Clock } from '../../platform/clock.ts';
import { createEndedSessionMemory } from './ended-sessions.ts';

export type SessionNotices = Pick<Report, 'ended' | 'seen'>;

export interface SessionRelay {
  publish(gatewayKey: string, fromPodUid: string, notices: SessionNotices): void;
  /** Returns the ended sessions of a Gateway whose tokens could still be valid. */
  ended(gatewayKey: string): string[];
  /**
   * Sends a handover to the newest other proxy that can receive it, which is the least likely to terminate next, and has not handed over
   * its own sessions. Returns false if there is none.
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

export type RelayPorts = { tableOf: (gatewayKey: string) => RoutingTable | undefined; clock: Clock };

const pruneEveryMs = 60_000;

export function createSessionRelay({ tableOf, clock }: RelayPorts): SessionRelay {
  const memory = createEndedSessionMemory();
  let prunedAtMs = clock.nowMs();
  /** Streams of proxies that have handed over their sessions. */
  const stopping = new WeakSet<RelaySubscriber>();
  const byGateway = new Map<string, Set<RelaySubscriber>>();
  const others = (gatewayKey: string, podUid: string) =>
    [...(byGateway.get(gatewayKey) ?? [])].filter((subscriber) => subscriber.podUid !== podUid);

  /** Forgets the Gateways that are gone. Each proxy sends a report each second. */
  function prune(nowMs: number): void {
    if (nowMs - prunedAtMs < pruneEveryMs) return;
    prunedAtMs = nowMs;
    memory.prune((key) => !byGateway.has(key) && tableOf(key) === undefined, nowMs);
  }

  return {
    publish(gatewayKey, fromPodUid, { ended, seen }) {
      prune(clock.nowMs());
      const at = { table: tableOf(gatewayKey), nowMs: clock.nowMs() };
      const notices = { ended: memory.add(gatewayKey, ended, at), seen };
      if (notices.ended.length === 0 && seen.length === 0) return;
      for (const { onNotices } of others(gatewayKey, fromPodUid)) onNotices(notices);
    },
    ended: (gatewayKey) => memory.list(gatewayKey, clock.nowMs()),
    handOver(gatewayKey, from, handover) {
      for (const subscriber of byGateway.get(gatewayKey) ?? []) {
        if (subscriber.podUid === from) stopping.add(subscriber);
      }
      return others(gatewayKey, from)
        .toReversed()
        .some((subscriber) => !stopping.has(subscriber) && subscriber.onHandover({ ...handover, from }));
    },
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
