/** Gateway API's matching of paths, methods, headers and query parameters, compiled once per route, and its precedence between routes. */
import type { RequestMatch, Route } from '../../wire/routing-table.ts';
import { compileRegex } from './regex.ts';
import { compareRpcs, compileRpc } from './rpc-match.ts';

/** What matching needs of a request; the proxy's RequestView is one. */
export interface MatchableRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Lower case, without the port. */
  readonly host: string;
  headers(name: string): string[];
}

type Test = (request: MatchableRequest) => boolean;
const fitsAll: Test = () => true;

/** Compiles a single match, without the host. */
export function compileMatch(match: RequestMatch): Test {
  const tests: Test[] = [];
  const path = compilePath(match.path);
  if (path !== undefined) tests.push(path);
  const { method, rpc } = match;
  if (rpc !== undefined) tests.push(compileRpcPath(rpc));
  if (method !== undefined) tests.push((request) => request.method === method);
  tests.push(...firstOfEachName(match.headers ?? [], (name) => name.toLowerCase()).map(compileHeader));
  if (match.queryParams !== undefined && match.queryParams.length > 0) tests.push(compileQuery(match.queryParams));
  const [only = fitsAll] = tests;
  if (tests.length < 2) return only;
  return (request) => tests.every((test) => test(request));
}

function compileRpcPath(rpc: NonNullable<RequestMatch['rpc']>): Test {
  const fits = compileRpc(rpc);
  return ({ path }) => fits(path);
}

function compilePath({ type, value }: RequestMatch['path']): Test | undefined {
  if (type === 'Exact') return (request) => request.path === value;
  if (type === 'RegularExpression') {
    const fits = compileRegex(value);
    return (request) => fits(request.path);
  }
  // By path element: `/foo`, `/foo/` and `/foo/bar` match the prefix `/foo` (and `/foo/`), `/foobar` does not.
  const prefix = prefixOf(value);
  if (prefix === '') return undefined;
  return ({ path }) =>
    path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === slash);
}

/** Gateway API ignores a trailing slash: `/foo` and `/foo/` have the same requests. Empty: every path. */
export const prefixOf = (value: string): string => value.slice(0, prefixLength(value));

const slash = 0x2f;

function prefixLength(value: string): number {
  let { length } = value;
  while (length > 0 && value.charCodeAt(length - 1) === slash) length -= 1;
  return length;
}

type NameValue = NonNullable<RequestMatch['headers']>[number];

/** Gateway API ignores all but the first match of a name. */
function firstOfEachName(matches: readonly NameValue[], fold: (name: string) => string): NameValue[] {
  const byName = new Map<string, NameValue>();
  for (const match of matches) if (!byName.has(fold(match.name))) byName.set(fold(match.name), match);
  return [...byName.values()];
}

function compileHeader(match: NameValue): Test {
  const name = match.name.toLowerCase();
  const fits = compileValue(match);
  return (request) => {
    const values = request.headers(name);
    // RFC 9110 section 5.3: several lines with one name are one value, joined by commas.
    return values.length > 0 && fits(values.join(', '));
  };
}

function compileQuery(matches: readonly NameValue[]): Test {
  const wanted = firstOfEachName(matches, (name) => name).map((match) => ({
    name: match.name,
    fits: compileValue(match),
  }));
  return (request) => {
    if (request.query === '') return false;
    const parameters = new URLSearchParams(request.query);
    return wanted.every(({ name, fits }) => {
      const value = parameters.get(name);
      return value !== null && fits(value);
    });
  };
}

function compileValue({ type, value }: NameValue): (text: string) => boolean {
  return type === 'RegularExpression' ? compileRegex(value) : (text) => text === value;
}

/**
 * Sorts by Gateway API's precedence: the more specific host name first (exact before wildcard, longer before shorter), then by
 * `compareMatches`. Equals keep their order, so the caller passes older routes first, and routes of the same age by name. A route with
 * several host names is sorted by its most specific one; the matcher, which knows the host of the request, compares only routes of that host.
 */
export function sortRoutes(routes: readonly Route[]): Route[] {
  return routes
    .map((route) => ({ route, rank: hostRank(route) }))
    .toSorted((a, b) => b.rank - a.rank || compareMatches(a.route.match, b.route.match))
    .map(({ route }) => route);
}

// A host name has at most 253 characters: any exact one outranks every wildcard.
const hostRank = ({ hostnames }: Route) =>
  Math.max(0, ...hostnames.map((name) => (name.startsWith('*.') ? name.length : 1000 + name.length)));

/**
 * Negative if `a` takes precedence: exact path, regular expression, prefix; longer paths (of a prefix without its trailing slash); of gRPC longer services, then methods; a method; more headers; more query parameters.
 * Gateway API does not specify regular expressions: here they precede prefixes, as an expression covers few paths and a prefix many.
 */
export function compareMatches(a: RequestMatch, b: RequestMatch): number {
  return (
    pathRank[b.path.type] - pathRank[a.path.type] ||
    lengthOf(b.path) - lengthOf(a.path) ||
    compareRpcs(a.rpc, b.rpc) ||
    Number(b.method !== undefined) - Number(a.method !== undefined) ||
    count(b.headers) - count(a.headers) ||
    count(b.queryParams) - count(a.queryParams)
  );
}

const lengthOf = ({ type, value }: RequestMatch['path']): number =>
  type === 'PathPrefix' ? prefixLength(value) : value.length;

const pathRank: Record<RequestMatch['path']['type'], number> = { Exact: 2, RegularExpression: 1, PathPrefix: 0 };
const count = (list: readonly unknown[] | undefined) => list?.length ?? 0;
