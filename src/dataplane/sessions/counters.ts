/** Numbers that only grow, kept by hand: the request path increments a field, metrics read it when scraped. */
import type { LostReason } from '../../core/session/decide.ts';
import type { TokenRefusal } from '../../core/session/token.ts';
import type { SessionId } from './session-rows.ts';

/** Why a session is over. `Elsewhere`: its app ended it through another proxy. `Lost`: its pod refused connections for too long, or is gone. */
export type EndReason = 'Idle' | 'Absolute' | 'Application' | 'Elsewhere' | 'Lost';

/** Why a pod was given up for a client that came back. */
export type LossReason = LostReason | 'ConnectFailed';

export type SessionCounters = {
  /** Sessions that began here. */
  started: number;
  /** Sessions that ended here, also those that began at another replica. */
  ended: Record<EndReason, number>;
  /** Sessions whose client came back and found its pod gone: the number that must stay 0. */
  lost: Record<LossReason, number>;
  /** New sessions that no endpoint accepted. */
  refusedNew: number;
  /** What clients sent as a token and was none of ours. */
  badTokens: Record<TokenRefusal, number>;
  /** Requests that waited for a newer table. */
  waited: number;
};

export const createCounters = (): SessionCounters => ({
  started: 0,
  ended: { Idle: 0, Absolute: 0, Application: 0, Elsewhere: 0, Lost: 0 },
  lost: { Departed: 0, NotInTable: 0, ConnectFailed: 0 },
  refusedNew: 0,
  badTokens: { Malformed: 0, UnknownKey: 0, BadMac: 0, WrongBackend: 0, FutureDated: 0 },
  waited: 0,
});

/** Lost sessions that are remembered, so that the parallel requests of one client count as one loss. */
const lossesRemembered = 4096;

/** Counts a lost session once, however many of its requests find its pod gone. */
export function createLossCounter(counters: SessionCounters): (session: SessionId, why: LossReason) => void {
  const remembered = new Set<string>();
  return (session, why) => {
    const key = `${session.sessionHi}:${session.sessionLo}`;
    if (remembered.has(key)) return;
    counters.lost[why] += 1;
    const [oldest] = remembered;
    if (oldest !== undefined && remembered.size >= lossesRemembered) remembered.delete(oldest);
    remembered.add(key);
  };
}
