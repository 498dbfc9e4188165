/**
 * Routes that receive no request because an older route has all of them. Two routes of the same host are sorted by their matches, and of
 * equal ones the older wins (Gateway API): with equal paths a match is shadowed by one that precedes it and requires no more than it.
 * A match that precedes another and has another path never covers all of its paths.
 */
import type { RouteMatch } from '../../api/spec.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import { compareMatches } from '../routing/match.ts';
import { isOnListener, servedListeners, type AttachedRoute, type GatewayPlan } from './gateway-plan.ts';
import type { ServingPlan } from './plan.ts';

/** The match of a route on one host of one listener. `age`: 0 is the oldest route. */
type Claim = { plan: ServingPlan; match: RouteMatch; host: string; age: number };

/** `by`: the older StickyWorkload. `host`: empty for every host. `isWhole`: no request is left for the route on this Gateway. */
export type Shadow = { by: ServingPlan; host: string; path: string; isWhole: boolean };

/** Returns the first shadow on each shadowed route of a Gateway, by key of the StickyWorkload. */
export function findShadows(gateway: GatewayPlan): Map<string, Shadow> {
  const claims = gateway.routes.flatMap((route, age) => claimsOf(route, age, gateway));
  const shadows = new Map<string, Shadow>();
  const counts = new Map<string, { all: number; shadowed: number }>();
  for (const group of Map.groupBy(claims, groupKey).values()) {
    const sorted = group
      .map(({ claim }) => claim)
      .toSorted((one, other) => compareMatches(one.match, other.match) || one.age - other.age);
    for (const [at, claim] of sorted.entries()) {
      const { key } = claim.plan;
      const count = counts.get(key) ?? { all: 0, shadowed: 0 };
      counts.set(key, count);
      count.all += 1;
      const by = sorted.slice(0, at).find((older) => older.plan.key !== key && covers(older.match, claim.match));
      if (by === undefined) continue;
      count.shadowed += 1;
      if (!shadows.has(key)) shadows.set(key, { ...describe(claim), by: by.plan, isWhole: false });
    }
  }
  for (const [key, { all, shadowed }] of counts) {
    const shadow = shadows.get(key);
    if (shadow !== undefined) shadow.isWhole = all === shadowed;
  }
  return shadows;
}

const describe = ({ host, match }: Claim) => ({ host, path: match.path.value });

const groupKey = ({ listener, claim: { host, match } }: { listener: string; claim: Claim }): string =>
  `${listener} ${host} ${match.path.type} ${match.path.value}`;

function claimsOf(route: AttachedRoute, age: number, gateway: GatewayPlan): { listener: string; claim: Claim }[] {
  const { plan } = route;
  return servedListeners(gateway)
    .filter(({ id }) => isOnListener(route, id))
    .flatMap(({ id: listener, hostname }) => {
      const shared = intersectHostnames(plan.hostnames, hostname);
      const hosts = shared?.length === 0 ? [''] : (shared ?? []);
      return hosts.flatMap((host) => plan.matches.map((match) => ({ listener, claim: { plan, match, host, age } })));
    });
}

type NameValue = NonNullable<RouteMatch['headers']>[number];

/** Whether every request of the same path that matches `other` matches `one`. */
const covers = (one: RouteMatch, other: RouteMatch): boolean =>
  (one.method === undefined || one.method === other.method) &&
  includesAll(other.headers, one.headers, (name) => name.toLowerCase()) &&
  includesAll(other.queryParams, one.queryParams, (name) => name);

const includesAll = (
  all: readonly NameValue[] = [],
  some: readonly NameValue[] = [],
  fold: (name: string) => string,
): boolean =>
  some.every((wanted) =>
    all.some(
      ({ type, name, value }) => type === wanted.type && fold(name) === fold(wanted.name) && value === wanted.value,
    ),
  );

/** Returns what is shadowed, by whom, and what to do. */
export function explainShadow({ by, host, path, isWhole }: Shadow): string {
  const requests = `requests for ${host === '' ? 'every host' : `host ${host}`} and path ${path}`;
  const left = isWhole ? 'This route receives none.' : 'The rest of the route is served.';
  return (
    `spec.route: StickyWorkload ${by.key} is older and receives the ${requests}. ${left} ` +
    'Set other hostnames or matches in spec.route, or attach one of the two to another Gateway.'
  );
}
