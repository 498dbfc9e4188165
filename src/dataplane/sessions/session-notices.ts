/**
 * Notices about single sessions, which proxies send each other through the operator: a client may reach several of them.
 *
 * `ended`: the app ended a session. Without the notice, each other proxy that has seen the session counts it until its idle timeout.
 * `seen`: a session was alive for longer than its client's token shows, because a stream carries no new token. Without the notice, another
 * proxy would consider it idle.
 *
 * Both are repeated in the reports of some seconds, because a report may get lost.
 */
import { createBoundedMap } from './bounded-map.ts';
import { formatSessionId, parseSessionId, sessionKey, type SessionId } from './session-ids.ts';

export interface OutgoingNotices {
  /** Sends a notice with the next reports, if there is room. */
  add(session: SessionId, nowMs: number): void;
  /** Whether there is currently room for another notice. */
  hasRoom(nowMs: number): boolean;
  /** Returns the ids for the next report: the notices of the last seconds. */
  report(nowMs: number): string[];
  /** Returns the ids of the last seconds, reported or not. */
  ids(): ReadonlySet<string>;
}

/**
 * How long a notice is repeated, from the first report that contains it. A lost end holds a pod for the idle timeout: 15 s cover a broken
 * stream of another proxy until it is open again, including its backoff. A lost date is sent again as time passes, and each repetition is
 * a little late: 3 s cover a failed report and the next one.
 */
export const repeatForMs = { ended: 15_000, seen: 3000 } as const;
/** There is a report each second, unless no operator is connected: then the last notices may not have been received, and are sent again. */
const unreportedAfterMs = 5000;
/** Limits a report to 0.2 MB. A notice that does not fit is sent later (`seen`), or left to the idle timeout of the other proxies (`ended`). */
const maxNotices = 10_000;

export function createOutgoingNotices(forMs: number): OutgoingNotices {
  /** `sinceMs`: the time of the first report; undefined before it. */
  let notices: { id: string; sinceMs: number | undefined }[] = [];
  let reportedAtMs = 0;
  const dropOld = (nowMs: number) => {
    notices = notices.filter(({ sinceMs }) => sinceMs === undefined || nowMs - sinceMs <= forMs);
  };
  const hasRoom = (nowMs: number) => {
    if (notices.length >= maxNotices) dropOld(nowMs);
    return notices.length < maxNotices;
  };
  return {
    add(session, nowMs) {
      if (hasRoom(nowMs)) notices.push({ id: formatSessionId(session), sinceMs: undefined });
    },
    hasRoom,
    report(nowMs) {
      const wasUnreported = nowMs - reportedAtMs > unreportedAfterMs;
      reportedAtMs = nowMs;
      for (const notice of notices) if (wasUnreported || notice.sinceMs === undefined) notice.sinceMs = nowMs;
      dropOld(nowMs);
      return notices.map(({ id }) => id);
    },
    ids: () => new Set(notices.map(({ id }) => id)),
  };
}

const maxReceived = 65_536;

/** The ends that other proxies reported. */
export interface ReceivedEnds {
  /** Returns the sessions that are new. An end is applied once, because a client that keeps its old token may return after it. */
  record(ids: readonly string[]): SessionId[];
  has(id: string): boolean;
}

export function createReceivedEnds(): ReceivedEnds {
  const received = createBoundedMap<string, true>(maxReceived);
  const has = (id: string) => received.get(id) === true;
  return {
    record: (ids) =>
      ids.flatMap((id) => {
        if (has(id)) return [];
        received.set(id, true);
        return [parseSessionId(id)];
      }),
    has,
  };
}

/** When other proxies last saw sessions alive. These sessions are not counted here: the other proxies count them. */
export interface SeenElsewhere {
  record(ids: readonly string[], nowMs: number): void;
  lastMs(session: SessionId): number | undefined;
}

export function createSeenElsewhere(): SeenElsewhere {
  const seen = createBoundedMap<number, number>(maxReceived);
  return {
    record(ids, nowMs) {
      for (const id of ids) seen.set(sessionKey(parseSessionId(id)), nowMs);
    },
    // Most proxies receive none: then a request costs nothing for it.
    lastMs: (session) => (seen.isEmpty() ? undefined : seen.get(sessionKey(session))),
  };
}
