/**
 * The session keys of a StickyWorkload, without a Secret of its own: each is derived from the master key of the same number (its epoch). A
 * proxy has the keys of its own backends only; neither a master key nor the key of another backend can be computed from them.
 */
import { deriveRing } from '../session/derived-keys.ts';
import type { KeyRing } from '../../wire/routing-table.ts';

/** A master ring is never modified, only replaced. */
const derived = new WeakMap<KeyRing, Map<string, KeyRing>>();

/** `uid`: of the StickyWorkload. One that is created again with the same name has other keys. Equal inputs give the same object. */
export function deriveKeyRing(master: KeyRing, uid: string): KeyRing {
  const known = derived.get(master) ?? new Map<string, KeyRing>();
  derived.set(master, known);
  const ring = known.get(uid) ?? deriveRing(master, `StickyWorkload ${uid}`);
  known.set(uid, ring);
  return ring;
}
