import { describe, expect, test } from '@jest/globals';
import { expiresCookie } from '../../../../src/dataplane/http/set-cookie.ts';

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
  ])('$setCookie: $removes', ({ setCookie, removes }) => {
    expect(expiresCookie(setCookie, 's', nowMs)).toBe(removes);
  });
});
