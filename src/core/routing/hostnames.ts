/** Host names of routes and listeners: exact, with a leading `*.` for any number of labels, or none for every host. */

/** Returns whether both lists cover a common host. */
export function shareHost(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === 0 || other.length === 0) return true;
  return one.some((a) => other.some((b) => covers(a, b) || covers(b, a)));
}

/** Returns a route's host names as they apply on a listener: the more specific one of each pair. Undefined: they have no host in common. */
export function intersectHostnames(
  ofRoute: readonly string[],
  ofListener: string | undefined,
): readonly string[] | undefined {
  if (ofListener === undefined) return ofRoute;
  if (ofRoute.length === 0) return [ofListener];
  const shared = ofRoute.flatMap((name) =>
    covers(ofListener, name) ? [name] : covers(name, ofListener) ? [ofListener] : [],
  );
  return shared.length === 0 ? undefined : [...new Set(shared)];
}

const covers = (pattern: string, hostname: string): boolean =>
  pattern === hostname || (pattern.startsWith('*.') && hostname.endsWith(pattern.slice(1)));

/** Values by host name pattern: `a.example.com`, `*.example.com` (any number of labels), or empty for every host. */
export interface HostMap<T> {
  get(hostname: string): T | undefined;
  set(hostname: string, value: T): void;
  delete(hostname: string): void;
  /** Calls `ask` for each value whose pattern matches, the most specific first, until it returns a result. `about`: passed on to it. */
  find<R, A>(host: string, ask: (value: T, about: A) => R | undefined, about: A): R | undefined;
}

export function hostMap<T>(): HostMap<T> {
  const named = new Map<string, T>();
  let forAll: T | undefined;
  return {
    get: (hostname) => (hostname === '' ? forAll : named.get(hostname)),
    set(hostname, value) {
      if (hostname === '') forAll = value;
      else named.set(hostname, value);
    },
    delete(hostname) {
      if (hostname === '') forAll = undefined;
      else named.delete(hostname);
    },
    find(host, ask, about) {
      // Most tables have no host names: then no patterns are derived from the request's host.
      for (let pattern = named.size === 0 ? '' : host; pattern !== ''; pattern = widerPattern(pattern)) {
        const value = named.get(pattern);
        const result = value === undefined ? undefined : ask(value, about);
        if (result !== undefined) return result;
      }
      return forAll === undefined ? undefined : ask(forAll, about);
    },
  };
}

/** `a.b.com`, then `*.b.com`, then `*.com`, then the empty string. */
export function widerPattern(pattern: string): string {
  const dot = pattern.indexOf('.', pattern.startsWith('*.') ? 2 : 0);
  return dot === -1 ? '' : `*${pattern.slice(dot)}`;
}
