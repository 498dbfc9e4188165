/**
 * Notices about single sessions, which proxies send each other through the operator: a client may reach several of them.
 *
 * `ended`: a session was ended before its limits. Without the notice, each other proxy that has seen the session counts it until its idle
 * timeout, and its token brings it back there.
 * `seen`: a session was alive for longer than its client's token shows, because a stream carries no new token. Without the notice, another
 * proxy would consider it idle. Or its client has confirmed it here: without the notice, the proxy that issued the token counts it too,
 * until the confirm timeout.
 *
 * Both are repeated in the reports of some seconds, because a report may get lost.
 */
import { createBoundedMap } from './bounded-map.ts';
import { formatSessionId, parseSessionId, sessionKey, type SessionId } from './session-ids.ts';

export interface OutgoingNotices {
  /** Sends a notice with the next reports. Returns `false` if there is no room for it. */
  add(session: SessionId, nowMs: number): boolean;
  /** Returns the ids for the next report: the notices of the last seconds. */
  report(nowMs: number): string[];
}

export type NoticeLimits = { repeatForMs: number; maxPending: number };

/** Limits a report to 0.2 MB for each kind. */
const maxReported = 10_000;

/**
 * How long a notice is repeated, from the first report that contains it. A lost end holds a pod for the idle timeout: 15 s cover a broken
 * stream of another proxy until it is open again, including its backoff. A lost date is sent again as time passes, and each repetition is
 * a little late: 3 s cover a failed report and the next one.
 *
 * A date that does not fit into a report is sent later. An end waits for its turn, because nothing else would send it: 100,000 of them
 * are the logouts of two and a half minutes at the rate that reports can carry. One that finds no place is counted.
 */
export const noticeLimits = {
  ended: { repeatForMs: 15_000, maxPending: 100_000 },
  seen: { repeatForMs: 3000, maxPending: maxReported },
} as const satisfies Record<string, NoticeLimits>;
/** There is a report each second, unless no operator is connected: then the last notices may not have been received, and are sent again. */
const unreportedAfterMs = 5000;

export function createOutgoingNotices({ repeatForMs, maxPending }: NoticeLimits): OutgoingNotices {
  /** By id, the oldest first: the time of the first report; undefined before it, at the end of the order. */
  const notices = new Map<string, number | undefined>();
  let reportedAtMs = 0;
  /** Before this time no notice is dropped: while the list is full, it is not searched for each notice that it refuses. */
  let repeatedUntilMs = 0;
  const dropOld = (nowMs: number) => {
    if (nowMs <= repeatedUntilMs) return;
    repeatedUntilMs = Number.POSITIVE_INFINITY;
    for (const [id, sinceMs] of notices) {
      if (sinceMs === undefined) return;
      if (nowMs - sinceMs <= repeatForMs) {
        repeatedUntilMs = sinceMs + repeatForMs;
        return;
      }
      notices.delete(id);
    }
  };
  const isFull = (nowMs: number) => {
    if (notices.size >= maxPending) dropOld(nowMs);
    return notices.size >= maxPending;
  };
  const firstIds = () => {
    const first: string[] = [];
    for (const id of notices.keys()) if (first.push(id) === maxReported) break;
    return first;
  };
  return {
    add(session, nowMs) {
      const id = formatSessionId(session);
      // One that has been reported begins again, behind the others: they stay in the order of their times.
      if (notices.get(id) !== undefined) notices.delete(id);
      else if (!notices.has(id) && isFull(nowMs)) return false;
      notices.set(id, undefined);
      return true;
    },
    report(nowMs) {
      const wasUnreported = nowMs - reportedAtMs > unreportedAfterMs;
      reportedAtMs = nowMs;
      for (const id of firstIds()) if (wasUnreported || notices.get(id) === undefined) notices.set(id, nowMs);
      repeatedUntilMs = 0;
      dropOld(nowMs);
      return firstIds();
    },
  };
}

const maxReceived = 65_536;

export type SessionDate = SessionId & { lastSeenS: number; unconfirmed: boolean };

/** When other proxies last saw sessions alive. These sessions are not counted here: the other proxies count them. */
export interface SeenElsewhere {
  record(ids: readonly string[], nowMs: number): void;
  recordDates(dates: Iterable<SessionDate>): void;
  lastMs(session: SessionId): number | undefined;
}

export function createSeenElsewhere(): SeenElsewhere {
  const seen = createBoundedMap<number, number>(maxReceived);
  return {
    record(ids, nowMs) {
      for (const id of ids) seen.set(sessionKey(parseSessionId(id)), nowMs);
    },
    recordDates(dates) {
      for (const { lastSeenS, unconfirmed, ...session } of dates) {
        if (unconfirmed) continue;
        const key = sessionKey(session);
        seen.set(key, Math.max(lastSeenS * 1000, seen.get(key) ?? 0));
      }
    },
    // Most proxies receive none: then a request costs nothing for it.
    lastMs: (session) => (seen.isEmpty() ? undefined : seen.get(sessionKey(session))),
  };
}
