import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { withoutCookie } from '../../../../src/dataplane/http1/cookie-line.ts';

const pairsOf = (value: string) =>
  value
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');

test('every pair of the name goes, every other pair stays as it was and in its place', () => {
  const pair = fc.constantFrom(
    'sid=1',
    'sid',
    'sid =2',
    'sid=',
    'xsid=1',
    'sidx=2',
    'a=sid',
    'b=sid=3',
    'c=1',
    'd="sid"',
  );
  const separator = fc.constantFrom(';', '; ', ' ; ', ';;');
  fc.assert(
    fc.property(fc.array(fc.tuple(pair, separator), { maxLength: 6 }), (parts) => {
      const value = parts.map(([text, after]) => text + after).join('');
      const kept = pairsOf(value).filter((text) => text.split('=')[0]?.trim() !== 'sid');
      expect(pairsOf(withoutCookie(value, 'sid'))).toEqual(kept);
    }),
    { numRuns: 2000, seed: 3 },
  );
});

test('a value without the name is the very same', () => {
  expect(withoutCookie('a=1; b=2', 'sid')).toBe('a=1; b=2');
});
