/** Which of many lists of host names was first to have a host of another list: by look-ups, not by comparing each with each. */
import { widerPattern } from './hostnames.ts';

export interface HostClaims<T> {
  /** Returns the value of the first list that has a host of this one. */
  first(hostnames: readonly string[]): T | undefined;
  /** `hostnames`: empty for every host. */
  add(hostnames: readonly string[], value: T): void;
}

type Claim<T> = { place: number; value: T };

export function claimHosts<T>(): HostClaims<T> {
  /** By host name; and by each pattern that covers one of the host names. */
  const named = new Map<string, Claim<T>>();
  const covering = new Map<string, Claim<T>>();
  let [any, every]: (Claim<T> | undefined)[] = [];
  let place = 0;
  return {
    first(hostnames) {
      if (hostnames.length === 0) return any?.value;
      const found = hostnames.flatMap((hostname) => [
        named.get(hostname),
        covering.get(hostname),
        ...patternsAbove(hostname).map((pattern) => named.get(pattern)),
      ]);
      return earliest([every, ...found])?.value;
    },
    add(hostnames, value) {
      const claim = { place, value };
      place += 1;
      any ??= claim;
      if (hostnames.length === 0) every ??= claim;
      for (const hostname of hostnames) {
        addFirst(named, hostname, claim);
        for (const pattern of patternsAbove(hostname)) addFirst(covering, pattern, claim);
      }
    },
  };
}

/** `*.b.com` and `*.com` for `a.b.com`. */
function patternsAbove(hostname: string): string[] {
  const patterns: string[] = [];
  for (let at = widerPattern(hostname); at !== ''; at = widerPattern(at)) patterns.push(at);
  return patterns;
}

const earliest = <T>(claims: readonly (Claim<T> | undefined)[]): Claim<T> | undefined =>
  claims.reduce((one, other) => (one === undefined || (other && other.place < one.place) ? other : one), undefined);

function addFirst<T>(claims: Map<string, T>, key: string, claim: T): void {
  if (!claims.has(key)) claims.set(key, claim);
}
