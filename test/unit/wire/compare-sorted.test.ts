/** The walk over two lists of which mostly one item differs. */
import { expect, test } from '@jest/globals';
import { compareSorted, findDifferingPart } from '../../../src/wire/compare-sorted.ts';
import { fc } from '../../support/fast-check.ts';

type Item = { key: string };

/** Two sorted lists. `Same`: the same object in both; `Other`: another one with the same key. */
const places = fc.array(fc.constantFrom('Before', 'After', 'Same', 'Other'), { maxLength: 12 });

function listsOf(where: readonly string[]): [Item[], Item[]] {
  const items = where.map((place, at) => ({ place, item: { key: String(at).padStart(2, '0') } }));
  return [
    items.filter(({ place }) => place !== 'After').map(({ item }) => item),
    items.filter(({ place }) => place !== 'Before').map(({ place, item }) => (place === 'Other' ? { ...item } : item)),
  ];
}

test('what comes and goes is what only one of the lists has, as an object', () => {
  fc.assert(
    fc.property(places, (where) => {
      const [before, after] = listsOf(where);
      const come = new Set<Item>();
      const gone = new Set<Item>();
      compareSorted(before, after, ({ key }) => key, {
        come: (item) => void come.add(item),
        gone: (item) => void gone.add(item),
      });
      expect(come).toEqual(new Set(after.filter((item) => !before.includes(item))));
      expect(gone).toEqual(new Set(before.filter((item) => !after.includes(item))));
    }),
  );
});

test('the differing part ends where both lists are the same again', () => {
  const [a, b, c, d] = [{ key: 'a' }, { key: 'b' }, { key: 'c' }, { key: 'd' }];
  expect(findDifferingPart([a, b, d], [a, c, d])).toEqual({ start: 1, beforeEnd: 2, afterEnd: 2 });
  expect(findDifferingPart([a, d], [a, b, c, d])).toEqual({ start: 1, beforeEnd: 1, afterEnd: 3 });
  expect(findDifferingPart([a, a], [a])).toEqual({ start: 1, beforeEnd: 2, afterEnd: 1 });
  expect(findDifferingPart([], [])).toEqual({ start: 0, beforeEnd: 0, afterEnd: 0 });
});
