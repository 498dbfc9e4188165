/**
 * A bounded memory. Two generations: when the young one is full the old one is dropped and they change places. What is asked for
 * moves to the young one, so that what is in use stays.
 */
export interface Generations<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  clear(): void;
  /** Nothing is remembered. */
  isEmpty(): boolean;
}

/** Remembers at least the last `size` keys, and at most twice as many. */
export function createGenerations<K, V>(size: number): Generations<K, V> {
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
