/**
 * The tables of Gateways that are gone while proxies of theirs still run. They have backends and nothing else: such a proxy keeps its listeners,
 * routes and keys, and only gets what changes of the endpoints that it has.
 */
import type { RetiredGateway } from '../resolve/retired-gateways.ts';
import type { RoutingTable } from '../../wire/routing-table.ts';
import { buildRoutes } from './http-routes.ts';
import { backendsIn, byKey, type Judged } from './tables.ts';

const unknownListeners: ReadonlySet<string> = new Set();

export function buildRetiredTable(
  { gateway, routes }: RetiredGateway,
  judged: Pick<Judged, 'held' | 'backends' | 'before'>,
): RoutingTable {
  const led = routes.flatMap((one) => buildRoutes({ judged: one, listeners: unknownListeners }, [], judged.held));
  return {
    gateway,
    ...(judged.before && { proxy: judged.before }),
    listeners: [],
    routes: [],
    backends: byKey(backendsIn(led, judged)),
  };
}
