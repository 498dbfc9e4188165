/**
 * Ends that proxies tell each other, by way of the operator: a client may have come through several of them, and each would count
 * the session until its idle timeout. Repeated for some seconds, because a report may get lost; heard once, because a client that
 * keeps its old cookie may have come back in between.
 */
import type { SessionId } from './session-rows.ts';

export interface EndedSessions {
  /** The app ended the session, and this proxy saw it. */
  record(session: SessionId, nowMs: number): void;
  /** Ids to report: what was recorded in the last seconds. */
  recent(nowMs: number): string[];
  /** Of ids that another proxy reported: those that are heard of for the first time. */
  takeNew(ids: readonly string[]): SessionId[];
}

/** Covers a report that failed and the one after it. */
const repeatForMs = 3000;
/** Bounds a report: more ends than this in three seconds are left to the idle timeout of the other proxies. */
const maxRecent = 10_000;
const maxHeard = 65_536;

export function createEndedSessions(): EndedSessions {
  let own: { id: string; atMs: number }[] = [];
  /** In the order in which they were heard. */
  const heard = new Set<string>();

  return {
    record(session, nowMs) {
      if (own.length < maxRecent) own.push({ id: formatSessionId(session), atMs: nowMs });
    },
    recent(nowMs) {
      own = own.filter(({ atMs }) => nowMs - atMs <= repeatForMs);
      return own.map(({ id }) => id);
    },
    takeNew(ids) {
      return ids.flatMap((id) => {
        if (heard.has(id)) return [];
        heard.add(id);
        const [oldest] = heard;
        if (oldest !== undefined && heard.size > maxHeard) heard.delete(oldest);
        return [parseSessionId(id)];
      });
    },
  };
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

const formatSessionId = ({ sessionHi, sessionLo }: SessionId): string => hex(sessionHi) + hex(sessionLo);

const parseSessionId = (id: string): SessionId => ({ sessionHi: Number.parseInt(id.slice(0, 8), 16), sessionLo: Number.parseInt(id.slice(8, 16), 16) });
