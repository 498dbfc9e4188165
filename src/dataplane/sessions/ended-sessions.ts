/**
 * The ids of sessions that were ended before their limits: a token of one of them starts a new session. An id is remembered for as long as
 * a token with it could be valid.
 *
 * A set-associative table, as the caches of processors: the low half of an id, which is random, selects one of the sets, and each set has
 * room for 16 ids. 12 bytes an id, 6 MB in all, of which the kernel provides the pages that are used; nothing grows, is rehashed or
 * collected. When more ids hash to a set than it has room for (with half a million places: rarely below 250,000 ended sessions within the
 * validity of a token), the one that expires first is forgotten and counted. Its token, should someone still have it, would then bring
 * its session back.
 */
import type { SessionCounters } from './counters.ts';
import type { SessionId } from './session-ids.ts';

export interface EndedSessions {
  add(session: SessionId, at: { nowMs: number; forMs: number }): void;
  has(session: SessionId, nowMs: number): boolean;
  /** Returns up to `limit` of them. */
  list(nowMs: number, limit: number): SessionId[];
}

const ways = 16;
const defaultSets = 32_768;

/** `sets`: a power of two. */
export function createEndedSessions(
  counters: Pick<SessionCounters, 'endsForgotten'>,
  sets = defaultSets,
): EndedSessions {
  const hi = new Uint32Array(sets * ways);
  const lo = new Uint32Array(sets * ways);
  /** Unix seconds; 0: a free place. */
  const expiresS = new Uint32Array(sets * ways);
  let lastExpiryS = 0;

  const firstPlace = ({ sessionLo }: SessionId) => (sessionLo & (sets - 1)) * ways;

  /** Returns the place of the session, or the one whose id expires first. */
  const placeFor = (session: SessionId) => {
    const first = firstPlace(session);
    let best = first;
    for (let place = first; place < first + ways; place += 1) {
      if (hi[place] === session.sessionHi && lo[place] === session.sessionLo) return place;
      if ((expiresS[place] ?? 0) < (expiresS[best] ?? 0)) best = place;
    }
    return best;
  };

  return {
    add(session, { nowMs, forMs }) {
      const place = placeFor(session);
      const isOther = hi[place] !== session.sessionHi || lo[place] !== session.sessionLo;
      if (isOther && (expiresS[place] ?? 0) * 1000 > nowMs) counters.endsForgotten += 1;
      hi[place] = session.sessionHi;
      lo[place] = session.sessionLo;
      expiresS[place] = Math.ceil((nowMs + forMs) / 1000);
      lastExpiryS = Math.max(lastExpiryS, expiresS[place] ?? 0);
    },
    has(session, nowMs) {
      // In many workloads no session is ended before its limits: then a request costs nothing for it.
      if (lastExpiryS * 1000 <= nowMs) return false;
      const first = firstPlace(session);
      for (let place = first; place < first + ways; place += 1) {
        if (lo[place] === session.sessionLo && hi[place] === session.sessionHi) {
          return (expiresS[place] ?? 0) * 1000 > nowMs;
        }
      }
      return false;
    },
    list(nowMs, limit) {
      const listed: SessionId[] = [];
      if (lastExpiryS * 1000 <= nowMs) return listed;
      for (let place = 0; place < expiresS.length && listed.length < limit; place += 1) {
        if ((expiresS[place] ?? 0) * 1000 <= nowMs) continue;
        listed.push({ sessionHi: hi[place] ?? 0, sessionLo: lo[place] ?? 0 });
      }
      return listed;
    },
  };
}
