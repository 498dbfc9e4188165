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
