/** HTTPRoutes and GRPCRoutes with a host in common: the older has it, on each listener by itself. */
import { describe, expect, test } from '@jest/globals';
import { translate } from '../../../../src/core/translate/translate.ts';
import type { Translation } from '../../../../src/core/translate/translation.ts';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { snapshotOf, type ShortWorld } from '../../../support/world.ts';

const [older, newer] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
const rules = [{ backendRefs: [{ name: 'front', port: 80 }] }];

type Short = { createdAt: string; name?: string; hostnames?: string[]; sectionName?: string };

const route = ({ createdAt, name = 'r', hostnames = [], sectionName }: Short) => ({
  name,
  createdAt,
  ownerUids: [],
  spec: { parentRefs: [{ name: 'web', ...(sectionName && { sectionName }) }], hostnames, rules },
});

const world = (http: Short[], grpc: Short[], short: ShortWorld = {}): Snapshot =>
  snapshotOf({
    gateways: [{ name: 'web' }],
    services: [{ name: 'front' }],
    httpRoutes: http.map(route),
    grpcRoutes: grpc.map(route),
    ...short,
  });

/** The names of the routes in the table. */
const served = ({ tables }: Translation, gateway = 'shop/web'): string[] =>
  (tables[gateway]?.routes ?? []).map(({ name }) => name);

const http = 'shop/r#0.0';
const grpc = 'GRPCRoute/shop/r#0.0';

describe('of an HTTPRoute and a GRPCRoute', () => {
  test.each<[string, Short, Short, string[]]>([
    ['the older is served', { createdAt: newer }, { createdAt: older }, [grpc]],
    ['the older is served, also an HTTPRoute', { createdAt: older }, { createdAt: newer }, [http]],
    [
      'of the same age the first by name is served',
      { createdAt: older, name: 'z' },
      { createdAt: older, name: 'r' },
      [grpc],
    ],
    [
      'one host in common is enough',
      { createdAt: older, hostnames: ['*.example.com'] },
      { createdAt: newer, hostnames: ['a.example.org', 'a.example.com'] },
      [http],
    ],
    [
      'both are served without a common host',
      { createdAt: older, hostnames: ['a.example.com'] },
      { createdAt: newer, hostnames: ['b.example.com'] },
      [http, grpc],
    ],
  ])('%s', (_, ofHttp, ofGrpc, names) => {
    expect(served(translate(world([ofHttp], [ofGrpc]))).toSorted()).toEqual(names.toSorted());
  });

  test('both are served on listeners of their own, also of the same host', () => {
    const listeners = [{ name: 'http' }, { name: 'grpc', port: 81 }];
    const short = { gateways: [{ name: 'web', listeners }] };
    const snapshot = world([{ createdAt: older, sectionName: 'http' }], [{ createdAt: newer }], short);
    const { tables } = translate(snapshot);
    expect(tables['shop/web']?.routes.map(({ name, listeners: on }) => ({ name, on }))).toEqual([
      { name: http, on: ['http'] },
      { name: grpc, on: ['grpc'] },
    ]);
  });
});

test('a route that lost a host gets it when the other one is deleted', () => {
  const before = translate(world([{ createdAt: older }], [{ createdAt: newer }]));
  expect(served(before)).toEqual([http]);
  expect(served(translate({ ...before.snapshot, httpRoutes: [] }, before))).toEqual([grpc]);
});

test('verdicts on routes in conflict stay the same objects while another route changes', () => {
  const before = translate(
    world([{ createdAt: older }, { createdAt: older, name: 's', hostnames: ['s'] }], [{ createdAt: newer }]),
  );
  const [first, second] = before.snapshot.httpRoutes;
  if (first === undefined || second === undefined) throw new Error('both routes were given');
  const after = translate({ ...before.snapshot, httpRoutes: [first, { ...second, generation: 2 }] }, before);
  expect(after.grpcRoutes.get('shop/r')).toBe(before.grpcRoutes.get('shop/r'));
  expect(after.httpRoutes.get('shop/r')).toBe(before.httpRoutes.get('shop/r'));
  expect(after.httpRoutes.get('shop/s')).not.toBe(before.httpRoutes.get('shop/s'));
});

describe('a StickyWorkload and a GRPCRoute', () => {
  const own = { workloads: [{ name: 'cart', createdAt: '2026-01-01T12:00:00Z' }], targets: [{ name: 'cart' }] };
  const onGenerated = ({ createdAt }: Short) => ({
    name: 'r',
    createdAt,
    ownerUids: [],
    spec: { parentRefs: [{ name: 'holdfast' }], rules },
  });
  const translated = (createdAt: string) =>
    translate(world([], [], { ...own, gateways: [], grpcRoutes: [onGenerated({ createdAt })] }));

  test('that is newer: its route is refused', () => {
    const { grpcRoutes, tables } = translated(newer);
    expect(served({ tables } as Translation, 'shop/holdfast')).toEqual(['shop/cart#0']);
    expect(grpcRoutes.get('shop/r')?.parents).toMatchObject([{ kind: 'refused', reason: 'HostnameConflict' }]);
  });

  test('that is older: the Gateway exists, serves the GRPCRoute, and the StickyWorkload reports it', () => {
    const { routes, tables } = translated(older);
    expect(served({ tables } as Translation, 'shop/holdfast')).toEqual([grpc]);
    expect(routes['shop/cart']?.judged.parents).toMatchObject([{ kind: 'refused', reason: 'HostnameConflict' }]);
  });
});
