/**
 * Routes that receive no request because an older route has all of them. Two routes of the same host are sorted by their matches, and of
 * equal ones the older wins (Gateway API): with equal paths a match is shadowed by one that precedes it and requires no more than it.
 * A match that precedes another and has another path never covers all of its paths.
 */
import type { RouteMatch } from '../../api/spec.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import { compareMatches } from '../routing/match.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import { servedListeners, type GatewayPlan } from './gateway-plan.ts';

/**
 * The owner of a route. `key`: `namespace/name` of a StickyWorkload, with its kind before it for others. `age`: sorts the older one first.
 * `field`: of the route, for messages. `backends`: keys of the StickyWorkloads that it leads to.
 */
export type Claimant = { key: string; title: string; field: string; age: string; backends: readonly string[] };

/** The match of a route on one host of one listener. */
type Claim = { of: Claimant; match: RouteMatch; host: string };

/** `by`: the older route. `host`: empty for every host. `isWhole`: no request is left for the route on this Gateway. */
export type Shadow = { by: Claimant; of: Claimant; host: string; path: string; isWhole: boolean };

/** Returns the first shadow on each shadowed route of a Gateway, by key of its owner. */
export function findShadows(gateway: GatewayPlan): Map<string, Shadow> {
  const shadows = new Map<string, Shadow>();
  const counts = new Map<string, { all: number; shadowed: number }>();
  for (const group of Map.groupBy(claimsOn(gateway), groupKey).values()) {
    const sorted = group.map(({ claim }) => claim).toSorted(byPrecedence);
    for (const [at, claim] of sorted.entries()) {
      const { key } = claim.of;
      const count = counts.get(key) ?? { all: 0, shadowed: 0 };
      counts.set(key, count);
      count.all += 1;
      const by = sorted.slice(0, at).find((older) => older.of.key !== key && covers(older.match, claim.match));
      if (by === undefined) continue;
      count.shadowed += 1;
      if (shadows.has(key)) continue;
      const { host, match } = claim;
      shadows.set(key, { by: by.of, of: claim.of, host, path: match.path.value, isWhole: false });
    }
  }
  for (const [key, { all, shadowed }] of counts) {
    const shadow = shadows.get(key);
    if (shadow !== undefined) shadow.isWhole = all === shadowed;
  }
  return shadows;
}

const byPrecedence = (one: Claim, other: Claim): number =>
  compareMatches(one.match, other.match) || (one.of.age < other.of.age ? -1 : Number(one.of.age > other.of.age));

type Placed = { listener: string; claim: Claim };

const groupKey = ({ listener, claim: { host, match } }: Placed): string =>
  `${listener} ${host} ${match.path.type} ${match.path.value}`;

function claimsOn(gateway: GatewayPlan): Placed[] {
  const listeners = servedListeners(gateway);
  return gateway.routes.flatMap(({ judged, listeners: on }) => {
    const { hostnames, rules } = judged.route;
    const route = { of: claimantOf(judged), hostnames, matches: rules.flatMap((rule) => rule.matches) };
    return claimsOf(
      route,
      listeners.filter(({ id }) => on.has(id)),
    );
  });
}

function claimantOf({ route: { source }, refs }: JudgedRoute): Claimant {
  const isOfUser = source.workload === undefined;
  const kind = isOfUser ? source.kind : 'StickyWorkload';
  return {
    key: isOfUser ? `${kind}/${source.key}` : source.key,
    title: `${kind} ${source.key}`,
    field: isOfUser ? 'spec.rules' : 'spec.route',
    age: `${source.createdAt} ${source.key}`,
    backends: [...refs.values()].flatMap((ref) =>
      ref.kind === 'resolved' && ref.backend.workload !== undefined ? [ref.backend.workload.key] : [],
    ),
  };
}

type Route = { of: Claimant; hostnames: readonly string[]; matches: readonly RouteMatch[] };

const claimsOf = ({ of, hostnames, matches }: Route, listeners: ReturnType<typeof servedListeners>): Placed[] =>
  listeners.flatMap(({ id: listener, hostname }) => {
    const shared = intersectHostnames(hostnames, hostname);
    const hosts = shared?.length === 0 ? [''] : (shared ?? []);
    return hosts.flatMap((host) => matches.map((match) => ({ listener, claim: { of, match, host } })));
  });

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
export function explainShadow({ by, of, host, path, isWhole }: Shadow): string {
  const requests = `requests for ${host === '' ? 'every host' : `host ${host}`} and path ${path}`;
  const left = isWhole ? 'This route receives none.' : 'The rest of the route is served.';
  return (
    `${of.field}: ${by.title} is older and receives the ${requests}. ${left} ` +
    `Set other hostnames or matches in ${of.field}, or attach one of the two to another Gateway.`
  );
}
