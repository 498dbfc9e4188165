/** Host names of routes and listeners: exact, `*.` in front for any number of labels, and none at all for every host. */

/** Whether a request can name a host that both lists cover. */
export function shareHost(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === 0 || other.length === 0) return true;
  return one.some((a) => other.some((b) => covers(a, b) || covers(b, a)));
}

/** A route's host names as they count on a listener: of each pair the narrower one. Undefined: they have no host in common. */
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
  /** Asks the values whose pattern fits, the most specific first, until one gives an answer. */
  find<R>(host: string, ask: (value: T) => R | undefined): R | undefined;
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
    find(host, ask) {
      // Most tables name no host: then no pattern is made of the request's.
      for (let pattern = named.size === 0 ? '' : host; pattern !== ''; pattern = widerPattern(pattern)) {
        const value = named.get(pattern);
        const answer = value === undefined ? undefined : ask(value);
        if (answer !== undefined) return answer;
      }
      return forAll === undefined ? undefined : ask(forAll);
    },
  };
}

/** From `a.b.com` to `*.b.com`, from there to `*.com`, and from there to nothing. */
function widerPattern(pattern: string): string {
  const dot = pattern.indexOf('.', pattern.startsWith('*.') ? 2 : 0);
  return dot === -1 ? '' : `*${pattern.slice(dot)}`;
}
