/** Routing tables built by the operator's own translation, so that they always follow its format. */
import type { HttpRouteFilter } from '../../src/core/snapshot/http-route.ts';
import type { Snapshot } from '../../src/core/snapshot/snapshot.ts';
import type { RoutingTable } from '../../src/wire/routing-table.ts';
import { translate } from '../../src/core/translate/translate.ts';
import { snapshotOf } from '../../test/support/world.ts';

export type PodAddress = { name: string; address: string; port: number };

/** The limit of the EndpointSlice controller. */
const endpointsPerSlice = 100;

/** One StickyWorkload, `cart`, whose pods all accept. Pods of several ports are in slices of their own. */
export function worldOf(pods: readonly PodAddress[]): Snapshot {
  const slices = [...Map.groupBy(pods, ({ port }) => port)].flatMap(([port, group]) =>
    chunksOf(group, endpointsPerSlice).map((chunk, number) => ({
      name: `cart-${port}-${number}`,
      port,
      endpoints: chunk.map(({ name, address }) => ({ pod: name, address })),
    })),
  );
  return snapshotOf({
    workloads: [{ name: 'cart' }],
    targets: [{ name: 'cart' }],
    services: [{ name: 'cart' }],
    pods: pods.map(({ name, address, port }) => ({
      name,
      ip: address,
      ports: [{ port, name: 'http', container: 'app' }],
    })),
    slices,
  });
}

export function tableOf(snapshot: Snapshot): RoutingTable {
  const table = translate(snapshot).tables['shop/holdfast'];
  if (table === undefined) throw new Error('the translated cluster state has no table');
  return table;
}

/** A route of a user to a plain Service with these pods. `filters`: as in an HTTPRoute. */
export function plainRouteTable(
  port: number,
  upstreamPorts: readonly number[],
  filters: HttpRouteFilter[],
): RoutingTable {
  const world = snapshotOf({
    gateways: [{ name: 'web' }],
    services: [{ name: 'cart' }],
    slices: upstreamPorts.map((upstream) => ({
      name: `cart-${upstream}`,
      service: 'cart',
      port: upstream,
      endpoints: [{ address: '127.0.0.1' }],
    })),
    httpRoutes: [
      {
        name: 'cart',
        spec: { parentRefs: [{ name: 'web' }], rules: [{ filters, backendRefs: [{ name: 'cart', port: 80 }] }] },
      },
    ],
  });
  return onPort(port, translate(world).tables['shop/web']);
}

/** `port`: the port that the proxy listens on. */
export function localTable(port: number, upstreamPorts: readonly number[]): RoutingTable {
  const table = tableOf(
    worldOf(upstreamPorts.map((upstream) => ({ name: `cart-${upstream}`, address: '127.0.0.1', port: upstream }))),
  );
  return onPort(port, table);
}

function onPort(port: number, table: RoutingTable | undefined): RoutingTable {
  if (table === undefined) throw new Error('the translated cluster state has no table');
  return { ...table, listeners: table.listeners.map((listener) => ({ ...listener, port })) };
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, number) =>
    items.slice(number * size, (number + 1) * size),
  );
}
