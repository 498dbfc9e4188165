import { describe, expect, test } from '@jest/globals';
import type { Snapshot } from '../../../../src/core/snapshot/snapshot.ts';
import { createQuarantine } from '../../../../src/operator/translation/quarantine.ts';
import { snapshotOf } from '../../../support/world.ts';

const pods = (...names: string[]): Snapshot => snapshotOf({ pods: names.map((name) => ({ name, ip: '10.0.0.1' })) });

/** Translates the names of pods; those that match cannot be translated. */
function translateNames(bad: RegExp) {
  const state = { attempts: 0 };
  const attempt = (snapshot: Snapshot): string[] => {
    state.attempts += 1;
    return snapshot.pods.map(({ name, ip = '' }) => {
      if (bad.test(`${name} ${ip}`)) throw new Error(`pod ${name} is odd`);
      return name;
    });
  };
  return { state, quarantine: createQuarantine(attempt) };
}

describe('an object that cannot be translated', () => {
  test('is left out if it is new, and the others are translated', () => {
    const { quarantine } = translateNames(/bad/);
    const { result, faults } = quarantine(pods('a', 'bad-1', 'c', 'bad-2'), undefined);
    expect(result).toEqual(['a', 'c']);
    expect(faults.map(({ kind, namespace, name }) => [kind, namespace, name])).toEqual([
      ['Pod', 'shop', 'bad-1'],
      ['Pod', 'shop', 'bad-2'],
    ]);
    expect(faults[0]?.message).toMatch(/^Pod bad-1 cannot be translated \(.*pod bad-1 is odd.*\): it has no effect/);
  });

  test('stays as it was translated last', () => {
    const { quarantine } = translateNames(/6[.]6/);
    const good = quarantine(pods('a', 'b'), undefined);
    const odd = snapshotOf({
      pods: [
        { name: 'a', ip: '6.6.6.6' },
        { name: 'b', ip: '10.0.0.2' },
      ],
    });
    const { snapshot, result, faults } = quarantine(odd, good.snapshot);
    expect(result).toEqual(['a', 'b']);
    expect(snapshot.pods.map(({ ip }) => ip)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(faults[0]?.message).toMatch(/its previous version stays in effect/);
  });

  test('costs nothing more until it changes, and is translated when it can be', () => {
    const { quarantine, state } = translateNames(/bad 6/);
    const withIp = (ip: string) => snapshotOf({ pods: [{ name: 'a' }, { name: 'bad', ip }] });
    let last = quarantine(withIp('6.6.6.6'), undefined);
    state.attempts = 0;
    last = quarantine(withIp('6.6.6.6'), last.snapshot);
    expect([state.attempts, last.result]).toEqual([1, ['a']]);
    last = quarantine(withIp('10.0.0.1'), last.snapshot);
    expect([last.result, last.faults]).toEqual([['a', 'bad'], []]);
  });
});

describe('while an object cannot be translated', () => {
  const routes = (...names: string[]) =>
    snapshotOf({ pods: [{ name: 'a' }], httpRoutes: names.map((name) => ({ name, ownerUids: [] })) });
  const refuse = (snapshot: Snapshot) => {
    if (snapshot.httpRoutes.some(({ name }) => name === 'bad')) throw new Error('a route is odd');
  };

  test('lists stay the same objects, also that without it, so that the translation looks at what differs only', () => {
    const quarantine = createQuarantine(refuse);
    const given = routes('good', 'bad');
    const first = quarantine(given, undefined).snapshot;
    expect(first.httpRoutes.map(({ name }) => name)).toEqual(['good']);
    const { pods: changed } = routes();
    const next = quarantine({ ...given, pods: changed }, first).snapshot;
    const same = Object.entries(next).filter(
      ([part, value]) => new Map<string, unknown>(Object.entries(first)).get(part) === value,
    );
    expect(same.map(([part]) => part).toSorted()).toEqual(
      Object.keys(given)
        .filter((part) => part !== 'pods')
        .toSorted(),
    );
    expect(next.pods).toBe(changed);
  });

  test('it stays out when it is read again, and the other objects of its list are current', () => {
    const quarantine = createQuarantine(refuse);
    const first = quarantine(routes('good', 'bad'), undefined);
    const { snapshot, faults } = quarantine(routes('good', 'bad', 'late'), first.snapshot);
    expect(snapshot.httpRoutes.map(({ name }) => name)).toEqual(['good', 'late']);
    expect(faults).toEqual(first.faults);
  });
});

test('a fault of no single object is thrown', () => {
  const quarantine = createQuarantine(() => {
    throw new Error('always');
  });
  expect(() => quarantine(pods('a'), undefined)).toThrow('always');
});
