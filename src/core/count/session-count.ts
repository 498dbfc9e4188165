/** The sessions that one report counts on one pod. */
import type { EndpointReport } from '../../wire/messages.ts';

/** Both hold a pod. */
export type SessionCount = { confirmed: number; unconfirmed: number };

export const none: SessionCount = { confirmed: 0, unconfirmed: 0 };

export const addCounts = (one: SessionCount, other: SessionCount): SessionCount => ({
  confirmed: one.confirmed + other.confirmed,
  unconfirmed: one.unconfirmed + other.unconfirmed,
});

/** An older proxy reports no unconfirmed sessions: all of its sessions count as confirmed. */
export function sessionsIn(endpoint: EndpointReport | undefined): SessionCount {
  const unconfirmed = Math.min(endpoint?.unconfirmed?.sessions ?? 0, endpoint?.sessions ?? 0);
  return { confirmed: (endpoint?.sessions ?? 0) - unconfirmed, unconfirmed };
}

/** The sessions of a proxy that no longer reports: they end at the reported times at the latest. */
export function liveSessions(endpoint: EndpointReport | undefined, nowMs: number): SessionCount {
  if (endpoint === undefined) return none;
  const { confirmed, unconfirmed } = sessionsIn(endpoint);
  return {
    confirmed: endpoint.expiresAtMs > nowMs ? confirmed : 0,
    unconfirmed: (endpoint.unconfirmed?.expiresAtMs ?? 0) > nowMs ? unconfirmed : 0,
  };
}

export const isLive = (endpoint: EndpointReport, nowMs: number): boolean => {
  const { confirmed, unconfirmed } = liveSessions(endpoint, nowMs);
  return confirmed + unconfirmed > 0;
};

/** Whether two reports of one proxy say the same about a pod: the times, which move with each request, do not count. */
export const countsAlike = (one: EndpointReport | undefined, other: EndpointReport): boolean =>
  one?.sessions === other.sessions && one.unconfirmed?.sessions === other.unconfirmed?.sessions;
