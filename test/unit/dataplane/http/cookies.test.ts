import { describe, expect, test } from '@jest/globals';
import { readCookies, shortenCookies, withoutCookie } from '../../../../src/dataplane/http/cookies.ts';
import { fc } from '../../../support/fast-check.ts';

const fifty = Array.from({ length: 50 }, (_, number) => String(number));

describe('readCookies', () => {
  test.each([
    { sentence: 'reads a cookie that stands alone', headers: ['s=1'], values: ['1'] },
    { sentence: 'reads a cookie among others', headers: ['a=0; s=1; b=2'], values: ['1'] },
    { sentence: 'needs no blanks between cookies', headers: ['a=0;s=1;b=2'], values: ['1'] },
    { sentence: 'accepts blanks around name and value', headers: ['a=0; s = 1 ; b=2'], values: ['1'] },
    { sentence: 'reads a cookie of a second header line', headers: ['a=0', 's=1'], values: ['1'] },
    { sentence: 'returns two cookies in the order sent', headers: ['s=1; s=2'], values: ['1', '2'] },
    { sentence: 'removes the quotes of a value', headers: ['s="1"'], values: ['1'] },
    { sentence: 'reads an empty value', headers: ['s=; a=1'], values: [''] },
    { sentence: 'reads a name without an equals sign as an empty value', headers: ['a=1; s; b=2'], values: [''] },
    { sentence: 'passes over a name that ends alike', headers: ['xs=1; a.s=2; -s=3'], values: [] },
    {
      sentence: 'takes bytes above ASCII around a name for blanks, as some apps do',
      headers: ['\u00a0s=1; \u0085s\u00a0=2'],
      values: ['1', '2'],
    },
    { sentence: 'passes over a name that begins alike', headers: ['ss=1; s2=2'], values: [] },
    { sentence: 'passes over the name inside the value of another cookie', headers: ['a=s=1'], values: [] },
    { sentence: 'keeps an equals sign in a value', headers: ['s=1=2'], values: ['1=2'] },
    { sentence: 'returns no value without a header', headers: [], values: [] },
    {
      sentence: 'returns all of fifty',
      headers: [fifty.map((number) => `s=${number}`).join('; ')],
      values: fifty,
    },
  ])('$sentence', ({ headers, values }) => {
    expect(readCookies(headers, 's')).toEqual(values);
  });
});

const pairsOf = (value: string) =>
  value
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
const nameOf = (pair: string) => (pair.split('=', 1)[0] ?? '').trim();

const pairs = fc.constantFrom(
  'sid=1',
  'sid',
  'sid =2',
  'sid=',
  'sid = "4"',
  'xsid=1',
  'sidx=2',
  'a=sid',
  'b=sid=3',
  'c=1',
  'd="sid"',
  'e=x sid=1',
);
const separators = fc.constantFrom(';', '; ', ' ; ', ';;', ';\t');
const headers = fc
  .array(fc.tuple(pairs, separators), { maxLength: 8 })
  .map((parts) => parts.map(([pair, separator]) => pair + separator).join(''));
/** Any order of the characters of the grammar. */
const anyHeaders = fc
  .array(fc.constantFrom('sid', 'si', 'd', '=', ';', ' ', '\t', '"', 'x'), { maxLength: 24 })
  .map((parts) => parts.join(''));

describe('withoutCookie', () => {
  test('removes every cookie of the name and keeps every other one, unchanged and in order', () => {
    fc.assert(
      fc.property(fc.oneof(headers, anyHeaders), (header) => {
        const kept = pairsOf(header).filter((pair) => nameOf(pair) !== 'sid');
        expect(pairsOf(withoutCookie(header, 'sid'))).toEqual(kept);
      }),
      { numRuns: 1500, seed: 3 },
    );
  });

  test.each([
    { header: 'a=1; sid=x; b=2', rest: 'a=1; b=2' },
    { header: 'sid=x; a=1', rest: 'a=1' },
    { header: 'a=1; sid=x', rest: 'a=1' },
    { header: 'sid=x;', rest: '' },
    { header: 'sid=x; sid=y', rest: '' },
    { header: 'a=1;sid;b=2', rest: 'a=1;b=2' },
    { header: 'a=1; sid;;b=2', rest: 'a=1;;b=2' },
    { header: '\u00a0sid=x; a=\u00e9', rest: 'a=\u00e9' },
    { header: 'a=1; sid\u00a0 =x', rest: 'a=1' },
  ])('leaves "$rest" of "$header"', ({ header, rest }) => {
    expect(withoutCookie(header, 'sid')).toBe(rest);
  });

  test('returns a header without the name unchanged', () => {
    expect(withoutCookie('a=1;b=2;', 'sid')).toBe('a=1;b=2;');
  });
});

describe('shortenCookies', () => {
  /** Cuts a tilde and the character behind it off the end. */
  const beforeTilde = (header: string, end: number) => (header.charAt(end - 2) === '~' ? end - 2 : end);
  const tildePairs = fc.constantFrom(
    'sid=a~1',
    ' sid = b~2 ',
    'sid="c~3"',
    'a=x~y',
    'sid=plain',
    'sid',
    'xsid=d~4',
    '',
    ' ',
  );
  const tildeHeaders = fc.array(tildePairs, { maxLength: 8 }).map((list) => list.join(';'));

  test('shortens each value of the cookie within its quotes, and changes nothing else', () => {
    const expected = (pair: string) => (/^ *sid *=/.test(pair) ? pair.replace(/~[0-9]/, '') : pair);
    fc.assert(
      fc.property(tildeHeaders, (header) => {
        expect(shortenCookies(header, 'sid', beforeTilde)).toBe(header.split(';').map(expected).join(';'));
      }),
    );
  });

  test('returns the same string if no value is shortened', () => {
    fc.assert(
      fc.property(fc.oneof(headers, anyHeaders), (header) => {
        expect(shortenCookies(header, 'sid', (_, end) => end)).toBe(header);
      }),
    );
  });
});

describe('reading and removing use the same grammar', () => {
  test('a header without its session cookies has none to read, and every removed cookie was read', () => {
    fc.assert(
      fc.property(fc.oneof(headers, anyHeaders), (header) => {
        const removed = pairsOf(header).length - pairsOf(withoutCookie(header, 'sid')).length;
        expect(readCookies([withoutCookie(header, 'sid')], 'sid')).toEqual([]);
        expect(readCookies([header], 'sid')).toHaveLength(removed);
      }),
      { numRuns: 1500, seed: 5 },
    );
  });
});

/** A string that counts the characters that are read or copied: the work on any machine. */
class CountingText extends String {
  work = 0;

  override charCodeAt(at: number): number {
    this.work += 1;
    return super.charCodeAt(at);
  }

  override indexOf(wanted: string, from = 0): number {
    const found = super.indexOf(wanted, from);
    this.work += (found < 0 ? this.length : found + wanted.length) - from;
    return found;
  }

  override slice(from: number, to: number): string {
    this.work += to - from;
    return super.slice(from, to);
  }
}

function workOf(header: string, run: (header: string) => unknown): number {
  const text = new CountingText(header);
  run(text as unknown as string);
  return text.work;
}

const header30kB = (unit: string) => unit.repeat(Math.ceil(30_000 / unit.length)).slice(0, 30_000);

describe('a Cookie header of 30 kB costs a few reads of each character', () => {
  test.each(['name=;', 'name=; ', 'name;', 'a=1; name=x; ', 'name ', 'name', ' ;', ' ', 'xname=', 'a=1; ', 'name=   '])(
    '%j, repeated',
    (unit) => {
      const header = header30kB(unit);
      expect(workOf(header, (text) => withoutCookie(text, 'name'))).toBeLessThan(5 * header.length);
      expect(workOf(header, (text) => readCookies([text], 'name'))).toBeLessThan(5 * header.length);
      expect(workOf(header, (text) => shortenCookies(text, 'name', (_, end) => end))).toBeLessThan(5 * header.length);
    },
  );
});
