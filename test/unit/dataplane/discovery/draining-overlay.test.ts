import { describe, expect, test } from '@jest/globals';
import { overlayDraining } from '../../../../src/dataplane/discovery/draining-overlay.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { backendName, plainTable, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

const table = (...endpoints: ShortEndpoint[]): RoutingTable => proxyTable({ endpoints });

describe('the overlay of draining pods', () => {
  const stateOf = (result: RoutingTable, pod: string, backend = backendName) =>
    result.backends[backend]?.endpoints.find((endpoint) => endpoint.pod === pod);

  test('marks a pod as draining that drains in any table', () => {
    const replicas = [table({ pod: 'a' }), table({ pod: 'a', state: 'Draining' })];
    const merged = overlayDraining(table({ pod: 'a' }, { pod: 'b' }), { replicas });
    expect(stateOf(merged, 'a')).toMatchObject({ state: 'Draining', reason: 'PodTerminating' });
    expect(stateOf(merged, 'b')).toMatchObject({ state: 'Accepting' });
  });

  test('does not add a pod that is not in the chosen table', () => {
    const merged = overlayDraining(table({ pod: 'b' }), { replicas: [table({ pod: 'a', state: 'Draining' })] });
    expect(stateOf(merged, 'a')).toBeUndefined();
  });

  test('returns the same object if nothing changes', () => {
    const chosen = table({ pod: 'a', state: 'Draining' }, { pod: 'b' });
    expect(overlayDraining(chosen, { replicas: [table({ pod: 'a', state: 'Draining' })] })).toBe(chosen);
    const other = table({ pod: 'a', state: 'Draining' }, { pod: 'c', state: 'Draining' });
    expect(overlayDraining(chosen, { replicas: [other] })).toBe(chosen);
  });

  test('leaves a pod alone in the backend of another Service, which may only name its UID', () => {
    const chosen = plainTable({ 'shop/cart:80': [{ pod: 'a' }], 'spy/own:80': [{ pod: 'a' }] });
    const other = plainTable({ 'shop/cart:80': [{ pod: 'a' }], 'spy/own:80': [{ pod: 'a', state: 'Draining' }] });
    const merged = overlayDraining(chosen, { replicas: [other] });
    expect(stateOf(merged, 'a', 'spy/own:80')).toMatchObject({ state: 'Draining' });
    expect(merged.backends['shop/cart:80']).toBe(chosen.backends['shop/cart:80']);
  });

  test('leaves an endpoint alone that is no pod, because its termination can be undone', () => {
    const vm = { pod: '10.0.0.5', uid: '10.0.0.5:8080' };
    const chosen = table(vm);
    expect(overlayDraining(chosen, { replicas: [table({ ...vm, state: 'Draining' })] })).toBe(chosen);
  });
});
