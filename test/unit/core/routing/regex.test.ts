import { describe, expect, test } from '@jest/globals';
import { compileRegex, findRegexDefect, findRegexDefects } from '../../../../src/core/routing/regex.ts';
import { compileMatch } from '../../../../src/core/routing/match.ts';

describe('expressions that RE2 supports', () => {
  test.each([
    ['a character class', '/v[0-9]+', '/v12', '/v1x'],
    ['alternatives, each of which is anchored', '/a|/b', '/b', '/bc'],
    ['a group that ignores case', '(?i:/Admin)/.*', '/aDMIN/x', '/user/x'],
    ['a flag for the whole expression', '(?i)/admin', '/ADMIN', '/admin2'],
    ['a POSIX class', '/[[:alpha:]]+', '/abc', '/ab1'],
    ['a class of Unicode', '/\\p{Lu}+', '/ÄB', '/äb'],
    ['a named group of Python', '/(?P<tenant>[a-z]+)', '/acme', '/9'],
    ['a quoted text', '\\Q/a.b\\E', '/a.b', '/axb'],
    ['an end of text', '/a\\z', '/a', '/az'],
    ['the empty expression', '', '', '/'],
  ])('%s', (_, source, fits, misfit) => {
    expect(findRegexDefect(source)).toBeUndefined();
    const matches = compileRegex(source);
    expect([matches(fits), matches(misfit)]).toEqual([true, false]);
  });
});

describe('expressions that are refused, with the reason', () => {
  test.each([
    ['an open group', '/(', 'missing closing ): `/(`'],
    ['a backreference', '(a)\\1', 'invalid escape sequence: `\\1`'],
    ['a lookahead', '(?=a)b', 'invalid or unsupported Perl syntax: `(?=`'],
    ['a negative lookahead', '/(?!admin).*', 'invalid or unsupported Perl syntax: `(?!`'],
    ['a lookbehind', '(?<=a)b', 'invalid named capture: `(?<=a)b`'],
    ['a possessive quantifier', 'a++', 'invalid nested repetition operator: `++`'],
    ['too many repetitions', 'a{1001}', 'invalid repeat count: `{1001}`'],
    ['nested repetitions', '(a{100}){100}', 'invalid repeat count: `{100}`'],
    [
      'an expression that is too large',
      '[ab]*a[ab]{900}',
      'it compiles to 905 instructions, more than 256: lower its repetition counts, or match by prefix',
    ],
  ])('%s', (_, source, reason) => {
    expect(findRegexDefect(source)).toBe(reason);
    expect(compileRegex(source)('a')).toBe(false);
  });

  test('every place of a match is checked, and only expressions are', () => {
    const wrong = { type: 'RegularExpression' as const, value: '(' };
    const defects = findRegexDefects(
      {
        path: wrong,
        headers: [
          { type: 'Exact', name: 'a', value: '(' },
          { ...wrong, name: 'b' },
        ],
        queryParams: [{ ...wrong, name: 'c' }],
      },
      'match',
    );
    expect(defects.map(({ path }) => path)).toEqual([
      'match.path.value',
      'match.headers[1].value',
      'match.queryParams[0].value',
    ]);
  });
});

// Clients choose the subjects: a text of 15,000 characters would stop the event loop for 50 ms with the first of these.
describe('the longest subject that an expression matches', () => {
  test.each([
    ['1,000 characters', 'for an expression of nearly the largest size', '[ab]*(?:[ab]{240})c', 1000],
    ['3,000 characters', 'for one with a bounded repetition', '(?:a|b)*a(?:a|b){70}c', 3000],
    ['8,000 characters', 'for one that finds a cookie', '(.*; *)?canary=(1|true)(;.*)?', 8000],
  ])('has at least %s %s', (_, __, source, length) => {
    const matches = compileRegex(source);
    const ofLength = (characters: number) =>
      source.endsWith('c') ? `${'a'.repeat(characters - 1)}c` : `canary=1;${'a'.repeat(characters - 9)}`;
    expect([matches(ofLength(length)), matches(ofLength(length * 1.2))]).toEqual([true, false]);
  });
});

// Each of these takes a backtracking engine longer than the universe has existed: the test would not end.
describe('a subject that almost matches costs no more than one that matches', () => {
  const wrong = { type: 'RegularExpression' as const, value: '/?(a+)+b' };
  const subject = 'a'.repeat(10_000);
  const anyPath = { type: 'PathPrefix' as const, value: '/' };

  test.each([
    ['path', { path: wrong }],
    ['header', { path: anyPath, headers: [{ ...wrong, name: 'x' }] }],
    ['query parameter', { path: anyPath, queryParams: [{ ...wrong, name: 'x' }] }],
  ])('in a %s', (_, match) => {
    const matches = compileMatch(match);
    const request = { method: 'GET', host: 'a.test' };
    const send = (text: string) =>
      matches({ ...request, path: `/${text}`, query: `x=${text}`, headers: (name) => (name === 'x' ? [text] : []) });
    expect([send(subject), send(`${subject}b`)]).toEqual([false, true]);
  });
});
