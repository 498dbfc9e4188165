import { describe, expect, test } from '@jest/globals';
import { shareUnchanged } from '../../../src/platform/share-unchanged.ts';
import { fc } from '../../support/fast-check.ts';
import { backendName, proxyTable, type ShortEndpoint } from '../../support/proxy-table.ts';

const copy = <T>(value: T): T => structuredClone(value);
const table = (...endpoints: ShortEndpoint[]) => proxyTable({ endpoints });
const endpointsOf = (value: ReturnType<typeof table>) => value.backends[backendName]?.endpoints ?? [];

describe('shareUnchanged', () => {
  const before = table({ pod: 'a' }, { pod: 'b' }, { pod: 'c' }, { pod: 'd' });

  test('returns the previous object for an equal table', () => {
    expect(shareUnchanged(before, copy(before))).toBe(before);
  });

  test.each<{ sentence: string; next: ReturnType<typeof table>; same: string[] }>([
    {
      sentence: 'keeps the other pods when one changes',
      next: table({ pod: 'a' }, { pod: 'b', state: 'Draining' }, { pod: 'c' }, { pod: 'd' }),
      same: ['a', 'c', 'd'],
    },
    {
      sentence: 'keeps the other pods when two change',
      next: table({ pod: 'a', state: 'Pending' }, { pod: 'b' }, { pod: 'c' }, { pod: 'd', state: 'Draining' }),
      same: ['b', 'c'],
    },
    {
      sentence: 'keeps all pods when one is inserted in the middle',
      next: table({ pod: 'a' }, { pod: 'aa' }, { pod: 'b' }, { pod: 'c' }, { pod: 'd' }),
      same: ['a', 'b', 'c', 'd'],
    },
    {
      sentence: 'keeps the other pods when one is removed',
      next: table({ pod: 'a' }, { pod: 'c' }, { pod: 'd' }),
      same: ['a', 'c', 'd'],
    },
  ])('$sentence', ({ next, same }) => {
    const shared = shareUnchanged(before, copy(next));
    expect(shared).toEqual(next);
    expect(shared).not.toBe(before);
    const old = new Set(endpointsOf(before));
    expect(
      endpointsOf(shared)
        .filter((endpoint) => old.has(endpoint))
        .map(({ pod }) => pod),
    ).toEqual(same);
    expect(shared.routes).toBe(before.routes);
    expect(shared.backends[backendName]?.sessions?.keyRing).toBe(before.backends[backendName]?.sessions?.keyRing);
  });

  test('never changes the content, for any two values', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(json, json, (one, other) => {
        // JSON has no -0.
        const [before, next] = [
          JSON.parse(JSON.stringify(one)) as unknown,
          JSON.parse(JSON.stringify(other)) as unknown,
        ];
        const [beforeText, nextText] = [JSON.stringify(before), JSON.stringify(next)];
        expect(shareUnchanged(before, next)).toEqual(JSON.parse(nextText));
        expect(JSON.stringify(before)).toBe(beforeText);
        expect(shareUnchanged(before, JSON.parse(beforeText) as unknown)).toBe(before);
      }),
      { numRuns: 500 },
    );
  });
});
