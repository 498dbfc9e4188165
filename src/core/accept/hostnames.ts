/** Host names of routes: exact, `*.` in front for any number of labels, and an empty list for all hosts. */

/** Whether a request can name a host that both lists cover. */
export function shareHost(one: readonly string[], other: readonly string[]): boolean {
  if (one.length === 0 || other.length === 0) return true;
  return one.some((a) => other.some((b) => covers(a, b) || covers(b, a)));
}

const covers = (pattern: string, hostname: string): boolean => pattern === hostname || (pattern.startsWith('*.') && hostname.endsWith(pattern.slice(1)));
