/**
 * An immutable map, of which a changed copy shares all but a few entries: the change of one of 10,000 pods copies some dozens of entries, where
 * a copy of a Map would take milliseconds.
 */
export class SharedMap<V> {
  readonly #shards: readonly ReadonlyMap<string, V>[];

  private constructor(shards: readonly ReadonlyMap<string, V>[]) {
    this.#shards = shards;
  }

  /** The last one of several entries with the same key counts. */
  static from<V>(entries: Iterable<readonly [string, V]>): SharedMap<V> {
    const shards = Array.from({ length: shardCount }, () => new Map<string, V>());
    for (const [key, value] of entries) shards[shardOf(key)]?.set(key, value);
    return new SharedMap(shards);
  }

  get(key: string): V | undefined {
    return this.#shards[shardOf(key)]?.get(key);
  }

  /** Returns the map with these entries; those with the value undefined are left out. */
  with(changes: ReadonlyMap<string, V | undefined>): SharedMap<V> {
    if (changes.size === 0) return this;
    const shards = [...this.#shards];
    for (const [shard, changed] of Map.groupBy(changes, ([key]) => shardOf(key))) {
      const copy = new Map(shards[shard]);
      for (const [key, value] of changed) {
        if (value === undefined) copy.delete(key);
        else copy.set(key, value);
      }
      shards[shard] = copy;
    }
    return new SharedMap(shards);
  }

  *[Symbol.iterator](): Generator<readonly [string, V]> {
    for (const shard of this.#shards) yield* shard;
  }
}

/** A power of two. */
const shardCount = 256;

/** FNV-1a: keys such as `shop/cart-1` and `shop/cart-2` differ in their last characters only. */
function shardOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x0100_0193);
  return (hash ^ (hash >>> 16)) & (shardCount - 1);
}
