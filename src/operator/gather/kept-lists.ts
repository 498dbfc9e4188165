/** The lists of all kinds, and what is derived from them: the same objects as long as nothing that they were derived from has changed. */
import { createMemo, type Memo } from '../../platform/memo.ts';
import type { Caches } from './caches.ts';
import { isOnlyStatus } from './faults.ts';
import { createSortedList, type SortedList } from './sorted-list.ts';
import type { CacheContents, CacheName } from './watched.ts';

export interface KeptLists {
  of: <Name extends CacheName>(name: Name) => CacheContents[Name][];
  /** Calls `compute` again when one of the inputs is another object. `key`: of what is derived. */
  derive: <Out>(key: string, inputs: readonly unknown[], compute: () => Out) => Out;
  /** The list of a kind, with what `read` takes of each object. */
  each: <Name extends CacheName, Item>(name: Name, read: (object: CacheContents[Name]) => Item) => Item[];
}

export function createKeptLists(caches: Pick<Caches, 'get' | 'list' | 'onChange'>): KeptLists {
  const lists = new Map<CacheName, SortedList<unknown>>();
  const derived = new Map<string, Memo<unknown>>();

  function of<Name extends CacheName>(name: Name): CacheContents[Name][] {
    let list = lists.get(name);
    if (!list) lists.set(name, (list = createSortedList(caches, name, (object) => object)));
    return list.items() as CacheContents[Name][];
  }

  function derive<Out>(key: string, inputs: readonly unknown[], compute: () => Out): Out {
    let memo = derived.get(key);
    if (!memo) derived.set(key, (memo = createMemo()));
    return memo(inputs, compute) as Out;
  }

  return {
    of,
    derive,
    each: (name, read) => {
      const list = of(name);
      return derive(name, [list], () => list.flatMap((object) => (isOnlyStatus(object) ? [] : [read(object)])));
    },
  };
}
