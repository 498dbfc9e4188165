import { describe, expect, test } from '@jest/globals';
import type { CookieCarrier } from '../../../../src/wire/routing-table.ts';
import { compileCarrier } from '../../../../src/dataplane/sessions/carrier.ts';
import { cookieCarrier, requestOf } from '../../../support/proxy-table.ts';

const embedded: Partial<CookieCarrier> = {
  path: '/shop',
  domain: 'example.com',
  secure: true,
  sameSite: 'None',
  partitioned: true,
};

describe('a cookie', () => {
  const rows: { sentence: string; carrier: Partial<CookieCarrier>; lifetimeS?: number; attributes: string }[] = [
    {
      sentence: 'of the defaults: gone with the browser, unseen by scripts',
      carrier: {},
      lifetimeS: 60,
      attributes: 'Path=/; HttpOnly; SameSite=Lax',
    },
    {
      sentence: 'with everything that can be set',
      carrier: embedded,
      attributes: 'Path=/shop; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned',
    },
    {
      sentence: 'that is permanent ends with the session',
      carrier: { lifetimeType: 'Permanent' },
      lifetimeS: 60,
      attributes: 'Max-Age=60; Path=/; HttpOnly; SameSite=Lax',
    },
    {
      sentence: 'that is permanent, of a session without end, is one of the browser',
      carrier: { lifetimeType: 'Permanent' },
      attributes: 'Path=/; HttpOnly; SameSite=Lax',
    },
    {
      sentence: 'whose path is beyond ASCII cannot break the header line',
      carrier: { path: '/č' },
      attributes: 'Path=/%C4%8D; HttpOnly; SameSite=Lax',
    },
  ];
  test.each(rows)('$sentence', ({ carrier, lifetimeS, attributes }) => {
    expect(compileCarrier(cookieCarrier({ name: 's', ...carrier })).give('h1.x', lifetimeS)).toBe(
      `Set-Cookie: s=h1.x; ${attributes}\r\n`,
    );
  });

  test('is taken away with the attributes with which it was given: browsers keep it otherwise', () => {
    const { clear } = compileCarrier(cookieCarrier({ name: 's', lifetimeType: 'Permanent', ...embedded }));
    expect(clear).toBe(
      'Set-Cookie: s=; Max-Age=0; Path=/shop; Domain=example.com; Secure; HttpOnly; SameSite=None; Partitioned\r\n',
    );
  });
});

describe('a header', () => {
  const carrier = compileCarrier({ type: 'Header', name: 'X-Session' });

  test('gives the token, and takes it away by an empty value', () => {
    expect([carrier.give('h1.x', 60), carrier.clear]).toEqual(['X-Session: h1.x\r\n', 'X-Session: \r\n']);
  });

  test.each([
    { sentence: 'none', lines: [], tokens: [] },
    { sentence: 'one', lines: ['h1.x'], tokens: ['h1.x'] },
    { sentence: 'several lines', lines: ['h1.x', 'h1.y'], tokens: ['h1.x', 'h1.y'] },
    {
      sentence: 'several in one line, as a proxy on the way may have made of them',
      lines: ['h1.x , h1.y'],
      tokens: ['h1.x', 'h1.y'],
    },
    { sentence: 'an empty one, of a client that sends back what it got at the end', lines: ['', ' , '], tokens: [] },
    {
      sentence: 'more than anybody has: the first eight',
      lines: [Array.from({ length: 5000 }, (_, number) => number).join()],
      tokens: ['0', '1', '2', '3', '4', '5', '6', '7'],
    },
    {
      sentence: 'the same from many lines',
      lines: Array.from({ length: 90 }, (_, number) => String(number)),
      tokens: ['0', '1', '2', '3', '4', '5', '6', '7'],
    },
  ])('is read where it is sent: $sentence', ({ lines, tokens }) => {
    expect(carrier.read(requestOf({ 'x-session': lines }))).toEqual(tokens);
  });
});
