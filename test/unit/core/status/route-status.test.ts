import { describe, expect, test } from '@jest/globals';
import type { HttpRouteSpec } from '../../../../src/core/snapshot/http-route.ts';
import { judgeHttpRoute } from '../../../../src/core/status/route-status.ts';
import { translate } from '../../../../src/core/translate/translate.ts';
import { snapshotOf } from '../../../support/world.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');

type Entry = {
  parentRef: unknown;
  controllerName: string;
  conditions: {
    type: string;
    status: string;
    reason: string;
    observedGeneration: number;
    lastTransitionTime: string;
  }[];
};

function judge(spec: HttpRouteSpec, status?: Record<string, unknown>, atMs = nowMs): Entry[] | undefined {
  const { httpRoutes } = translate(
    snapshotOf({
      gateways: [{ name: 'web' }, { name: 'theirs', className: 'theirs' }],
      services: [{ name: 'cart' }],
      httpRoutes: [{ name: 'r', generation: 3, spec }],
    }),
  );
  const judged = httpRoutes.get('shop/r');
  if (judged === undefined) throw new Error('there is no route');
  const written = judgeHttpRoute(judged, { generation: 3, ...(status && { status }) }, atMs);
  return (written as { parents: Entry[] } | undefined)?.parents;
}

const words = ({ conditions }: Entry) => conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
const rules = [{ backendRefs: [{ name: 'cart', port: 80 }] }];
const onWeb = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web', sectionName: 'http', port: 80 };

test('an entry repeats the parentRef as it is in the spec, with two conditions of the generation that was judged', () => {
  const [entry] = judge({ parentRefs: [onWeb], rules }) ?? [];
  expect(entry).toMatchObject({
    parentRef: onWeb,
    controllerName: 'holdfast.dev/gateway-controller',
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', observedGeneration: 3 },
      { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', observedGeneration: 3 },
    ],
  });
});

test('a refused parent has ResolvedRefs too, and an unresolved reference leaves the route accepted', () => {
  const broken = [{ backendRefs: [{ name: 'gone', port: 80 }] }];
  const entries = judge({ parentRefs: [{ name: 'web' }, { name: 'web', sectionName: 'gone' }], rules: broken }) ?? [];
  expect(entries.map(words)).toEqual([
    ['Accepted True Accepted', 'ResolvedRefs False BackendNotFound'],
    ['Accepted False NoMatchingParent', 'ResolvedRefs False BackendNotFound'],
  ]);
});

test('a route without a parent of Holdfast gets no status', () => {
  expect(judge({ parentRefs: [{ name: 'theirs' }, { name: 'missing' }], rules })).toBeUndefined();
});

test('entries of other controllers stay, and an entry of Holdfast leaves with its parentRef', () => {
  const foreign = { parentRef: { name: 'theirs' }, controllerName: 'example.com/theirs', conditions: [] };
  const before = { parents: [foreign, ...(judge({ parentRefs: [{ name: 'web' }], rules }) ?? [])] };
  expect(judge({ parentRefs: [{ name: 'theirs' }], rules }, before)).toEqual([foreign]);
});

test('an entry keeps its transition times, whatever the order of the parents', () => {
  const refs = [onWeb, { name: 'web', sectionName: 'gone' }];
  const before = judge({ parentRefs: refs, rules }) ?? [];
  const after = judge({ parentRefs: refs.toReversed(), rules }, { parents: before }, nowMs + 60_000);
  expect(after).toEqual(before.toReversed());
});

describe('the status of the route of a StickyWorkload', () => {
  const parentRefs = [{ name: 'web', sectionName: 'http' }, { name: 'web', sectionName: 'gone' }, { name: 'theirs' }];
  const world = snapshotOf({
    workloads: [{ name: 'cart', spec: { route: { parentRefs } } }],
    targets: [{ name: 'cart' }],
    gateways: [{ name: 'web' }, { name: 'theirs', className: 'theirs' }],
  });
  const judge = (observed: { generation: number; status?: Record<string, unknown> }, atMs: number) => {
    const route = translate(world).routes['shop/cart'];
    if (!route) throw new Error('there is no route');
    return judgeHttpRoute(route.judged, observed, atMs) as { parents: Entry[] };
  };

  test('has an entry for each Gateway that Holdfast manages, and none for others', () => {
    const { parents } = judge({ generation: 1 }, nowMs);
    expect(parents.map(({ parentRef }) => parentRef)).toMatchObject([
      { name: 'web', sectionName: 'http' },
      { name: 'web', sectionName: 'gone' },
    ]);
    expect(parents.map(words)).toEqual([
      ['Accepted True Accepted', 'ResolvedRefs True ResolvedRefs'],
      ['Accepted False NoMatchingParent', 'ResolvedRefs True ResolvedRefs'],
    ]);
  });

  test('keeps the entries of other controllers, and its own transition times', () => {
    const theirs = { parentRef: { name: 'theirs' }, controllerName: 'example.com/theirs', conditions: [] };
    const first = judge({ generation: 1 }, nowMs);
    const second = judge(
      { generation: 1, status: { parents: [...first.parents.toReversed(), theirs] } },
      nowMs + 3_600_000,
    );
    expect(second.parents[0]).toEqual(theirs);
    expect(second.parents.slice(1)).toEqual(first.parents);
  });
});
