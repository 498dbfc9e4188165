/** News of pods alone, typed. */
import type { Caches } from './caches.ts';
import type { CachedPod } from './pods.ts';

/** `isGone`: `pod` is its last known state. `before`: the version before this one. */
export type PodChange = { pod: CachedPod; before?: CachedPod; isGone: boolean };

/** The answer unsubscribes. */
export const onPodChange = (caches: Pick<Caches, 'onChange'>, listener: (change: PodChange) => void): (() => void) =>
  caches.onChange((name, change) => {
    if (name !== 'pods') return;
    const before = change.type === 'MODIFIED' ? { before: change.previous as CachedPod } : {};
    listener({ pod: change.object as CachedPod, ...before, isGone: change.type === 'DELETED' });
  });
