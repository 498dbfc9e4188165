import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pickLeastSessions } from '../../../../src/core/balance/least-sessions.ts';
import type { Endpoint, EndpointState } from '../../../../src/core/table/routing-table.ts';

const pod = (name: string, state: EndpointState): Endpoint => ({ uid: name, id: name, pod: name, address: '10.0.0.1', port: 80, state });
const loadsOf = (loads: Record<string, number>) => ({ id }: Endpoint) => loads[id] ?? 0;
const pick = (endpoints: Endpoint[], loads: Record<string, number>, random = 0) => pickLeastSessions(endpoints, { load: loadsOf(loads), random: () => random })?.pod;

describe('least sessions', () => {
  test('the accepting pod with the fewest sessions', () => {
    expect(pick([pod('a', 'Accepting'), pod('b', 'Accepting'), pod('c', 'Accepting')], { a: 3, b: 1, c: 2 })).toBe('b');
  });

  test('never one that drains or is not ready, however empty it is', () => {
    expect(pick([pod('a', 'Accepting'), pod('b', 'Draining'), pod('c', 'Pending')], { a: 100 })).toBe('a');
  });

  test('none where none accepts, though others are there', () => {
    expect(pick([pod('b', 'Draining'), pod('c', 'Pending')], {})).toBeUndefined();
    expect(pick([], {})).toBeUndefined();
  });

  test('equals are chosen equally often', () => {
    const names = ['a', 'b', 'c', 'd'];
    const endpoints = names.map((name) => pod(name, 'Accepting'));
    // A small generator with a seed: the test gives the same figures each time.
    let seed = 42;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
    const chosen = Array.from({ length: 4000 }, () => pickLeastSessions(endpoints, { load: () => 0, random })?.pod);
    for (const name of names) expect(chosen.filter((pod) => pod === name).length).toBeGreaterThan(850);
  });

  test('whatever the pods are: the choice accepts, and no accepting pod has less', () => {
    const world = fc.array(fc.record({ state: fc.constantFrom<EndpointState>('Accepting', 'Draining', 'Pending'), load: fc.nat(5) }));
    fc.assert(
      fc.property(world, fc.double({ min: 0, max: 0.999, noNaN: true }), (pods, random) => {
        const endpoints = pods.map(({ state }, index) => pod(String(index), state));
        const load = ({ id }: Endpoint) => pods[Number(id)]?.load ?? 0;
        const chosen = pickLeastSessions(endpoints, { load, random: () => random });
        const accepting = endpoints.filter(({ state }) => state === 'Accepting');
        expect(chosen?.state ?? 'none').toBe(accepting.length > 0 ? 'Accepting' : 'none');
        if (chosen !== undefined) expect(load(chosen)).toBe(Math.min(...accepting.map(load)));
      }),
    );
  });
});
