/** What a worker tells its primary of sessions, as numbers: a message with thousands of changes costs no more than the copy of its bytes. */
import type { EndReason } from '../sessions/counters.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';
import type { SessionId } from '../sessions/session-ids.ts';
import type { SessionDate } from '../sessions/session-notices.ts';
import type { SessionEntry, SessionWatcher } from '../sessions/session-table.ts';

export type SessionChange =
  | { kind: 'added'; session: SessionEntry; slot: number; unconfirmed: boolean }
  | { kind: 'confirmed'; session: SessionId }
  | { kind: 'ended'; session: SessionId; reason: EndReason }
  | { kind: 'removed'; session: SessionId; reason: EndReason | undefined };

const kinds = ['added', 'confirmed', 'ended', 'removed'] as const;
/** Number 0 is no reason. */
const reasons = [
  undefined,
  'Idle',
  'Absolute',
  'Application',
  'Elsewhere',
  'Lost',
  'Replaced',
  'Unconfirmed',
  'Moved',
] as const satisfies readonly (EndReason | undefined)[];

/** Kind, the halves of the id, then the slot, the date and the mark of one that was added, or the reason of an end. */
const wordsPerChange = 6;

/** Notes changes until they are taken. `onSlot`: a change refers to the slot by its number. `onChange`: there is something to take. */
export function createChangeLog(events: { onSlot(slot: EndpointSlot): void; onChange(): void }): SessionWatcher & {
  take(): Uint32Array;
} {
  let words: number[] = [];
  const note = (kind: (typeof kinds)[number], { sessionHi, sessionLo }: SessionId, rest: readonly number[]) => {
    words.push(kinds.indexOf(kind), sessionHi, sessionLo, rest[0] ?? 0, rest[1] ?? 0, rest[2] ?? 0);
    events.onChange();
  };
  return {
    added(session, slot, unconfirmed) {
      events.onSlot(slot);
      note('added', session, [slot.number, session.issuedAtS, Number(unconfirmed)]);
    },
    confirmed(session) {
      note('confirmed', session, []);
    },
    ended(session, reason) {
      note('ended', session, [reasons.indexOf(reason)]);
    },
    removed(session, reason) {
      note('removed', session, [reasons.indexOf(reason)]);
    },
    take() {
      const taken = Uint32Array.from(words);
      words = [];
      return taken;
    },
  };
}

export function* readChanges(words: Uint32Array): Generator<SessionChange> {
  for (let at = 0; at < words.length; at += wordsPerChange) {
    const [kind = 0, sessionHi = 0, sessionLo = 0, first = 0, second = 0, third = 0] = words.subarray(at);
    yield readChange(kinds[kind], { sessionHi, sessionLo }, [first, second, third]);
  }
}

function readChange(
  kind: SessionChange['kind'] | undefined,
  session: SessionId,
  [first, second, third]: readonly [number, number, number],
): SessionChange {
  if (kind === 'added') {
    return { kind, session: { ...session, issuedAtS: second }, slot: first, unconfirmed: third === 1 };
  }
  if (kind === 'confirmed') return { kind, session };
  if (kind === 'ended') return { kind, session, reason: reasons[first] ?? 'Elsewhere' };
  return { kind: 'removed', session, reason: reasons[first] };
}

const wordsPerDate = 4;

export function packDates(dates: Iterable<SessionDate>): Uint32Array {
  const words: number[] = [];
  for (const { sessionHi, sessionLo, lastSeenS, unconfirmed } of dates) {
    words.push(sessionHi, sessionLo, lastSeenS, Number(unconfirmed));
  }
  return Uint32Array.from(words);
}

export function* readDates(words: Uint32Array): Generator<SessionDate> {
  for (let at = 0; at < words.length; at += wordsPerDate) {
    const [sessionHi = 0, sessionLo = 0, lastSeenS = 0, unconfirmed] = words.subarray(at);
    yield { sessionHi, sessionLo, lastSeenS, unconfirmed: unconfirmed === 1 };
  }
}
