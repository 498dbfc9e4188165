/** Which origins a CORS filter allows: `scheme://host[:port]`, where the host may begin with `*`, or `*` alone. */

const wellKnownPort = /^(http:\/\/.*):80$|^(https:\/\/.*):443$/;

/** Browsers leave out the well-known port; names of hosts have no case. */
const normal = (origin: string): string => origin.toLowerCase().replace(wellKnownPort, '$1$2');

type Test = (origin: string) => boolean;

export function compileOrigins(allowed: readonly string[]): Test {
  if (allowed.includes('*')) return () => true;
  const patterns = allowed.map(normal);
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const wildcards = patterns.filter((pattern) => pattern.includes('*')).map(compileWildcard);
  return (origin) => {
    const compared = normal(origin);
    return exact.has(compared) || wildcards.some((test) => test(compared));
  };
}

/** `*` is any number of labels, at least one, and never a port. */
function compileWildcard(pattern: string): Test {
  const at = pattern.indexOf('*');
  const start = pattern.slice(0, at);
  const end = pattern.slice(at + 1);
  return (origin) =>
    origin.length > start.length + end.length &&
    origin.startsWith(start) &&
    origin.endsWith(end) &&
    !/[:/]/.test(origin.slice(start.length, origin.length - end.length));
}
