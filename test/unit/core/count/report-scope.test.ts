import { expect, test } from '@jest/globals';
import { createReportScopes, type ReportScope } from '../../../../src/core/count/report-scope.ts';
import type { Backend, RoutingTable } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';

const pods = ['a', 'b', 'c', 'd', 'e'];
const gateway = { namespace: 'shop', name: 'web' };

type Content = { endpoints: string[]; removed: string[]; idleTimeoutMs: number | undefined };

const backendOf = (key: string, { endpoints, removed, idleTimeoutMs }: Content): Backend => ({
  key,
  policy: 'LeastSessions',
  ...(idleTimeoutMs !== undefined && {
    sessions: { limits: { idleTimeoutMs }, keyRing: { current: 1, keys: [] } },
  }),
  endpoints: endpoints.map((uid) => ({ uid, id: uid, pod: uid, address: '10.0.0.1', port: 80, state: 'Accepting' })),
  removedEndpoints: removed.map((uid) => ({ uid, id: uid, atMs: 0 })),
});

const tableOf = (contents: Record<string, Content>): RoutingTable => ({
  gateway,
  listeners: [],
  routes: [],
  backends: Object.fromEntries(Object.entries(contents).map(([key, content]) => [key, backendOf(key, content)])),
});

const shown = (scope: ReportScope) => ({
  endpoints: pods.filter((uid) => scope.endpoints.has(uid)),
  removed: pods.filter((uid) => scope.removed.has(uid)),
  backends: ['one', 'two', 'toString'].filter((key) => scope.hasSessions(key)),
  longestIdleMs: scope.longestIdleMs,
});

const content = fc.record({
  endpoints: fc.subarray(pods),
  removed: fc.subarray(pods),
  idleTimeoutMs: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
});
const table = fc.record({ one: content, two: content }, { requiredKeys: [] }).map((contents) => tableOf(contents));

test('what proxies may report follows the tables of their Gateway, whatever changes between them', () => {
  fc.assert(
    fc.property(fc.array(table, { minLength: 1, maxLength: 6 }), (tables) => {
      const scopes = createReportScopes();
      for (const next of tables) {
        expect(shown(scopes.of('shop/web', next))).toEqual(shown(createReportScopes().of('shop/web', next)));
      }
    }),
  );
});

test('only endpoints of backends with sessions may be reported, and nothing without a table', () => {
  const scopes = createReportScopes();
  const one = { endpoints: ['a', 'b'], removed: ['c'], idleTimeoutMs: 5 };
  const two = { endpoints: ['b', 'd'], removed: [], idleTimeoutMs: undefined };
  const known = { endpoints: ['a', 'b'], removed: ['c'], backends: ['one'], longestIdleMs: 5 };
  expect(shown(scopes.of('shop/web', tableOf({ one, two })))).toEqual(known);
  expect(shown(scopes.of('shop/other', tableOf({ two })))).toMatchObject({ endpoints: [], longestIdleMs: 0 });
  expect(shown(scopes.of('shop/web', undefined))).toMatchObject({ endpoints: [], removed: [], backends: [] });
  expect(shown(scopes.of('shop/web', tableOf({ one })))).toEqual(known);
});
