/**
 * A map of bounded size, in two generations: when the young one is full, the old one is dropped and replaced by it. Entries that are read
 * move to the young generation, so entries in use stay.
 */
export interface BoundedMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  clear(): void;
  isEmpty(): boolean;
}

/** Keeps at least the last `size` entries, and at most twice as many. */
export function createBoundedMap<K, V>(size: number): BoundedMap<K, V> {
  let young = new Map<K, V>();
  let old = new Map<K, V>();
  const set = (key: K, value: V) => {
    if (young.size >= size && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };
  return {
    get(key) {
      const recent = young.get(key);
      if (recent !== undefined) return recent;
      const value = old.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    set,
    clear() {
      young = new Map();
      old = new Map();
    },
    isEmpty: () => young.size === 0 && old.size === 0,
  };
}
