/**
 * The observations of the customers. Only the client knows whether a session is lost: when an answer comes from another pod, or its connection
 * breaks.
 */

export type LossKind =
  /** The pod that answered does not know the session. */
  | 'UnknownSession'
  | 'WrongPod'
  | 'WrongSecret'
  /** The cart is not what this client put into it: a request was executed twice, or not at all. */
  | 'WrongCart'
  /** An answer that the app never sends: made by a proxy. */
  | 'Status'
  | 'BadAnswer'
  | 'ConnectionBroken'
  | 'Timeout'
  /** Closed before the client closed it. */
  | 'WebSocketClosed'
  /** A stream of events that ended before the client closed it. */
  | 'EventsEnded';

export type Loss = { kind: LossKind; what: string; atMs: number };
export type SessionType = 'Http' | 'WebSocket' | 'Sse';

export type SessionRecord = {
  id: string;
  type: SessionType;
  pod: string;
  /** When the login was sent: the pod was chosen after that. */
  startedAtMs: number;
  /** How long the login took. */
  loginMs: number;
  lastSeenAtMs: number;
  /** Absent while it is active. */
  endedAtMs?: number;
  loss?: Loss;
  /** Connections that broke, after which the client reconnected to its session. */
  cuts: { what: string; atMs: number }[];
};

export type SessionLog = {
  run: string;
  seed: number;
  sessions: SessionRecord[];
  /** Logins that failed: no session was lost, but a customer was refused. */
  refused: { what: string; atMs: number }[];
};

export type Summary = {
  run: string;
  seed: number;
  started: number;
  ended: number;
  lost: number;
  /** Sessions that began on a pod that had been terminating for more than five seconds. */
  misplaced: number;
  refused: number;
  /** The first of them in full. */
  refusals: { what: string; atMs: number }[];
  alive: number;
  /** Connections that broke although their sessions continued, by type of session. */
  cut: Partial<Record<SessionType, number>>;
  slowestLoginMs: number;
  /** For each pod that was deleted: from its deletion to the last login that still led to it, 0 where none did. */
  lastNewSessionMs: { median: number; most: number };
  /** By kind, and the first of them in full. */
  lostBy: Partial<Record<LossKind, number>>;
  losses: (Loss & { session: string; pod: string })[];
  misplacedOn: Partial<Record<string, number>>;
};

export type PodUse = {
  started: number;
  alive: number;
  lost: number;
  firstStartAtMs: number;
  lastStartAtMs: number;
  /** Last answer that a client of the pod got. */
  lastSeenAtMs: number;
  /** When its last session so far ended; absent while none has. */
  lastEndAtMs?: number;
};

/** A proxy learns of a deletion at once, except on a machine without a free processor; one that does not learn of it continues for the whole drain. */
const placementGraceMs = 5000;
const lossesShown = 20;

/** `terminatingSinceMs`: for each pod that was deleted, when. */
export function summarize(
  sessionLog: SessionLog,
  terminatingSinceMs: ReadonlyMap<string, number> = new Map(),
): Summary {
  const lost = sessionLog.sessions.flatMap(({ id, pod, loss }) => (loss ? [{ session: id, pod, ...loss }] : []));
  const misplaced = sessionLog.sessions.filter(
    ({ pod, startedAtMs }) => startedAtMs > (terminatingSinceMs.get(pod) ?? Infinity) + placementGraceMs,
  );
  const ended = sessionLog.sessions.filter(({ endedAtMs, loss }) => endedAtMs !== undefined && !loss).length;
  return {
    run: sessionLog.run,
    seed: sessionLog.seed,
    started: sessionLog.sessions.length,
    ended,
    lost: lost.length,
    misplaced: misplaced.length,
    refused: sessionLog.refused.length,
    refusals: sessionLog.refused.slice(0, lossesShown),
    alive: sessionLog.sessions.length - ended - lost.length,
    cut: countBy(
      sessionLog.sessions.flatMap(({ type, cuts }) => cuts.map(() => type)),
      (type) => type,
    ),
    slowestLoginMs: Math.max(0, ...sessionLog.sessions.map(({ loginMs }) => loginMs)),
    lastNewSessionMs: lastNewSessions(sessionLog, terminatingSinceMs),
    lostBy: countBy(lost, ({ kind }) => kind),
    losses: lost.slice(0, lossesShown),
    misplacedOn: countBy(misplaced, ({ pod }) => pod),
  };
}

function lastNewSessions(
  sessionLog: SessionLog,
  terminatingSinceMs: ReadonlyMap<string, number>,
): Summary['lastNewSessionMs'] {
  const uses = podUses(sessionLog);
  const delaysMs = [...terminatingSinceMs]
    .map(([pod, sinceMs]) => Math.max(0, (uses.get(pod)?.lastStartAtMs ?? 0) - sinceMs))
    .toSorted((one, other) => one - other);
  return { median: delaysMs[Math.floor(delaysMs.length / 2)] ?? 0, most: delaysMs.at(-1) ?? 0 };
}

/** One line, to be found in the output of a test. */
export const formatSummary = (summary: Summary): string => JSON.stringify(summary);

/** What each pod had, by name. */
export function podUses(sessionLog: SessionLog): Map<string, PodUse> {
  const uses = new Map<string, PodUse>();
  for (const session of sessionLog.sessions) {
    const { pod, startedAtMs, lastSeenAtMs, endedAtMs, loss } = session;
    const use = uses.get(pod) ?? {
      started: 0,
      alive: 0,
      lost: 0,
      firstStartAtMs: startedAtMs,
      lastStartAtMs: startedAtMs,
      lastSeenAtMs,
    };
    uses.set(pod, {
      started: use.started + 1,
      alive: use.alive + (endedAtMs === undefined ? 1 : 0),
      lost: use.lost + (loss ? 1 : 0),
      firstStartAtMs: Math.min(use.firstStartAtMs, startedAtMs),
      lastStartAtMs: Math.max(use.lastStartAtMs, startedAtMs),
      lastSeenAtMs: Math.max(use.lastSeenAtMs, lastSeenAtMs),
      ...(endedAtMs === undefined && use.lastEndAtMs === undefined
        ? {}
        : { lastEndAtMs: Math.max(use.lastEndAtMs ?? 0, endedAtMs ?? 0) }),
    });
  }
  return uses;
}

function countBy<Item, Key extends string>(
  items: readonly Item[],
  keyOf: (item: Item) => Key,
): Partial<Record<Key, number>> {
  const counts: Partial<Record<Key, number>> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
}
