/** The share of one worker in the merged counts: what it has sent so far, and can take back when it is gone. */
import type { EndpointSlot } from '../sessions/endpoint-slots.ts';
import type { MergedSessions } from './merged-sessions.ts';
import type { Batch, SlotName } from './messages.ts';
import { readChanges, type SessionChange } from './session-changes.ts';
import { readLoads, type SlotLoad } from './slot-loads.ts';

export interface WorkerShare {
  apply(batch: Pick<Batch, 'slots' | 'changes' | 'loads'>): void;
  /** The worker is gone, and what it had open. `nowMs`: absent if it has sent when it last saw its sessions. */
  release(nowMs: number | undefined): void;
}

type Load = Pick<SlotLoad, 'open' | 'starting' | 'startingConfirmed'>;

const noLoad: Load = { open: 0, starting: 0, startingConfirmed: 0 };

export function createWorkerShare(sessions: MergedSessions, worker: number): WorkerShare {
  const names = new Map<number, SlotName>();
  const loads = new Map<number, { at: EndpointSlot; load: Load }>();

  /** Undefined: an endpoint that has left the table, which the worker does not know yet. Nothing of it is reported. */
  const slotOf = (number: number): EndpointSlot | undefined => {
    const name = names.get(number);
    return name && sessions.slots.ofEndpoint(name.endpoint).find(({ backend }) => backend.id === name.backend);
  };

  const setLoad = (number: number, at: EndpointSlot, load: Load) => {
    const before = loads.get(number)?.load ?? noLoad;
    loads.set(number, { at, load });
    at.open += load.open - before.open;
    at.starting += load.starting - before.starting;
    at.startingConfirmed += load.startingConfirmed - before.startingConfirmed;
  };

  const takeBack = (number: number) => {
    const known = loads.get(number);
    if (known === undefined) return;
    setLoad(number, known.at, noLoad);
    loads.delete(number);
    sessions.noteChange(known.at);
  };

  const change = (entry: SessionChange) => {
    if (entry.kind === 'confirmed') sessions.confirmed(entry.session);
    else if (entry.kind === 'ended') sessions.end(entry.session, entry.reason);
    else if (entry.kind === 'removed') sessions.removed(entry.session, { worker, reason: entry.reason });
    else {
      const slot = slotOf(entry.slot);
      if (slot !== undefined) sessions.added(entry.session, { worker, slot, unconfirmed: entry.unconfirmed });
    }
  };

  return {
    apply(batch) {
      for (const name of batch.slots) {
        takeBack(name.number);
        names.set(name.number, name);
      }
      for (const entry of readChanges(batch.changes)) change(entry);
      for (const load of readLoads(batch.loads)) {
        const slot = slotOf(load.slot);
        if (slot === undefined) continue;
        if (loads.get(load.slot)?.at !== slot) takeBack(load.slot);
        slot.lastSeenS = Math.max(slot.lastSeenS, load.lastSeenS);
        slot.unconfirmedSeenS = Math.max(slot.unconfirmedSeenS, load.unconfirmedSeenS);
        const { starting } = slot;
        setLoad(load.slot, slot, load);
        // What is open changes with each request, and counts in no session.
        if (slot.starting === starting) sessions.noteLoad(slot);
        else sessions.noteChange(slot);
      }
    },
    release(nowMs) {
      for (const number of loads.keys()) takeBack(number);
      sessions.release(worker, nowMs);
    },
  };
}
