/** Combines the counts of all session sources. Unknown is not zero. */
import type { SessionSource, SourceType } from '../../wire/messages.ts';

export type SessionCount = { known: true; sessions: number } | { known: false; reason: string };

/**
 * The largest of the wanted sources, not their sum: one user's session is a session to the proxy, a connection to the kernel and a session
 * to the app. A sum would count it three times, and a threshold of 10 would mean 4. All are zero exactly when the largest is.
 * A missing source is unknown. Several sources of one type count different sessions, and are added up.
 */
export function countSessions(wanted: readonly SourceType[], sources: readonly SessionSource[]): SessionCount {
  if (wanted.length === 0) return { known: false, reason: 'no session source is configured' };
  let sessions = 0;
  for (const type of wanted) {
    const count = countOfType(type, sources);
    if (!count.known) return count;
    sessions = Math.max(sessions, count.sessions);
  }
  return { known: true, sessions };
}

function countOfType(type: SourceType, sources: readonly SessionSource[]): SessionCount {
  const ofType = sources.filter((source) => source.type === type);
  if (ofType.length === 0) return { known: false, reason: `${type}: no answer from this session source` };
  let sessions = 0;
  for (const source of ofType) {
    if (!source.known) return { known: false, reason: `${type}: ${source.reason}` };
    sessions += source.sessions;
  }
  return { known: true, sessions };
}
