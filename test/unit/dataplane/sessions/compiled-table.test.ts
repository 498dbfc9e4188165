import { describe, expect, test } from '@jest/globals';
import { endpointId } from '../../../../src/core/session/token.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { shareUnchanged } from '../../../../src/platform/share-unchanged.ts';
import { createCounters, forgetRemovedBackends, countersOf } from '../../../../src/dataplane/sessions/counters.ts';
import { createEndpointSlots } from '../../../../src/dataplane/sessions/endpoint-slots.ts';
import { keysDiffer, compileRouting, type CompiledTable } from '../../../../src/dataplane/sessions/compiled-table.ts';
import { backendName, keyOf, proxyTable, splitTable, type ShortEndpoint } from '../../../support/proxy-table.ts';
import { createReplica, visit } from './replica.ts';

const many: ShortEndpoint[] = Array.from({ length: 5000 }, (_, number) => ({
  pod: `pod-${String(number).padStart(4, '0')}`,
}));

/** Compiles tables as discovery delivers them, one after the other. */
function createStates() {
  const [slots, counters] = [createEndpointSlots(), createCounters()];
  let state: CompiledTable | undefined;
  const apply = (table: RoutingTable) =>
    (state = compileRouting(state === undefined ? table : shareUnchanged(state.table, structuredClone(table)), {
      before: state,
      slots,
      counters,
      filters: { onConflict: () => {}, nowMs: () => 0, mirrorPorts: { random: () => 0, target: () => undefined } },
    }));
  return { slots, apply };
}

describe('a new table with one change', () => {
  test('reuses the compiled form of everything else', () => {
    const { apply } = createStates();
    const sides = (canaryPod: ShortEndpoint) =>
      splitTable({
        [backendName]: { weight: 1, endpoints: [{ pod: 'a' }] },
        'shop/canary': { weight: 1, endpoints: [{ pod: 'c' }, canaryPod] },
      });
    const before = apply(sides({ pod: 'd' }));
    const after = apply(sides({ pod: 'd', state: 'Draining' }));
    expect(after.routes).toBe(before.routes);
    expect(after.backends.get(backendName)).toBe(before.backends.get(backendName));
    expect(after.backends.get('shop/canary')?.keys).toBe(before.backends.get('shop/canary')?.keys);
    expect(after.backends.get('shop/canary')?.find(endpointId('uid-d'))?.endpoint.state).toBe('Draining');
    expect(keysDiffer(before, after)).toBe(false);
  });

  test('applies an additional key at once, and reports that cached tokens must be verified again', () => {
    const { apply } = createStates();
    const before = apply(proxyTable({}));
    const after = apply(proxyTable({ keyRing: { current: 2, keys: [keyOf(1), keyOf(2)] } }));
    expect(after.backends.get(backendName)?.keys.current).toBe(2);
    expect(keysDiffer(before, after)).toBe(true);
    expect(after.routes).toBe(before.routes);
  });

  test.each([
    { sentence: 'one endpoint in the middle was removed', next: ['a', 'c'], gone: ['b'] },
    { sentence: 'one endpoint was replaced', next: ['a', 'b', 'd'], gone: ['c'] },
    { sentence: 'all endpoints were removed', next: [], gone: ['a', 'b', 'c'] },
  ])('has slots for exactly its endpoints: $sentence', ({ next, gone }) => {
    const { apply, slots } = createStates();
    const table = (names: string[]) => proxyTable({ endpoints: names.map((pod) => ({ pod })) });
    apply(table(['a', 'b', 'c']));
    apply(table(next));
    for (const pod of next) {
      expect(slots.ofEndpoint(endpointId(`uid-${pod}`))).toMatchObject([{ inTable: true, endpoint: { pod } }]);
    }
    for (const pod of gone) expect(slots.ofEndpoint(endpointId(`uid-${pod}`))).toEqual([]);
  });

  test('finds a pod that moves to another workload there, for the sessions that it has', () => {
    const { apply, slots } = createStates();
    const sides = (ofCart: ShortEndpoint[], ofOther: ShortEndpoint[]) =>
      splitTable({ [backendName]: { weight: 1, endpoints: ofCart }, 'shop/other': { weight: 1, endpoints: ofOther } });
    apply(sides([{ pod: 'a' }, { pod: 'b' }], []));
    apply(sides([{ pod: 'b' }], [{ pod: 'a' }]));
    const moved = apply(sides([{ pod: 'b' }], [{ pod: 'a' }]));
    const id = endpointId('uid-a');
    expect(slots.ofEndpoint(id)).toMatchObject([{ inTable: true }]);
    expect(moved.backends.get(backendName)?.find(id)).toBe(moved.backends.get('shop/other')?.find(id));
  });

  test('has a slot for a pod in each of its backends, which lose it one by one', () => {
    const { apply, slots } = createStates();
    const pods = [{ pod: 'a' }];
    const id = endpointId('uid-a');
    const both = apply(
      splitTable({ [backendName]: { weight: 1, endpoints: pods }, 'shop/other': { weight: 1, endpoints: pods } }),
    );
    const [cart, other] = [both.backends.get(backendName)?.find(id), both.backends.get('shop/other')?.find(id)];
    expect(cart?.endpoint.pod).toBe('a');
    expect(other).not.toBe(cart);
    apply(splitTable({ [backendName]: { weight: 1, endpoints: pods }, 'shop/other': { weight: 1, endpoints: [] } }));
    expect(slots.ofEndpoint(id)).toEqual([cart]);
  });
});

test('sessions keep their pods while others of 5,000 endpoints change', () => {
  const replica = createReplica(proxyTable({ endpoints: many }), undefined, Math.random);
  const visits = Array.from({ length: 50 }, () => visit(replica));
  const taken = new Set(visits.map(({ pod }) => pod));
  expect(taken.size).toBe(50);
  replica.swap(
    proxyTable({
      endpoints: many
        .filter(({ pod }, index) => taken.has(pod) || index % 2 === 0)
        .map((pod) => ({ ...pod, state: taken.has(pod.pod) ? 'Draining' : 'Accepting' })),
    }),
  );
  for (const { pod, cookie } of visits) expect(visit(replica, [cookie])).toMatchObject({ pod, isNew: false });
  expect(taken.has(visit(replica).pod)).toBe(false);
});

test('counters of backends that left the table are kept for the last hundred backends', () => {
  const counters = createCounters();
  for (let number = 0; number < 500; number += 1) countersOf(counters, `shop/w${number}`);
  forgetRemovedBackends(counters, new Set(['shop/w0', 'shop/w1']));
  expect(counters.backends.size).toBe(102);
  expect([...counters.backends.keys()].slice(0, 3)).toEqual(['shop/w0', 'shop/w1', 'shop/w400']);
});
