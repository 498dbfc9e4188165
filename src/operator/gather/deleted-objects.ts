/**
 * Deleted objects whose last state still matters. Only objects that this replica has seen count: after a restart, an object that is missing
 * may also be one that another watch has not delivered yet.
 */
import type { Caches } from './caches.ts';
import type { CacheContents, CacheName } from './watched.ts';

export interface DeletedObjects<Name extends CacheName> {
  /** As they were last, without those that exist again. Forgets the others for which `isNeeded` is false. */
  list(isNeeded: (object: CacheContents[Name]) => boolean): CacheContents[Name][];
  isEmpty(): boolean;
  find(ref: { namespace: string; name: string }): CacheContents[Name] | undefined;
}

export function rememberDeleted<Name extends CacheName>(
  caches: Pick<Caches, 'onChange'>,
  name: Name,
): DeletedObjects<Name> {
  const deleted = new Map<string, CacheContents[Name]>();
  caches.onChange((changed, { type, object }) => {
    if (changed !== name) return;
    const key = keyOf(object.metadata);
    if (type === 'DELETED') deleted.set(key, object as CacheContents[Name]);
    else deleted.delete(key);
  });
  return {
    list(isNeeded) {
      for (const [key, object] of deleted) if (!isNeeded(object)) deleted.delete(key);
      return [...deleted.values()];
    },
    isEmpty: () => deleted.size === 0,
    find: (ref) => deleted.get(keyOf(ref)),
  };
}

const keyOf = ({ namespace = '', name }: { namespace?: string; name: string }): string => `${namespace}/${name}`;
