import type { CachedWithStatus } from '../gather/owned.ts';

/** A status that was judged from an older spec must not claim the newer one; the translation of the newer one reconciles again. */
export const isNewer = (
  { observed }: Pick<CachedWithStatus, 'observed'>,
  { generation }: { generation: number },
): boolean => observed.generation > generation;
