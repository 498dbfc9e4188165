/** Finds the route of a request: by port, listener and host name, then by precedence. Changes with the table, route by route. */
import type { Listener, Route } from '../../wire/routing-table.ts';
import { hostMap, intersectHostnames, type HostMap } from './hostnames.ts';
import { compareMatches, compileMatch, type MatchableRequest } from './match.ts';
import { placeRoutes, renumber, type PlacedRoute, type RouteChanges } from './placed-routes.ts';

/** `compiled`: what the owner of the index needs for the requests of the route; it sets that itself. */
export type IndexedRoute<T> = PlacedRoute & {
  readonly fits: (request: MatchableRequest) => boolean;
  compiled: T | undefined;
};

export interface RouteIndex<T> {
  /** Returns the route for a request on a listener's port, or undefined. */
  match(listenerPort: number, request: MatchableRequest): IndexedRoute<T> | undefined;
  /** Returns the name of the listener that handles a request, whether or not it has a route for it. */
  listener(listenerPort: number, request: MatchableRequest): string | undefined;
  /** Replaces the routes. Costs a comparison of identity for each, and work only for those that are other objects than before. */
  replace(routes: readonly Route[]): RouteChanges<IndexedRoute<T>>;
}

type Bucket<R> = R[];
type Attached<R> = { listener: Listener; hosts: HostMap<Bucket<R>> };

export function createRouteIndex<T>(listeners: readonly Listener[]): RouteIndex<T> {
  const attached = listeners.map((listener): Attached<IndexedRoute<T>> => ({ listener, hosts: hostMap() }));
  const ports = byPort(attached);
  let all: readonly IndexedRoute<T>[] = [];
  const create = (placed: PlacedRoute): IndexedRoute<T> => ({
    ...placed,
    fits: compileMatch(placed.route.match),
    compiled: undefined,
  });
  return {
    match(listenerPort, request) {
      // The most specific listener handles the request, whether or not one of its routes matches: Gateway API isolates listeners.
      const on = ports.get(listenerPort)?.find(request.host, itself, undefined);
      return on?.hosts.find<IndexedRoute<T>, MatchableRequest>(request.host, firstThatFits, request);
    },
    listener: (listenerPort, { host }) => ports.get(listenerPort)?.find(host, itself, undefined)?.listener.name,
    replace(routes) {
      const changes = placeRoutes(all, routes, create);
      for (const route of changes.gone) forEachHost(attached, route, removeFromBucket);
      all = changes.all;
      renumber(all);
      for (const route of changes.come) forEachHost(attached, route, addToBucket);
      return changes;
    },
  };
}

const itself = <T>(value: T): T => value;

function firstThatFits<T>(bucket: Bucket<IndexedRoute<T>>, request: MatchableRequest): IndexedRoute<T> | undefined {
  for (const route of bucket) if (route.fits(request)) return route;
  return undefined;
}

function byPort<R>(attached: readonly Attached<R>[]): ReadonlyMap<number, HostMap<Attached<R>>> {
  const ports = new Map<number, HostMap<Attached<R>>>();
  for (const on of attached) {
    const { port, hostname = '' } = on.listener;
    const ofPort = ports.get(port) ?? hostMap();
    ofPort.set(hostname, on);
    ports.set(port, ofPort);
  }
  return ports;
}

type Change = <R extends PlacedRoute>(hosts: HostMap<Bucket<R>>, hostname: string, route: R) => void;

function forEachHost<R extends PlacedRoute>(attached: readonly Attached<R>[], placed: R, change: Change): void {
  const { listeners, hostnames } = placed.route;
  for (const { listener, hosts } of attached) {
    if (listeners !== undefined && !listeners.includes(listener.name)) continue;
    const shared = intersectHostnames(hostnames, listener.hostname);
    // An empty list: neither the route nor the listener has a host name. A name that a route has twice counts once.
    for (const hostname of shared?.length === 0 ? [''] : new Set(shared)) change(hosts, hostname, placed);
  }
}

const addToBucket: Change = (hosts, hostname, route) => {
  const bucket = hosts.get(hostname);
  if (bucket === undefined) hosts.set(hostname, [route]);
  else bucket.splice(placeIn(bucket, route), 0, route);
};

const removeFromBucket: Change = (hosts, hostname, route) => {
  const bucket = hosts.get(hostname);
  if (bucket?.length === 1) hosts.delete(hostname);
  else bucket?.splice(bucket.indexOf(route), 1);
};

/** Within a bucket the more specific match comes first, and of equal ones the first of the table. */
function placeIn(bucket: readonly PlacedRoute[], { route, place }: PlacedRoute): number {
  let [low, high] = [0, bucket.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = bucket[middle];
    const isBefore = other && (compareMatches(other.route.match, route.match) || other.place - place) < 0;
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}
