/** Counters of sessions as plain fields: the request path increments a field, metrics read it when scraped. */
import type { NoneReason } from '../../core/balance/balance.ts';
import type { LostReason } from '../../core/session/decide.ts';
import type { TokenRefusal } from '../../core/session/token.ts';
import { createBoundedMap } from './bounded-map.ts';
import { sessionKey, type SessionId } from './session-ids.ts';

/**
 * Why a session ended. `Elsewhere`: its app ended it through another proxy. `Lost`: its pod or its node is gone.
 * `Replaced`: its client started a new session by a request that `newSessionOn` matches. `Unconfirmed`: its client never returned.
 * `Moved`: its client returned through another proxy, which counts it.
 */
export type EndReason =
  | 'Idle'
  | 'Absolute'
  | 'Application'
  | 'Elsewhere'
  | 'Lost'
  | 'Replaced'
  | 'Unconfirmed'
  | 'Moved';

/**
 * Why a returning client did not get its pod. `NodeLost`: the node is lost by the table, and this proxy cannot reach the pod either.
 * `Unconfirmed`: it returned for the first time, and its pod was not held for it any more.
 */
export type LossReason = LostReason | 'NodeLost' | 'Unconfirmed';

/** Why a request did not reach the pod that was chosen for it. */
export type UpstreamRefusalReason = 'UpstreamConnectFailed' | 'ProxyOutOfResources' | 'TooManyRequests';

/**
 * Why a request of a session got no response of its pod, although neither is lost. `TableOutdated`: the session is newer than the table,
 * which does not have its pod.
 */
export type KeptSessionRefusalReason = UpstreamRefusalReason | 'TableOutdated';

/** Why a new session was refused. */
export type NewSessionRefusalReason = NoneReason | UpstreamRefusalReason;

/** The sessions of one backend on this replica. */
export type BackendCounters = {
  started: number;
  /** Sessions whose client returned, or that started confirmed. */
  confirmed: number;
  /** Including sessions that started on another replica. */
  ended: Record<EndReason, number>;
  /** Sessions whose client returned after their pod was gone: the number that must stay 0. */
  lost: Record<LossReason, number>;
  refused: Record<NewSessionRefusalReason, number>;
  /** Requests of existing sessions that were refused; their clients keep their tokens. */
  keptRefused: Record<KeptSessionRefusalReason, number>;
  /** Responses of its app from which a cookie or header was removed, because it had the name of a carrier. */
  carrierConflicts: number;
  /** Responses in which its app set an id that leaves no room for a token. */
  unpinnedIds: number;
};

export type SessionCounters = {
  /** By backend key. */
  backends: Map<string, BackendCounters>;
  /** Invalid tokens that clients sent. */
  badTokens: Record<TokenRefusal, number>;
  /** Requests that waited for a newer table. */
  waited: number;
  /** Ids of ended sessions that were forgotten, or not sent to other proxies, while their tokens could still be valid. */
  endsForgotten: number;
};

export const createCounters = (): SessionCounters => ({
  backends: new Map(),
  badTokens: { Malformed: 0, UnknownKey: 0, BadMac: 0, WrongBackend: 0, FutureDated: 0 },
  waited: 0,
  endsForgotten: 0,
});

/** Returns the counters of a backend, which are created at its first call. */
export function countersOf({ backends }: SessionCounters, key: string): BackendCounters {
  const known = backends.get(key) ?? {
    started: 0,
    confirmed: 0,
    ended: { Idle: 0, Absolute: 0, Application: 0, Elsewhere: 0, Lost: 0, Replaced: 0, Unconfirmed: 0, Moved: 0 },
    lost: { EndpointRemoved: 0, NotInTable: 0, PossiblyIdle: 0, NodeLost: 0, Unconfirmed: 0 },
    carrierConflicts: 0,
    refused: {
      NoEndpointAccepting: 0,
      AllFull: 0,
      UpstreamConnectFailed: 0,
      ProxyOutOfResources: 0,
      TooManyRequests: 0,
    },
    keptRefused: { UpstreamConnectFailed: 0, ProxyOutOfResources: 0, TooManyRequests: 0, TableOutdated: 0 },
    unpinnedIds: 0,
  };
  backends.set(key, known);
  return known;
}

/** Backends outside the table that are still exported: their last ends and losses occur after their removal. */
const removedShown = 100;

/** Drops the counters of the backends that left the table first. */
export function forgetRemovedBackends({ backends }: SessionCounters, inTable: { has(key: string): boolean }): void {
  const gone = [...backends.keys()].filter((key) => !inTable.has(key));
  for (const key of gone.slice(0, Math.max(0, gone.length - removedShown))) backends.delete(key);
}

const lossesRemembered = 4096;

/** Returns a function that reports whether a loss is new: the parallel requests of one client are one loss. */
export function createLossMemory(): (session: SessionId) => boolean {
  const remembered = createBoundedMap<number, true>(lossesRemembered);
  return (session) => {
    const key = sessionKey(session);
    if (remembered.get(key) === true) return false;
    remembered.set(key, true);
    return true;
  };
}
