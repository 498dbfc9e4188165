/**
 * What is cached of a kind, sorted by namespace and name. A list stays the same object until something in it changes, by which the translation
 * detects what it need not look at; and a change costs what changed: 10,000 pods are not sorted again for one of them.
 */
import type { KubeObject, ObjectRef } from '../../kube/ports.ts';
import type { Caches } from './caches.ts';
import { definitionCaches } from './installed-kinds.ts';
import type { CacheContents, CacheName } from './watched.ts';

export interface SortedList<Item> {
  items(): Item[];
  /** What is read of an object may have changed. */
  readAgain(ref: ObjectRef): void;
}

/** Above this number of changes it is faster to sort. */
const mostChanges = 500;

const isDefinition: ReadonlySet<CacheName> = new Set(definitionCaches);

/** `read`: what a list has of an object. */
export function createSortedList<Name extends CacheName, Item>(
  caches: Pick<Caches, 'get' | 'list' | 'onChange'>,
  name: Name,
  read: (object: CacheContents[Name]) => Item,
): SortedList<Item> {
  const changed = new Map<string, ObjectRef>();
  let isRead = false;
  let keys: string[] = [];
  let items: Item[] = [];

  caches.onChange((ofName, { object: { metadata } }) => {
    if (ofName === name) note(metadata);
    // A kind whose definition is deleted is no longer watched.
    if (isDefinition.has(ofName)) isRead = false;
  });

  /** Without a reader the changes would accumulate. */
  function note(ref: ObjectRef): void {
    if (!isRead) return;
    changed.set(keyOf(ref), ref);
    if (changed.size <= mostChanges) return;
    isRead = false;
    changed.clear();
  }

  function readAll(): void {
    const sorted = sortByName(caches.list(name));
    keys = sorted.map(({ key }) => key);
    const next = sorted.map(({ object }) => read(object));
    if (next.length !== items.length || next.some((item, at) => item !== items[at])) items = next;
  }

  function readChanged(): void {
    let next: Item[] | undefined;
    for (const [key, ref] of changed) {
      const object = caches.get(name, ref);
      const item = object ? [read(object)] : [];
      const at = placeOf(key, keys);
      const known = keys[at] === key ? 1 : 0;
      if (known === item.length && (known === 0 || item[0] === (next ?? items)[at])) continue;
      next ??= [...items];
      keys.splice(at, known, ...(object ? [key] : []));
      next.splice(at, known, ...item);
    }
    items = next ?? items;
  }

  return {
    items() {
      if (!isRead) readAll();
      else if (changed.size > 0) readChanged();
      isRead = true;
      changed.clear();
      return items;
    },
    readAgain: note,
  };
}

const keyOf = ({ namespace = '', name }: ObjectRef): string => `${namespace}/${name}`;

/** Names are built once for each object, not for each comparison. */
const sortByName = <T extends KubeObject>(objects: readonly T[]): { key: string; object: T }[] =>
  objects
    .map((object) => ({ key: keyOf(object.metadata), object }))
    .toSorted((one, other) => (one.key < other.key ? -1 : Number(one.key > other.key)));

function placeOf(key: string, keys: readonly string[]): number {
  let [from, to] = [0, keys.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((keys[middle] ?? '') < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
