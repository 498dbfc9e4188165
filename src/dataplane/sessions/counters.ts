/** Numbers that only grow, kept by hand: the request path increments a field, metrics read it when scraped. */
import type { NoneReason } from '../../core/balance/balance.ts';
import type { LostReason } from '../../core/session/decide.ts';
import type { TokenRefusal } from '../../core/session/token.ts';
import { createGenerations } from './generations.ts';
import { sessionKey, type SessionId } from './session-ids.ts';

/**
 * Why a session is over. `Elsewhere`: its app ended it through another proxy. `Lost`: its pod refused connections for too long, or is gone.
 * `Replaced`: its client began a new one, by a request that `newSessionOn` names.
 */
export type EndReason = 'Idle' | 'Absolute' | 'Application' | 'Elsewhere' | 'Lost' | 'Replaced';

/** Why a pod was given up for a client that came back. */
export type LossReason = LostReason | 'ConnectFailed';

/** Why a new session was not begun. */
export type RefusalReason = NoneReason | 'UpstreamConnectFailed';

/** What happened to the sessions of one backend at this replica. */
export type BackendCounters = {
  started: number;
  /** Also those that began at another replica. */
  ended: Record<EndReason, number>;
  /** Sessions whose client came back and found its pod gone: the number that must fallBackToDraining 0. */
  lost: Record<LossReason, number>;
  refused: Record<RefusalReason, number>;
};

export type SessionCounters = {
  /** By backend key. */
  backends: Map<string, BackendCounters>;
  /** What clients sent as a token and was none of ours. */
  badTokens: Record<TokenRefusal, number>;
  /** Requests that waited for a newer table. */
  waited: number;
};

export const createCounters = (): SessionCounters => ({
  backends: new Map(),
  badTokens: { Malformed: 0, UnknownKey: 0, BadMac: 0, WrongBackend: 0, FutureDated: 0 },
  waited: 0,
});

/** The counters of a backend, made where it has none. */
export function countersOf({ backends }: SessionCounters, key: string): BackendCounters {
  const known = backends.get(key) ?? {
    started: 0,
    ended: { Idle: 0, Absolute: 0, Application: 0, Elsewhere: 0, Lost: 0, Replaced: 0 },
    lost: { EndpointRemoved: 0, NotInTable: 0, ConnectFailed: 0 },
    refused: { NoEndpointAccepting: 0, AllFull: 0, UpstreamConnectFailed: 0 },
  };
  backends.set(key, known);
  return known;
}

/** Backends that left the table and are still shown: their last ends and losses happen when they are gone already. */
const removedShown = 100;

/** Forgets the backends that left the table first. */
export function forgetDeparted({ backends }: SessionCounters, inTable: { has(key: string): boolean }): void {
  const gone = [...backends.keys()].filter((key) => !inTable.has(key));
  for (const key of gone.slice(0, Math.max(0, gone.length - removedShown))) backends.delete(key);
}

const lossesRemembered = 4096;

/** Whether a loss is recorded for the first time: the parallel requests of one client are one loss. */
export function createLossMemory(): (session: SessionId) => boolean {
  const remembered = createGenerations<number, true>(lossesRemembered);
  return (session) => {
    const key = sessionKey(session);
    if (remembered.get(key) === true) return false;
    remembered.set(key, true);
    return true;
  };
}
