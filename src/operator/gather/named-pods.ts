/** Which pods EndpointSlices name, by UID. */
import type { Slice } from '../../core/snapshot/snapshot.ts';
import type { Caches } from './caches.ts';
import type { CachedSlice } from './slices.ts';

export interface NamedPods {
  has(uid: string): boolean;
}

export function createNamedPods(caches: Pick<Caches, 'onChange'>): NamedPods {
  /** In how many endpoints: a slice that is being rebalanced has some of another one. */
  const counts = new Map<string, number>();

  function add({ endpoints }: Slice, change: 1 | -1): void {
    for (const { podUid } of endpoints) {
      if (podUid === undefined) continue;
      const next = (counts.get(podUid) ?? 0) + change;
      if (next === 0) counts.delete(podUid);
      else counts.set(podUid, next);
    }
  }

  caches.onChange((name, change) => {
    if (name !== 'slices') return;
    if (change.type !== 'DELETED') add((change.object as CachedSlice).slice, 1);
    if (change.type === 'DELETED') add((change.object as CachedSlice).slice, -1);
    if (change.type === 'MODIFIED') add((change.previous as CachedSlice).slice, -1);
  });

  return { has: (uid) => counts.has(uid) };
}
