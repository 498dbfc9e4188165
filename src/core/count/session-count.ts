/** The sessions that one report counts on one pod. */
import type { EndpointReport } from '../../wire/messages.ts';

/** What a proxy counts on a pod, without other properties that a newer version may send. */
export type PodCount = Pick<EndpointReport, 'sessions' | 'expiresAtMs'> & {
  unconfirmed: EndpointReport['unconfirmed'] | undefined;
};

/** Both hold a pod. */
export type SessionCount = { confirmed: number; unconfirmed: number };

export const none: SessionCount = { confirmed: 0, unconfirmed: 0 };

export const addCounts = (one: SessionCount, other: SessionCount): SessionCount => ({
  confirmed: one.confirmed + other.confirmed,
  unconfirmed: one.unconfirmed + other.unconfirmed,
});

/** An older proxy reports no unconfirmed sessions: all of its sessions count as confirmed. */
export function sessionsIn(endpoint: PodCount | undefined): SessionCount {
  const unconfirmed = Math.min(endpoint?.unconfirmed?.sessions ?? 0, endpoint?.sessions ?? 0);
  return { confirmed: (endpoint?.sessions ?? 0) - unconfirmed, unconfirmed };
}

/** The sessions of a proxy that no longer reports: they end at the reported times at the latest. */
export function liveSessions(endpoint: PodCount | undefined, nowMs: number): SessionCount {
  if (endpoint === undefined) return none;
  const { confirmed, unconfirmed } = sessionsIn(endpoint);
  return {
    confirmed: endpoint.expiresAtMs > nowMs ? confirmed : 0,
    unconfirmed: (endpoint.unconfirmed?.expiresAtMs ?? 0) > nowMs ? unconfirmed : 0,
  };
}

/** Returns when the last of the counted sessions has ended. */
export function endOf({ sessions, expiresAtMs, unconfirmed }: PodCount): number {
  if (unconfirmed === undefined || unconfirmed.sessions === 0) return expiresAtMs;
  return unconfirmed.sessions < sessions ? Math.max(expiresAtMs, unconfirmed.expiresAtMs) : unconfirmed.expiresAtMs;
}

export const isLive = (endpoint: PodCount, nowMs: number): boolean => endpoint.sessions > 0 && endOf(endpoint) > nowMs;

/** Whether two reports of one proxy say the same about a pod: the times, which move with each request, do not count. */
export const countsAlike = (one: PodCount | undefined, other: EndpointReport): boolean =>
  one?.sessions === other.sessions && one.unconfirmed?.sessions === other.unconfirmed?.sessions;
