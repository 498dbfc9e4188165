/** What became of the route of a StickyWorkload where the spec is accepted: parts of it may not be carried out, and the rest is. */
import type { Reason } from '../../api/reasons.ts';
import type { BackendVerdict } from '../resolve/backends.ts';
import type { ParentVerdict } from '../resolve/parents.ts';

/** What became of each Gateway that a route asks for, and of each backend that it names. */
export type RouteVerdict = { parents: ParentVerdict[]; backends: BackendVerdict[] };

/** The first thing that is not carried out names the reason, and all are told. Undefined: all of the route is served. */
export function findRouteShortfall({
  parents,
  backends,
}: RouteVerdict): { reason: Reason; message: string } | undefined {
  const refused = parents.filter((verdict) => verdict.kind === 'refused');
  const unresolved = backends.filter((verdict) => verdict.kind === 'unresolved');
  const [first] = [...refused, ...unresolved];
  if (first === undefined) return undefined;
  const problems = [...refused, ...unresolved].map(({ message }) => message).join(' ');
  const isServed = unresolved.length < backends.length;
  return {
    reason: first.reason,
    message: `${problems} ${isServed ? 'The rest of the route is served.' : 'Its requests are answered with 503.'}`,
  };
}
