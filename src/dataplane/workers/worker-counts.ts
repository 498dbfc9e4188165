/** What a worker counts: noted here, and sent to the primary process in batches. */
import type { Clock } from '../../platform/clock.ts';
import { createCounters } from '../sessions/counters.ts';
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';
import type { RouterParts } from '../sessions/router.ts';
import { formatSessionId } from '../sessions/session-ids.ts';
import type { OutgoingNotices } from '../sessions/session-notices.ts';
import { createSessionTable } from '../sessions/session-table.ts';
import type { Batch, SlotName } from './messages.ts';
import { createChangeLog } from './session-changes.ts';
import { packLoads } from './slot-loads.ts';

export interface WorkerCounts {
  readonly parts: RouterParts;
  /** Sends all that has changed. */
  flush(): void;
  stop(): void;
}

/** Sessions that begin and end. A report of the proxy waits for 200 ms before the next one. */
const changesWithinMs = 20;
/** Open requests and dates, which change with each request. */
const loadsEveryMs = 200;

export function createWorkerCounts(clock: Clock, send: (batch: Batch) => void): WorkerCounts {
  const named: (EndpointSlot | undefined)[] = [];
  let slots: SlotName[] = [];
  let ended: string[] = [];
  let seen: string[] = [];
  let conflicts: Batch['conflicts'] = [];
  let cancelFlush: (() => void) | undefined;

  const name = (slot: EndpointSlot) => {
    if (named[slot.number] === slot) return;
    named[slot.number] = slot;
    slots.push({ number: slot.number, endpoint: slot.endpoint.id, backend: slot.backend.id });
  };
  const flushSoon = (withinMs = changesWithinMs) => {
    cancelFlush ??= clock.after(withinMs, () => flush([]));
  };
  const changes = createChangeLog({ onSlot: name, onChange: () => flushSoon() });
  const flush = (changed: readonly EndpointSlot[]) => {
    cancelFlush?.();
    cancelFlush = undefined;
    const current = changed.filter((slot) => table.slots.byNumber(slot.number) === slot);
    for (const slot of current) name(slot);
    const words = changes.take();
    if (words.length + current.length + ended.length + seen.length + conflicts.length === 0) return;
    send({ slots, changes: words, loads: packLoads(current), ended, seen, conflicts });
    slots = [];
    ended = [];
    seen = [];
    conflicts = [];
  };
  /** The primary repeats them in its reports. */
  const outgoing = (list: () => string[]): OutgoingNotices => ({
    add(session) {
      list().push(formatSessionId(session));
      flushSoon();
      return true;
    },
    report: () => [],
  });
  const seenNotices = outgoing(() => seen);
  const table = createSessionTable(seenNotices, changes);
  // Before the first call nothing is noted.
  table.slots.takeChanged();
  const flushAll = () => flush(table.slots.takeChanged());
  let cancelLoads = () => {};
  const flushLoads = () => {
    flushAll();
    cancelLoads = clock.after(loadsEveryMs, flushLoads);
  };
  flushLoads();

  return {
    parts: {
      counters: createCounters(),
      sessions: table,
      ended: outgoing(() => ended),
      seen: seenNotices,
      conflicts: {
        add(conflict) {
          conflicts.push(conflict);
          flushSoon();
        },
        recent: () => [],
      },
    },
    flush: flushAll,
    stop() {
      cancelLoads();
    },
  };
}
