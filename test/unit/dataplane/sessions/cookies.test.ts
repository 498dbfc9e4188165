import { describe, expect, test } from '@jest/globals';
import { expiresCookie, readCookies } from '../../../../src/dataplane/sessions/cookies.ts';

describe('the session cookie of a request', () => {
  test.each([
    { sentence: 'alone', headers: ['s=1'], values: ['1'] },
    { sentence: 'among others', headers: ['a=0; s=1; b=2'], values: ['1'] },
    { sentence: 'without blanks between', headers: ['a=0;s=1;b=2'], values: ['1'] },
    { sentence: 'in a second header line', headers: ['a=0', 's=1'], values: ['1'] },
    { sentence: 'twice: in the order sent', headers: ['s=1; s=2'], values: ['1', '2'] },
    { sentence: 'in quotes', headers: ['s="1"'], values: ['1'] },
    { sentence: 'not where another name ends alike', headers: ['xs=1; a.s=2; -s=3'], values: [] },
    { sentence: 'not where another name begins alike', headers: ['ss=1; s2=2'], values: [] },
    { sentence: 'not inside the value of another', headers: ['a=s=1'], values: [] },
    { sentence: 'with an equals sign in its value', headers: ['s=1=2'], values: ['1=2'] },
    { sentence: 'none at all', headers: [], values: [] },
    {
      sentence: 'more than anybody has: the first eight',
      headers: [Array.from({ length: 50 }, (_, number) => `s=${number}`).join('; ')],
      values: ['0', '1', '2', '3', '4', '5', '6', '7'],
    },
  ])('$sentence', ({ headers, values }) => {
    expect(readCookies(headers, 's')).toEqual(values);
  });
});

describe('the app takes the cookie away', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  test.each([
    { setCookie: 's=; Path=/', ends: true },
    { setCookie: 's=""', ends: true },
    { setCookie: 's=x; Max-Age=0', ends: true },
    { setCookie: 's=x; max-age=-1', ends: true },
    { setCookie: 's=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT', ends: true },
    { setCookie: 's=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', ends: false },
    { setCookie: 's=x; Expires=Fri, 01 Jan 2027 00:00:00 GMT', ends: false },
    { setCookie: 's=x', ends: false },
    { setCookie: 'other=; Max-Age=0', ends: false },
    { setCookie: 'ss=; Max-Age=0', ends: false },
    { setCookie: 's=x; Expires=someday', ends: false },
  ])('$setCookie: $ends', ({ setCookie, ends }) => {
    expect(expiresCookie(setCookie, 's', nowMs)).toBe(ends);
  });
});
