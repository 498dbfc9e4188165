/** What carries the session tokens of all routes of a Gateway: each route keeps the tokens of the others from its app. */
import { intersectHostnames } from '../../core/routing/hostnames.ts';
import type { PlacedRoute, RouteChanges } from '../../core/routing/placed-routes.ts';
import type { Carrier, Listener, Route } from '../../wire/routing-table.ts';
import { createHeaderNames, foldName, type HeaderNames } from '../http/header-names.ts';

/** `hosts`: empty for every host. */
export type CarrierUse = { readonly owner: string; readonly name: string; readonly hosts: readonly string[] };
export type Uses = ReadonlyMap<string, readonly CarrierUse[]>;

/**
 * Cookies by name, headers by folded name; of one name, in the order of the routes. Those of apps apart: several apps may use one name, each
 * for its own path, and their ids are no secret to each other. Changes in place: a route need not be compiled again because another one changed.
 */
export interface GatewayCarriers {
  /** Increases with each change. */
  readonly version: number;
  readonly cookies: Uses;
  readonly headers: Uses;
  readonly appHeaders: Uses;
  readonly appCookieNames: readonly string[];
  /** All headers. The same object until a header is added or is gone. */
  readonly headerNames: HeaderNames;
  /** Returns whether that makes a difference: not if the routes that come use what those that are gone have used. */
  change(routes: Pick<RouteChanges<PlacedRoute>, 'gone' | 'come'>): boolean;
}

type PlacedUse = CarrierUse & { readonly type: Carrier['type']; readonly placed: PlacedRoute };
type UsesByName = Map<string, PlacedUse[]>;

/** The key of the StickyWorkload or HTTPRoute that a route is of. */
export const ownerOf = ({ name }: Pick<Route, 'name'>): string => name.split('#', 1)[0] ?? name;

export function createGatewayCarriers(listeners: readonly Listener[]): GatewayCarriers {
  const uses: Record<Carrier['type'], UsesByName> = {
    Cookie: new Map(),
    Header: new Map(),
    ApplicationCookie: new Map(),
    ApplicationHeader: new Map(),
  };
  let version = 0;
  let appCookieNames: string[] = [];
  let headers: ReadonlySet<string> = new Set();
  let headerNames = createHeaderNames(headers);
  return {
    get version() {
      return version;
    },
    cookies: uses.Cookie,
    headers: uses.Header,
    appHeaders: uses.ApplicationHeader,
    get appCookieNames() {
      return appCookieNames;
    },
    get headerNames() {
      return headerNames;
    },
    change({ gone, come }) {
      version += 1;
      const removed = gone.flatMap((placed) => removeUse(uses, placed) ?? []);
      const added = come.flatMap((placed) => addUse(uses, placed, listeners) ?? []);
      if (sameUses(removed, added)) return false;
      appCookieNames = [...uses.ApplicationCookie.keys()];
      const now = new Set([...uses.Header.keys(), ...uses.ApplicationHeader.keys()]);
      if (!sameSet(now, headers)) headerNames = createHeaderNames(now);
      headers = now;
      return true;
    },
  };
}

const keyOf = ({ type, name }: Carrier): string =>
  type === 'Header' || type === 'ApplicationHeader' ? foldName(name) : name;

function removeUse(uses: Record<Carrier['type'], UsesByName>, placed: PlacedRoute): PlacedUse | undefined {
  const carrier = placed.route.persistence?.carrier;
  if (carrier === undefined) return undefined;
  const [ofName, key] = [uses[carrier.type], keyOf(carrier)];
  const known = ofName.get(key) ?? [];
  const [removed] = known.splice(
    known.findIndex((use) => use.placed === placed),
    1,
  );
  if (known.length === 0) ofName.delete(key);
  return removed;
}

function addUse(
  uses: Record<Carrier['type'], UsesByName>,
  placed: PlacedRoute,
  listeners: readonly Listener[],
): PlacedUse | undefined {
  const { route } = placed;
  const carrier = route.persistence?.carrier;
  if (carrier === undefined) return undefined;
  const { type, name } = carrier;
  const use = { type, name, owner: ownerOf(route), hosts: clientHosts(route, carrier, listeners), placed };
  const known = uses[type].get(keyOf(carrier));
  if (known === undefined) uses[type].set(keyOf(carrier), [use]);
  else known.splice(known.findLastIndex((other) => other.placed.place < placed.place) + 1, 0, use);
  return use;
}

/** The hosts from which clients return the token: those of the route on its listeners, and the domain of the cookie. */
function clientHosts(route: Route, carrier: Carrier, listeners: readonly Listener[]): readonly string[] {
  const hosts = routeHosts(route, listeners);
  if (hosts.length === 0 || carrier.type !== 'Cookie' || carrier.domain === undefined) return hosts;
  return [...hosts, carrier.domain, `*.${carrier.domain}`];
}

export function routeHosts({ hostnames, listeners: names }: Route, listeners: readonly Listener[]): readonly string[] {
  const hosts = new Set<string>();
  for (const { name, hostname } of listeners) {
    if (names !== undefined && !names.includes(name)) continue;
    const shared = intersectHostnames(hostnames, hostname);
    if (shared?.length === 0) return [];
    for (const host of shared ?? []) hosts.add(host);
  }
  return [...hosts];
}

const sameUses = (some: readonly PlacedUse[], others: readonly PlacedUse[]): boolean =>
  JSON.stringify(some, withoutPlace) === JSON.stringify(others, withoutPlace);

const withoutPlace = (key: string, value: unknown): unknown => (key === 'placed' ? undefined : value);

const sameSet = (one: ReadonlySet<string>, other: ReadonlySet<string>): boolean =>
  one.size === other.size && [...one].every((name) => other.has(name));
