import { describe, expect, test } from '@jest/globals';
import { setCookie } from '../../../../src/dataplane/http/set-cookie.ts';
import type { CookieCarrier } from '../../../../src/wire/routing-table.ts';
import { compileCarrier } from '../../../../src/dataplane/sessions/carrier.ts';
import { cookieCarrier, requestOf } from '../../../support/proxy-table.ts';

const nothing = { setCookies: [], endsSession: false };

const embedded: Partial<CookieCarrier> = {
  path: '/shop',
  domain: 'example.com',
  secure: true,
  sameSite: 'None',
  partitioned: true,
};

describe('a session cookie', () => {
  const rows: { sentence: string; carrier: Partial<CookieCarrier>; lifetimeS?: number; attributes: string }[] = [
    {
      sentence: 'with default settings lasts as long as the browser session and is hidden from scripts',
      carrier: {},
      lifetimeS: 60,
      attributes: 'Path=/; HttpOnly; SameSite=Lax',
    },
    {
      sentence: 'has all configured attributes',
      carrier: embedded,
      attributes: 'Path=/shop; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned',
    },
    {
      sentence: 'that is permanent expires at the absolute limit of its session',
      carrier: { lifetimeType: 'Permanent' },
      lifetimeS: 60,
      attributes: 'Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
    },
    {
      sentence: 'that is permanent lasts as long as the browser session if the session has no absolute limit',
      carrier: { lifetimeType: 'Permanent' },
      attributes: 'Path=/; HttpOnly; SameSite=Lax',
    },
    {
      sentence: 'with a path beyond ASCII does not break the header line',
      carrier: { path: '/č' },
      attributes: 'Path=/%C4%8D; HttpOnly; SameSite=Lax',
    },
  ];
  test.each(rows)('$sentence', ({ carrier, lifetimeS, attributes }) => {
    expect(compileCarrier(cookieCarrier({ name: 's', ...carrier })).give('h1.x', lifetimeS, nothing)).toEqual([
      setCookie(`s=h1.x; ${attributes}`),
    ]);
  });

  test.each([
    { secure: false, secureIfHttps: true, isHttps: true, written: true },
    { secure: false, secureIfHttps: true, isHttps: false, written: false },
    { secure: true, isHttps: false, written: true },
    { secure: false, isHttps: true, written: false },
  ] as const)('is Secure ($written) as set and as the client connects: %j', ({ isHttps, written, ...secure }) => {
    const { give, clear } = compileCarrier(cookieCarrier({ name: 's', ...secure }));
    const response = { ...nothing, isHttps };
    for (const { value } of [...give('h1.x', undefined, response), ...clear(response)]) {
      expect(value.includes('; Secure;')).toBe(written);
    }
  });

  test('is cleared with the attributes with which it was set, because browsers keep it otherwise', () => {
    const { clear } = compileCarrier(cookieCarrier({ name: 's', lifetimeType: 'Permanent', ...embedded }));
    expect(clear(nothing)).toEqual([
      setCookie('s=; Max-Age=0; Path=/shop; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned'),
    ]);
  });
});

const fifty = Array.from({ length: 50 }, (_, number) => String(number));

describe('a session header', () => {
  const carrier = compileCarrier({ type: 'Header', name: 'X-Session' });

  test('gives the token, and clears it with an empty value', () => {
    expect([carrier.give('h1.x', 60, nothing), carrier.clear(nothing)]).toEqual([
      [{ name: 'X-Session', value: 'h1.x' }],
      [{ name: 'X-Session', value: '' }],
    ]);
  });

  test.each([
    { sentence: 'no line', lines: [], tokens: [] },
    { sentence: 'one line', lines: ['h1.x'], tokens: ['h1.x'] },
    { sentence: 'several lines', lines: ['h1.x', 'h1.y'], tokens: ['h1.x', 'h1.y'] },
    {
      sentence: 'several tokens in one line, as an intermediary may have joined them',
      lines: ['h1.x , h1.y'],
      tokens: ['h1.x', 'h1.y'],
    },
    {
      sentence: 'an empty value, of a client that returns the line that cleared its token',
      lines: ['', ' , '],
      tokens: [],
    },
    { sentence: 'the last of fifty in one line', lines: [fifty.join()], tokens: fifty },
    { sentence: 'the last of fifty lines', lines: fifty, tokens: fifty },
  ])('yields its tokens: $sentence', ({ lines, tokens }) => {
    expect(carrier.read(requestOf({ 'x-session': lines }))).toEqual(tokens);
  });
});
