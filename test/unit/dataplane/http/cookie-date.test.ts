import { expect, test } from '@jest/globals';
import { parseCookieDate } from '../../../../src/dataplane/http/cookie-date.ts';

const epoch = 10_000;

test.each([
  ['Thu, 01 Jan 1970 00:00:10 GMT', epoch],
  ['Thu, 01-Jan-1970 00:00:10 GMT', epoch],
  ['Thu, 01-Jan-70 00:00:10 GMT', epoch],
  ['Thu Jan  1 00:00:10 1970', epoch],
  ['1 jan 1970 0:0:10', epoch],
  // RFC 6265 section 5.1.1: below 70 the century is 20.
  ['Wed, 01-Jan-69 00:00:00 GMT', Date.UTC(2069, 0, 1)],
  ['Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Sun, 06 November 1994 08:49:37 UTC', Date.UTC(1994, 10, 6, 8, 49, 37)],
])('"%s" is the date that browsers read', (text, atMs) => {
  expect(parseCookieDate(text)).toBe(atMs);
});

test.each([
  '',
  '0',
  '-1',
  'never',
  '1970-01-01T00:00:00Z',
  'Thu, 01 Jan 1970',
  '01 Jan 1600 00:00:00',
  '31 Feb 2026 00:00:00',
  '00 Jan 2026 00:00:00',
  '01 Jan 2026 24:00:00',
  '01 Jan 2026 00:60:00',
])('"%s" is no date, and browsers ignore the attribute', (text) => {
  expect(parseCookieDate(text)).toBeUndefined();
});
