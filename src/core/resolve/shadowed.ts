/**
 * Routes that receive no request because another route has all of them. Two routes of the same host are sorted by their matches, and of
 * equal ones the older wins (Gateway API). A match that precedes another requires a longer path, a method or more headers and parameters, so it
 * never has all of the other's requests, with one exception: a regular expression that every path fits precedes each prefix.
 */
import { intersectHostnames } from '../routing/hostnames.ts';
import { matchKeys, noConditions } from '../routing/match-key.ts';
import { compareMatches } from '../routing/match.ts';
import { fitsEveryPath } from '../routing/regex.ts';
import type { RouteIR } from '../route/ir.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { RequestMatch } from '../../wire/routing-table.ts';
import { servedListeners, type GatewayPlan } from './gateway-plan.ts';

/**
 * The owner of a route. `key`: `namespace/name` of a StickyWorkload, with its kind before it for others. `age`: sorts the older one first.
 * `field`: of the route, for messages. `backends`: keys of the StickyWorkloads that it leads to.
 */
export type Claimant = { key: string; title: string; field: string; age: string; backends: readonly string[] };

/** The match of a route on one host of one listener. */
type Claim = { of: Claimant; match: RequestMatch; host: string };

/**
 * `by`: the route that has the requests. `isOlder`: it has an equal match; otherwise its regular expression takes precedence. `host`: empty for every
 * host. `isWhole`: no request is left for the route on this Gateway.
 */
export type Shadow = {
  by: Claimant;
  isOlder: boolean;
  of: Claimant;
  host: string;
  path: string;
  isWhole: boolean;
};

type Found = { shadows: Map<string, Shadow>; unshadowed: Set<string> };

/** Returns the first shadow on each shadowed route of a Gateway, by key of its owner. Each match is looked up, not compared with the others. */
export function findShadows(gateway: GatewayPlan): Map<string, Shadow> {
  const found: Found = { shadows: new Map(), unshadowed: new Set() };
  for (const claims of claimsByHost(gateway)) shadeHost(claims, found);
  for (const [key, shadow] of found.shadows) shadow.isWhole = !found.unshadowed.has(key);
  return found.shadows;
}

/** `claims`: all of one host of one listener: mostly of one route. */
function shadeHost(claims: readonly Claim[], { shadows, unshadowed }: Found): void {
  const receiverOf = claims.length > 1 ? indexReceivers(claims) : (claim: Claim) => claim;
  for (const claim of claims) {
    const { of, host, match } = claim;
    const receiver = receiverOf(claim);
    const by = receiver.of;
    if (by.key === of.key) {
      unshadowed.add(of.key);
      continue;
    }
    const isOlder = compareMatches(receiver.match, match) === 0;
    if (!shadows.has(of.key)) shadows.set(of.key, { by, isOlder, of, host, path: pathOf(match), isWhole: false });
    if (!isOlder && leavesRequests(receiver.match, match)) unshadowed.add(of.key);
  }
}

/** The path of a gRPC request is `/SERVICE/METHOD`. */
const pathOf = ({ path, rpc }: RequestMatch): string =>
  rpc === undefined ? path.value : `/${rpc.service ?? '*'}/${rpc.method ?? '*'}`;

/** Returns the claim that receives the requests of a claim: of the equal ones and those of every path, the one that precedes the others. */
function indexReceivers(claims: readonly Claim[]): (of: Claim) => Claim {
  const first = new Map<string, Claim>();
  const note = (key: string, claim: Claim): void => {
    const known = first.get(key);
    if (known === undefined || precedes(claim, known)) first.set(key, claim);
  };
  for (const claim of claims) {
    const { requests, conditions } = matchKeys(claim.match);
    note(requests, claim);
    if (isOfEveryPath(claim)) note(everyPathKey(conditions), claim);
  }
  return (of) => {
    const { requests, conditions } = matchKeys(of.match);
    return [requests, everyPathKey(conditions), everyPathKey(noConditions)].reduce((receiver, key) => {
      const other = first.get(key);
      return other !== undefined && precedes(other, receiver) ? other : receiver;
    }, of);
  };
}

const precedes = (one: Claim, other: Claim): boolean => {
  const order = compareMatches(one.match, other.match);
  return order < 0 || (order === 0 && one.of.age < other.of.age);
};

const isOfEveryPath = ({ match: { path } }: Claim): boolean =>
  path.type === 'RegularExpression' && fitsEveryPath(path.value);

/** The path of `OPTIONS *` has no slash, which some of these expressions require. */
const leavesRequests = (receiver: RequestMatch, { path, method = 'OPTIONS' }: RequestMatch): boolean =>
  receiver.path.value.includes('/') &&
  method === 'OPTIONS' &&
  (path.type === 'PathPrefix' ? /^\/+$/.test(path.value) : !path.value.startsWith('/'));

const everyPathKey = (conditions: string): string => `every path ${conditions}`;

function* claimsByHost(gateway: GatewayPlan): Generator<Claim[]> {
  const routes = gateway.routes.map(({ judged, listeners }) => ({
    listeners,
    route: judged.route,
    of: claimantOf(judged),
  }));
  for (const { id, hostname } of servedListeners(gateway)) {
    const claims = routes.flatMap(({ listeners, route, of }) =>
      listeners.has(id) ? claimsOf(of, route, hostname) : [],
    );
    yield* Map.groupBy(claims, ({ host }) => host).values();
  }
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

/** `hostname`: of the listener. */
function claimsOf(of: Claimant, { hostnames, rules }: RouteIR, hostname: string | undefined): Claim[] {
  const shared = intersectHostnames(hostnames, hostname);
  const hosts = shared?.length === 0 ? [''] : (shared ?? []);
  return hosts.flatMap((host) => rules.flatMap(({ matches }) => matches.map((match) => ({ of, match, host }))));
}

/** Returns what is shadowed, by whom, and what to do. */
export function explainShadow({ by, isOlder, of, host, path, isWhole }: Shadow): string {
  const cause = isOlder ? 'is older' : 'has a regular expression for every path, which precedes prefixes,';
  const requests = `requests for ${host === '' ? 'every host' : `host ${host}`} and path ${path}`;
  const left = isWhole ? 'This route receives none.' : 'The rest of the route is served.';
  return (
    `${of.field}: ${by.title} ${cause} and receives the ${requests}. ${left} ` +
    `Set other hostnames or matches in ${of.field}, or attach one of the two to another Gateway.`
  );
}
