/**
 * What proxies report to each other about single sessions, through the operator: a client may come through several of them.
 *
 * `ended`: its app ended a session. Each other proxy that saw it would count it until its idle timeout.
 * `seen`: a session was alive for longer than its client's token can tell, because a stream carries no new token. Each other proxy
 * would take it for idle.
 *
 * Both are named for some seconds, in report after report, because one may get lost.
 */
import { createGenerations } from './generations.ts';
import { formatSessionId, parseSessionId, sessionKey, type SessionId } from './session-ids.ts';

export interface OutgoingNotices {
  /** Ids to report: the notices of the last seconds. */
  recent(nowMs: number): string[];
  /** Whether there is currently room for another notice. */
  hasRoom(nowMs: number): boolean;
  /** Sent with the next reports, if there is room. */
  tell(session: SessionId, nowMs: number): void;
  /** Ids of what was told in the last seconds, whether or not it was reported. */
  told(): ReadonlySet<string>;
}

/**
 * How long news is repeated, from the first report that has it. An end that gets lost holds a pod for the idle timeout: its time covers
 * another proxy's stream that broke and is made anew, with all of its back-off. A date that gets lost is told again as time passes, and
 * each repetition is a little late: a report that failed and the next.
 */
export const repeatForMs = { ended: 15_000, seen: 3000 } as const;
/** Reports are made each second at least, unless no operator is there to take them: then nothing was heard, and all is told again. */
const unreportedAfterMs = 5000;
/** Bounds a report to 0.2 MB. What does not fit is told later (`seen`), or left to the idle timeout of the other proxies (`ended`). */
const maxRecent = 10_000;

export function createOutgoingNotices(forMs: number): OutgoingNotices {
  /** `sinceMs`: of the first report; undefined before it. */
  let told: { id: string; sinceMs: number | undefined }[] = [];
  let reportedAtMs = 0;
  const forgetOld = (nowMs: number) => {
    told = told.filter(({ sinceMs }) => sinceMs === undefined || nowMs - sinceMs <= forMs);
  };
  const hasRoom = (nowMs: number) => {
    if (told.length >= maxRecent) forgetOld(nowMs);
    return told.length < maxRecent;
  };
  return {
    recent(nowMs) {
      const wasUnreported = nowMs - reportedAtMs > unreportedAfterMs;
      reportedAtMs = nowMs;
      for (const news of told) if (wasUnreported || news.sinceMs === undefined) news.sinceMs = nowMs;
      forgetOld(nowMs);
      return told.map(({ id }) => id);
    },
    hasRoom,
    tell(session, nowMs) {
      if (hasRoom(nowMs)) told.push({ id: formatSessionId(session), sinceMs: undefined });
    },
    told: () => new Set(told.map(({ id }) => id)),
  };
}

const maxReceived = 65_536;

/** Ends that other proxies reported. */
export interface ReceivedEnds {
  /** Those that are heard of for the first time. An end is taken once, because a client that keeps its old token may come back after it. */
  hear(ids: readonly string[]): SessionId[];
  has(id: string): boolean;
}

export function createReceivedEnds(): ReceivedEnds {
  const heard = createGenerations<string, true>(maxReceived);
  const has = (id: string) => heard.get(id) === true;
  return {
    hear: (ids) =>
      ids.flatMap((id) => {
        if (has(id)) return [];
        heard.set(id, true);
        return [parseSessionId(id)];
      }),
    has,
  };
}

/** When other proxies last saw sessions alive. Nobody counts these: they are the other proxies' to count. */
export interface SeenElsewhere {
  hear(ids: readonly string[], nowMs: number): void;
  lastMs(session: SessionId): number | undefined;
}

export function createSeenElsewhere(): SeenElsewhere {
  const seen = createGenerations<number, number>(maxReceived);
  return {
    hear(ids, nowMs) {
      for (const id of ids) seen.set(sessionKey(parseSessionId(id)), nowMs);
    },
    // Most proxies hear of none: then a request pays nothing for it.
    lastMs: (session) => (seen.isEmpty() ? undefined : seen.get(sessionKey(session))),
  };
}
