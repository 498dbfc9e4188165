/** One reflector for each namespace as one, for a client that may only read the objects of some namespaces. */
import type { Reflector } from './reflector.ts';

export function groupReflectors(byNamespace: ReadonlyMap<string, Reflector>): Reflector {
  const all = [...byNamespace.values()];
  return {
    get: (ref) => byNamespace.get(ref.namespace ?? '')?.get(ref),
    list: () => all.flatMap((reflector) => reflector.list()),
    onChange(listener) {
      const undo = all.map((reflector) => reflector.onChange(listener));
      return () => {
        for (const step of undo) step();
      };
    },
    synced: Promise.all(all.map(({ synced }) => synced)).then(() => undefined),
    unread: () => all.flatMap((reflector) => reflector.unread()),
    get lastResourceVersion() {
      return newestOf(all.map(({ lastResourceVersion }) => lastResourceVersion));
    },
    staleMs: () => {
      const read = all.filter((reflector) => reflector.unread().length === 0);
      return read.length === 0 ? Infinity : Math.max(...read.map((reflector) => reflector.staleMs()));
    },
    start() {
      for (const reflector of all) reflector.start();
    },
    async stop() {
      await Promise.all(all.map((reflector) => reflector.stop()));
    },
  };
}

/** Versions are decimal numbers of one sequence (KEP-5504); empty if none of them has a list yet. */
const newestOf = (versions: readonly string[]): string =>
  versions.reduce((one, other) => (BigInt(other || 0) > BigInt(one || 0) ? other : one), '');
