/**
 * Keeps session tokens between client and proxy. The tokens of every carrier of the Gateway are removed from requests, because a client
 * sends all its cookies to every route of a host. What an app sets under the name of a carrier is removed from responses, because it would
 * replace the token in the client.
 */
import { intersectHostnames, shareHost } from '../../core/routing/hostnames.ts';
import { idEnd, withoutSuffixes } from '../../core/session/token-suffix.ts';
import { containsToken, isTokenShaped, tokenStart } from '../../core/session/token.ts';
import type { CarrierConflict } from '../../wire/messages.ts';
import type { Carrier, Route, RoutingTable } from '../../wire/routing-table.ts';
import { shortenCookies, withoutCookie, withoutValues } from '../http/cookies.ts';
import { createHeaderNames, foldName } from '../http/header-names.ts';
import { cookieNameOf, expiresCookie } from '../http/set-cookie.ts';
import type { TokenFilter } from '../routing.ts';

/** `hosts`: empty for every host. */
type CarrierUse = { owner: string; name: string; hosts: readonly string[] };
type Uses = ReadonlyMap<string, readonly CarrierUse[]>;

/**
 * The carriers of all routes of a table: cookies by name, headers by folded name. Those of apps apart: several apps may use one name, each
 * for its own path, and their ids are no secret to each other.
 */
export type GatewayCarriers = {
  cookies: Uses;
  headers: Uses;
  appCookies: ReadonlySet<string>;
  appHeaders: ReadonlySet<string>;
};

export const ownerOf = ({ name }: Pick<Route, 'name'>): string => name.split('#', 1)[0] ?? name;

export function gatewayCarriers(table: Pick<RoutingTable, 'listeners' | 'routes'>): GatewayCarriers {
  const cookies = new Map<string, CarrierUse[]>();
  const headers = new Map<string, CarrierUse[]>();
  const appCookies = new Set<string>();
  const appHeaders = new Set<string>();
  for (const route of table.routes) {
    if (route.persistence === undefined) continue;
    const { type, name } = route.persistence.carrier;
    const use = { owner: ownerOf(route), name, hosts: clientHosts(route, route.persistence.carrier, table.listeners) };
    if (type === 'Cookie') add(cookies, name, use);
    else if (type === 'Header') add(headers, foldName(name), use);
    else if (type === 'ApplicationCookie') appCookies.add(name);
    else appHeaders.add(foldName(name));
  }
  return { cookies, headers, appCookies, appHeaders };
}

function add(uses: Map<string, CarrierUse[]>, name: string, use: CarrierUse): void {
  const known = uses.get(name);
  if (known === undefined) uses.set(name, [use]);
  else known.push(use);
}

/** The hosts from which clients return the token: those of the route on its listeners, and the domain of the cookie. */
function clientHosts(route: Route, carrier: Carrier, listeners: RoutingTable['listeners']): readonly string[] {
  const hosts = routeHosts(route, listeners);
  if (hosts.length === 0 || carrier.type !== 'Cookie' || carrier.domain === undefined) return hosts;
  return [...hosts, carrier.domain, `*.${carrier.domain}`];
}

function routeHosts({ hostnames, listeners: names }: Route, listeners: RoutingTable['listeners']): readonly string[] {
  const hosts = new Set<string>();
  for (const { name, hostname } of listeners) {
    if (names !== undefined && !names.includes(name)) continue;
    const shared = intersectHostnames(hostnames, hostname);
    if (shared?.length === 0) return [];
    for (const host of shared ?? []) hosts.add(host);
  }
  return [...hosts];
}

export type FilterPorts = {
  carriers: GatewayCarriers;
  onConflict: (conflict: CarrierConflict) => void;
  nowMs: () => number;
};

/** Compiled once per route and table. */
export function compileTokenFilter(
  route: Route,
  listeners: RoutingTable['listeners'],
  { carriers, onConflict, nowMs }: FilterPorts,
): TokenFilter {
  const { type, name = '' } = route.persistence?.carrier ?? {};
  const workload = ownerOf(route);
  const hosts = routeHosts(route, listeners);
  const ownCookie = type === 'Cookie' ? name : undefined;
  const appCookies = [...carriers.appCookies];
  const appCookie = type === 'ApplicationCookie' ? name : undefined;
  const ownHeader = type === 'Header' ? foldName(name) : undefined;
  const hasOtherCookies = carriers.cookies.size > (ownCookie === undefined ? 0 : 1);
  const isOtherToken = (cookie: string, value: string) => carriers.cookies.has(cookie) && isTokenShaped(value);
  const report = (of: CarrierConflict['type'], use: Pick<CarrierUse, 'owner' | 'name'>) => {
    onConflict({ workload, carrierOf: use.owner, type: of, name: use.name });
    return true;
  };
  const ownUse = { owner: workload, name };
  const otherUse = (uses: Uses, key: string) => uses.get(key)?.find((use) => shareHost(use.hosts, hosts));

  return {
    cookiesForApp(cookies) {
      let kept = ownCookie === undefined ? cookies : withoutCookie(cookies, ownCookie);
      if (hasOtherCookies) kept = withoutValues(kept, tokenStart, isOtherToken);
      for (const each of appCookies) kept = shortenCookies(kept, each, idEnd);
      return kept;
    },
    headers: createHeaderNames([...carriers.headers.keys(), ...carriers.appHeaders]),
    headerForApp(header, value) {
      if (header === ownHeader) return '';
      const kept = carriers.appHeaders.has(header) ? withoutSuffixes(value) : value;
      return containsToken(kept) ? '' : kept;
    },
    hidesFromApp: (header, value) => header === ownHeader || containsToken(value),
    appHeader: type === 'ApplicationHeader' ? foldName(name) : undefined,
    endsSession: (method, status) =>
      type === 'ApplicationHeader' && method === 'DELETE' && status >= 200 && status < 300,
    hidesFromClient(header, value) {
      // An empty value is what a client gets when its token is removed: an app that sends it does not want to be a carrier.
      if (header === ownHeader) return value === '' || report('Header', ownUse);
      const use = otherUse(carriers.headers, header);
      return use !== undefined && report('Header', use);
    },
    hidesCookieFromClient(setCookie) {
      const cookie = cookieNameOf(setCookie);
      if (cookie === appCookie) return true;
      // An app ends a session by expiring its cookie: the proxy answers with its own line, which has the right path and domain.
      if (cookie === ownCookie) return expiresCookie(setCookie, cookie, nowMs()) || report('Cookie', ownUse);
      const use = otherUse(carriers.cookies, cookie);
      return use !== undefined && report('Cookie', use);
    },
  };
}
