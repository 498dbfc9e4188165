import { describe, expect, test } from '@jest/globals';
import { appendToValue, cookieNameOf, expiresCookie, pairLength } from '../../../../src/dataplane/http/set-cookie.ts';

describe('a Set-Cookie line removes the session cookie only with an empty value or in the past', () => {
  const nowMs = Date.UTC(2026, 0, 1);
  test.each([
    { setCookie: 's=; Path=/', removes: true },
    { setCookie: 's=""', removes: true },
    { setCookie: 's=x; Max-Age=0', removes: true },
    { setCookie: 's=x; max-age=-1', removes: true },
    { setCookie: 's=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT', removes: true },
    { setCookie: 's=x; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT', removes: false },
    { setCookie: 's=x; Expires=Fri, 01 Jan 2027 00:00:00 GMT', removes: false },
    { setCookie: 's=x', removes: false },
    { setCookie: 'other=; Max-Age=0', removes: false },
    { setCookie: 'ss=; Max-Age=0', removes: false },
    { setCookie: 's=x; Expires=someday', removes: false },
    { setCookie: 's=x; Expires=0', removes: false },
    { setCookie: 's=x; Expires=Thu, 01-Jan-1970 00:00:10 GMT', removes: true },
    { setCookie: 's=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0; path=/', removes: true },
    { setCookie: 's=x; Expires=Wed, 01-Jan-69 00:00:00 GMT', removes: false },
    { setCookie: ' s = ; Path=/', removes: true },
    { setCookie: 's', removes: false },
  ])('$setCookie: $removes', ({ setCookie, removes }) => {
    expect(expiresCookie(setCookie, 's', nowMs)).toBe(removes);
  });
});

describe('a text is put at the end of the value of a Set-Cookie line', () => {
  test.each([
    ['s=abc', 's=abc~t'],
    ['s=abc; Path=/; HttpOnly', 's=abc~t; Path=/; HttpOnly'],
    ['s="abc"; Path=/', 's="abc~t"; Path=/'],
    ['s = abc ; Path=/', 's = abc~t ; Path=/'],
    ['s=a=b==; Secure', 's=a=b==~t; Secure'],
    ['s="; Path=/', 's="~t; Path=/'],
  ])('%s', (line, expected) => {
    expect(appendToValue(line, '~t')).toBe(expected);
  });

  test('its name and the length of its pair do not count blanks and attributes', () => {
    expect([cookieNameOf(' s = abc ; Path=/'), cookieNameOf('abc; Path=/a=b')]).toEqual(['s', '']);
    expect(pairLength(' s=abc ; Path=/')).toBe('s=abc'.length);
  });
});
