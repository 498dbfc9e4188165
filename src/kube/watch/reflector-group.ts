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
    get lastResourceVersion() {
      return newestOf(all.map(({ lastResourceVersion }) => lastResourceVersion));
    },
    staleMs: () => Math.max(...all.map((reflector) => reflector.staleMs())),
    start() {
      for (const reflector of all) reflector.start();
    },
    async stop() {
      await Promise.all(all.map((reflector) => reflector.stop()));
    },
  };
}

/** Versions are decimal numbers of one sequence (KEP-5504). Empty while any of them has no list yet: then some objects are not known. */
function newestOf(versions: readonly string[]): string {
  if (versions.includes('')) return '';
  return versions.reduce((one, other) => (BigInt(other) > BigInt(one) ? other : one), '0');
}
