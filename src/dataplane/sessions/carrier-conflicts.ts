/** Remembers which apps use the name of a cookie or header that carries session tokens, for the reports to the operator. */
import type { CarrierConflict } from '../../wire/messages.ts';

export interface CarrierConflicts {
  /** Called for each response from which something was removed. */
  add(conflict: CarrierConflict, nowMs: number): void;
  /** Returns the conflicts of the last seconds. */
  recent(nowMs: number): CarrierConflict[];
}

/** A report may get lost: three in a row do not. */
const repeatForMs = 3000;
/** Each is an event at a StickyWorkload: more than this are not read by anybody. */
const maxConflicts = 50;

export function createCarrierConflicts(): CarrierConflicts {
  const lastMs = new Map<string, { conflict: CarrierConflict; atMs: number }>();
  return {
    add(conflict, nowMs) {
      const key = `${conflict.workload} ${conflict.type} ${conflict.name}`;
      const known = lastMs.get(key);
      if (known !== undefined) known.atMs = nowMs;
      else if (lastMs.size < maxConflicts) lastMs.set(key, { conflict, atMs: nowMs });
    },
    recent(nowMs) {
      for (const [key, { atMs }] of lastMs) if (nowMs - atMs > repeatForMs) lastMs.delete(key);
      return [...lastMs.values()].map(({ conflict }) => conflict);
    },
  };
}
