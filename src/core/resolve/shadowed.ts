/**
 * Routes that receive no request because an older route has all of them. Two routes of the same host are sorted by their matches, and of
 * equal ones the older wins (Gateway API). A match that precedes another requires a longer path, a method or more headers and parameters, so it
 * never has all of the other's requests: only equal matches shadow each other.
 */
import type { RouteMatch } from '../../api/spec.ts';
import { intersectHostnames } from '../routing/hostnames.ts';
import { matchKey } from '../routing/match-key.ts';
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

/** Returns the first shadow on each shadowed route of a Gateway, by key of its owner. Each match is looked up, not compared with the others. */
export function findShadows(gateway: GatewayPlan): Map<string, Shadow> {
  const placed = claimsOn(gateway).map((one) => ({ ...one, requests: requestsKey(one) }));
  const oldest = findOldest(placed);
  const shadows = new Map<string, Shadow>();
  const unshadowed = new Set<string>();
  for (const { claim, requests } of placed) {
    const { of, host, match } = claim;
    const by = oldest.get(requests) ?? of;
    if (by.key === of.key) unshadowed.add(of.key);
    else if (!shadows.has(of.key)) shadows.set(of.key, { by, of, host, path: match.path.value, isWhole: false });
  }
  for (const [key, shadow] of shadows) shadow.isWhole = !unshadowed.has(key);
  return shadows;
}

type Placed = { listener: string; claim: Claim };

/** Returns the oldest claimant of each set of requests, which receives them. */
function findOldest(placed: readonly (Placed & { requests: string })[]): Map<string, Claimant> {
  const oldest = new Map<string, Claimant>();
  for (const { claim, requests } of placed) {
    const known = oldest.get(requests);
    if (known === undefined || claim.of.age < known.age) oldest.set(requests, claim.of);
  }
  return oldest;
}

const requestsKey = ({ listener, claim: { host, match } }: Placed): string => `${listener} ${host} ${matchKey(match)}`;

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

/** Returns what is shadowed, by whom, and what to do. */
export function explainShadow({ by, of, host, path, isWhole }: Shadow): string {
  const requests = `requests for ${host === '' ? 'every host' : `host ${host}`} and path ${path}`;
  const left = isWhole ? 'This route receives none.' : 'The rest of the route is served.';
  return (
    `${of.field}: ${by.title} is older and receives the ${requests}. ${left} ` +
    `Set other hostnames or matches in ${of.field}, or attach one of the two to another Gateway.`
  );
}
