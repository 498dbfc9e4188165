/**
 * Keeps session tokens between client and proxy. The tokens of every carrier of the Gateway are removed from requests, because a client
 * sends all its cookies to every route of a host. What an app sets under the name of a carrier is removed from responses, because it would
 * replace the token in the client.
 */
import { shareHost } from '../../core/routing/hostnames.ts';
import { idEnd, withoutSuffixes } from '../../core/session/token-suffix.ts';
import { containsToken, isTokenShaped, tokenStart } from '../../core/session/token.ts';
import type { CarrierConflict } from '../../wire/messages.ts';
import type { Route, RoutingTable } from '../../wire/routing-table.ts';
import { shortenCookies, withoutCookie, withoutValues } from '../http/cookies.ts';
import { foldName } from '../http/header-names.ts';
import { cookieNameOf, expiresCookie } from '../http/set-cookie.ts';
import type { TokenFilter } from '../routing.ts';
import { ownerOf, routeHosts, type CarrierUse, type GatewayCarriers, type Uses } from './gateway-carriers.ts';

export type FilterPorts = {
  carriers: GatewayCarriers;
  onConflict: (conflict: CarrierConflict) => void;
  nowMs: () => number;
};

/** Compiled once per route; again when another header carries tokens. */
export function compileTokenFilter(
  route: Route,
  listeners: RoutingTable['listeners'],
  { carriers, onConflict, nowMs }: FilterPorts,
): TokenFilter {
  const { type, name = '' } = route.persistence?.carrier ?? {};
  const workload = ownerOf(route);
  const hosts = routeHosts(route, listeners);
  const ownCookie = type === 'Cookie' ? name : undefined;
  const appCookie = type === 'ApplicationCookie' ? name : undefined;
  const ownHeader = type === 'Header' ? foldName(name) : undefined;
  const ownCookies = ownCookie === undefined ? 0 : 1;
  const isOtherToken = (cookie: string, value: string) => carriers.cookies.has(cookie) && isTokenShaped(value);
  const report = (of: CarrierConflict['type'], use: Pick<CarrierUse, 'owner' | 'name'>) => {
    onConflict({ workload, carrierOf: use.owner, type: of, name: use.name });
    return true;
  };
  const ownUse = { owner: workload, name };
  const otherUse = (uses: Uses, key: string) => uses.get(key)?.find((use) => shareHost(use.hosts, hosts));

  return {
    get version() {
      return carriers.version;
    },
    cookiesForApp(cookies) {
      let kept = ownCookie === undefined ? cookies : withoutCookie(cookies, ownCookie);
      if (carriers.cookies.size > ownCookies) kept = withoutValues(kept, tokenStart, isOtherToken);
      for (const each of carriers.appCookieNames) kept = shortenCookies(kept, each, idEnd);
      return kept;
    },
    headers: carriers.headerNames,
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
