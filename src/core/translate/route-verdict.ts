/** How a route resolved: parts of it may fail to resolve while the rest is served. */
import type { Reason } from '../../api/reasons.ts';
import type { BackendVerdict } from '../resolve/backends.ts';
import type { ParentVerdict } from '../resolve/parents.ts';

/** The verdicts on each requested Gateway and each backend of a route. */
export type RouteVerdict = { parents: ParentVerdict[]; backends: BackendVerdict[] };

/** Returns the reason of the first failure, with the messages of all; undefined if the whole route is served. */
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
    message: `${problems} ${isServed ? 'The rest of the route is served.' : 'Its requests get 503.'}`,
  };
}
