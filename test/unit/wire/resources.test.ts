import { describe, expect, test } from '@jest/globals';
import { createVersions } from '../../../src/operator/discovery/versions.ts';
import { createResourceStore } from '../../../src/wire/resource-store.ts';
import type { Backend, Endpoint, RoutingTable } from '../../../src/wire/routing-table.ts';
import { parseStreamMessage } from '../../../src/wire/stream-messages.ts';
import { deltaFor, diffTables, type TableDelta } from '../../../src/wire/table-delta.ts';
import { fc } from '../../support/fast-check.ts';
import { backendName, proxyTable, splitTable, type ShortEndpoint } from '../../support/proxy-table.ts';

const versions = createVersions();

/** As it travels: through JSON and its check. */
function sent(delta: TableDelta): TableDelta {
  const head = { type: 'delta', replica: 'x', nonce: 1, revision: '1', asOfMs: 0 };
  const parsed = parseStreamMessage(JSON.stringify({ ...head, delta }));
  if ('problem' in parsed) throw new Error(parsed.problem);
  if (parsed.value?.type !== 'delta') throw new Error('no delta');
  expect(parsed.value.refused).toEqual([]);
  return parsed.value.delta;
}

/** A proxy that has this table. */
function proxyWith(table: RoutingTable) {
  const store = createResourceStore();
  expect(store.apply(sent(deltaFor({}, table, versions)))).toEqual([]);
  return store;
}

const table = (...endpoints: ShortEndpoint[]) => proxyTable({ endpoints });
const [routeOfTable] = table().routes;

describe('a table', () => {
  const pods = fc.uniqueArray(
    fc.record({
      pod: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      state: fc.constantFrom('Accepting' as const, 'Draining' as const, 'Pending' as const),
      port: fc.constantFrom(80, 8080),
    }),
    { selector: ({ pod }) => pod },
  );
  const backend = fc.record({
    weight: fc.integer({ min: 0, max: 3 }),
    policy: fc.constantFrom('LeastSessions' as const, 'Random' as const),
    endpoints: pods.map((list) => list.toSorted((one, other) => (one.pod < other.pod ? -1 : 1))),
    removedEndpoints: fc.uniqueArray(fc.constantFrom('x', 'y', 'z')),
  });
  const certificate = fc.record({ chain: fc.constantFrom('chain 1', 'chain 2'), key: fc.constant('key') });
  const tables = fc
    .record({
      backends: fc.dictionary(fc.constantFrom('shop/cart', 'shop/chat', 'shop/news'), backend),
      certificates: fc.dictionary(fc.constantFrom('one', 'two'), certificate),
      routes: fc.array(fc.record({ name: fc.constantFrom('r#0', 'r#1', 's#0'), host: fc.constantFrom('a.b', 'c.d') }), {
        maxLength: 6,
      }),
      hasSettings: fc.boolean(),
    })
    .map(({ backends, certificates, routes, hasSettings }): RoutingTable => {
      const { proxy, ...split } = { ...table(), ...splitTable(backends) };
      return {
        ...split,
        ...(hasSettings && { proxy }),
        routes: routes.flatMap(({ name, host }) =>
          routeOfTable ? [{ ...routeOfTable, name, hostnames: [host] }] : [],
        ),
        ...(Object.keys(certificates).length > 0 && { certificates }),
      };
    });
  const plain = (joined: RoutingTable | undefined) => {
    const { certificates = {}, ...others } = joined ?? table();
    const buried = (one: Backend) => one.removedEndpoints.toSorted((a, b) => (a.uid < b.uid ? -1 : 1));
    const backends = Object.entries(others.backends).map(([key, one]) => [
      key,
      { ...one, removedEndpoints: buried(one) },
    ]);
    return JSON.parse(JSON.stringify({ ...others, certificates, backends: Object.fromEntries(backends) })) as unknown;
  };

  test('becomes any other by the delta between the two, and has the versions of one that was sent whole', () => {
    fc.assert(
      fc.property(fc.array(tables, { minLength: 2, maxLength: 4 }), ([first, ...others]) => {
        if (first === undefined) return;
        const store = proxyWith(first);
        let before = first;
        for (const next of others) {
          expect(store.apply(sent(diffTables(before, next, versions)))).toEqual([]);
          before = next;
          expect(plain(store.table())).toEqual(plain(next));
          expect(store.versions()).toEqual(proxyWith(next).versions());
        }
      }),
      { numRuns: 60 },
    );
  });

  test('is completed for a proxy that has another one, whichever replica sent that', () => {
    fc.assert(
      fc.property(tables, tables, (one, other) => {
        const store = proxyWith(one);
        store.apply(sent(deltaFor(store.versions(), other, createVersions())));
        expect(plain(store.table())).toEqual(plain(other));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a delta', () => {
  const many = Array.from({ length: 10_000 }, (_, number) => ({ pod: `cart-${String(number).padStart(5, '0')}` }));
  const draining = many.map((pod, number) => (number === 5000 ? { ...pod, state: 'Draining' as const } : pod));

  test('of one endpoint among 10,000 has less than 1 KB, and leaves everything else the same objects', () => {
    const [before, after] = [table(...many), table(...draining)];
    const store = proxyWith(before);
    const [joined, old] = [() => store.table()?.backends[backendName]?.endpoints ?? [], store.table()];
    const oldEndpoints = joined();
    const delta = diffTables(before, after, versions);
    expect(Buffer.byteLength(JSON.stringify(delta))).toBeLessThan(700);
    store.apply(sent(delta));
    expect(joined()[5000]).toMatchObject({ pod: 'cart-05000', state: 'Draining' });
    const isSame = (endpoint: Endpoint, at: number) => endpoint === oldEndpoints[at];
    expect(joined().filter((endpoint, at) => !isSame(endpoint, at))).toHaveLength(1);
    expect(store.table()?.routes).toBe(old?.routes);
    expect(store.table()?.listeners).toBe(old?.listeners);
  });

  test('of equal tables is empty', () => {
    expect(diffTables(table({ pod: 'a' }), table({ pod: 'a' }), versions)).toEqual({});
    expect(deltaFor(proxyWith(table({ pod: 'a' })).versions(), table({ pod: 'a' }), versions)).toEqual({});
  });

  test('of a new route among 1,000 names only that route and its place', () => {
    const routes = Array.from({ length: 1000 }, (_, number) => ({ ...routeOfTable, name: `r#${number}` }));
    const [before, after] = [
      { ...table(), routes: routes.toSpliced(500, 1) },
      { ...table(), routes },
    ] as RoutingTable[];
    if (before === undefined || after === undefined) throw new Error('two tables');
    const delta = diffTables(before, after, versions);
    expect(delta.set?.map(({ type, name }) => `${type}/${name}`)).toEqual(['route/r#500']);
    expect(delta.order).toMatchObject({ at: 500, remove: 0, insert: ['r#500'] });
  });

  test('for other versions of endpoints or of the order changes nothing of them, and the next hello asks for them', () => {
    const store = proxyWith(table({ pod: 'a' }));
    const has = store.table();
    const unknown = store.apply({
      endpoints: [{ backend: backendName, from: 'another', version: 'next', remove: ['uid-a'] }],
      order: { from: 'another', version: 'next', at: 0, remove: 1, insert: [] },
    });
    expect(unknown).toEqual([`endpoints/${backendName}`, 'order']);
    expect(store.table()).toEqual(has);
    const whole = deltaFor(store.versions(), table({ pod: 'b' }), versions);
    expect(whole.set?.map(({ type }) => type)).toEqual(['order', 'endpoints']);
  });

  test('with a resource of a type that only a newer operator knows is applied without it', () => {
    const store = createResourceStore();
    const newer = { type: 'weather', name: 'x', version: '1', value: {} } as unknown as NonNullable<
      TableDelta['set']
    >[number];
    const whole = deltaFor({}, table({ pod: 'a' }), versions);
    store.apply(sent({ ...whole, set: [newer, ...(whole.set ?? [])] }));
    expect(store.table()).toEqual(table({ pod: 'a' }));
  });
});

test('settings of the proxy from an operator that does not know all of them get the defaults of the others', () => {
  const delta = sent({ set: [{ type: 'proxy', name: '', version: '1', value: { drainTimeoutMs: 7 } as never }] });
  expect(delta.set?.[0]?.value).toEqual({ ...table().proxy, drainTimeoutMs: 7 });
});
