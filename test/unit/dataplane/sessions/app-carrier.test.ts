import { describe, expect, test } from '@jest/globals';
import { setCookie } from '../../../../src/dataplane/http/set-cookie.ts';
import { compileCarrier } from '../../../../src/dataplane/sessions/carrier.ts';
import type { AppVerdict } from '../../../../src/dataplane/sessions/compiled-carrier.ts';
import { requestOf } from '../../../support/proxy-table.ts';

const token = `h1.${'A'.repeat(43)}.${'b'.repeat(22)}`;
const nowMs = Date.UTC(2026, 10, 29);
const cookie = compileCarrier({ type: 'ApplicationCookie', name: 'JSESSIONID' });
const header = compileCarrier({ type: 'ApplicationHeader', name: 'Mcp-Session-Id' });
const setting = (...setCookies: string[]) => ({ setCookies, endsSession: false });
const handing = (...appIds: string[]) => ({ setCookies: [], appIds, endsSession: false });
const longId = (length: number) => 'x'.repeat(length);

describe('a cookie of the app', () => {
  const rows: { sentence: string; setCookies: string[]; verdict: AppVerdict }[] = [
    { sentence: 'no cookie', setCookies: [], verdict: 'None' },
    { sentence: 'another cookie', setCookies: ['theme=dark', 'jsessionid=x', 'XJSESSIONID=y'], verdict: 'None' },
    { sentence: 'an id', setCookies: ['JSESSIONID=abc; Path=/'], verdict: 'Continues' },
    { sentence: 'an id that lasts', setCookies: ['JSESSIONID=abc; Max-Age=60'], verdict: 'Continues' },
    { sentence: 'an empty value', setCookies: ['JSESSIONID=; Path=/'], verdict: 'Ends' },
    { sentence: 'a quoted empty value', setCookies: ['JSESSIONID=""; Path=/'], verdict: 'Ends' },
    { sentence: 'Max-Age=0', setCookies: ['JSESSIONID=abc; Max-Age=0'], verdict: 'Ends' },
    {
      sentence: 'Expires in the past',
      setCookies: ['JSESSIONID=abc; Expires=Thu, 01-Jan-1970 00:00:10 GMT'],
      verdict: 'Ends',
    },
    {
      sentence: 'a removal, then an id',
      setCookies: ['JSESSIONID=; Path=/', 'JSESSIONID=b; Path=/'],
      verdict: 'Continues',
    },
    {
      sentence: 'an id, then its removal',
      setCookies: ['JSESSIONID=a; Path=/', 'JSESSIONID=; Path=/'],
      verdict: 'Ends',
    },
    {
      sentence: 'an id, and the removal of a cookie of another path',
      setCookies: ['JSESSIONID=a; Path=/', 'JSESSIONID=; Path=/old; Max-Age=0'],
      verdict: 'Continues',
    },
    {
      sentence: 'an id, and the removal of a cookie of another domain',
      setCookies: ['JSESSIONID=a; Path=/', 'JSESSIONID=; Path=/; Domain=example.com; Max-Age=0'],
      verdict: 'Continues',
    },
    { sentence: 'an id of 4,014 bytes', setCookies: [`JSESSIONID=${longId(4014)}`], verdict: 'Continues' },
    { sentence: 'an id of 4,015 bytes', setCookies: [`JSESSIONID=${longId(4015)}`], verdict: 'TooLong' },
  ];
  test.each(rows)('$sentence: $verdict', ({ setCookies, verdict }) => {
    expect(cookie.verdict(setting(...setCookies), nowMs)).toBe(verdict);
  });

  test('with the longest id that carries a token is a pair of 4,095 bytes', () => {
    const lines = cookie.give(token, undefined, setting(`JSESSIONID=${longId(4014)}; Path=/`));
    expect(/^([^;]+);/.exec(lines[0]?.value ?? '')?.[1]).toHaveLength(4095);
  });

  test('gets the token within its value, and keeps the attributes of the app', () => {
    const attributes = 'Path=/app; Domain=example.com; Max-Age=60; Secure; HttpOnly; SameSite=None; Priority=High';
    expect(cookie.give(token, 60, setting(`JSESSIONID=abc; ${attributes}`, 'theme=dark'))).toEqual([
      setCookie(`JSESSIONID=abc~${token}; ${attributes}`),
    ]);
    expect(cookie.give(token, 60, setting('JSESSIONID="a b"; Path=/'))).toEqual([
      setCookie(`JSESSIONID="a b~${token}"; Path=/`),
    ]);
  });

  test('that the app removes for another path in the same response is removed as the app says', () => {
    expect(cookie.give(token, 60, setting('JSESSIONID=; Path=/old; Max-Age=0', 'JSESSIONID=a; Path=/'))).toEqual([
      setCookie('JSESSIONID=; Path=/old; Max-Age=0'),
      setCookie(`JSESSIONID=a~${token}; Path=/`),
    ]);
  });

  test('is forwarded as the app set it where it gets no token, and where the session ends', () => {
    const response = setting('JSESSIONID=; Path=/x; Max-Age=0', 'a=b');
    expect([cookie.keep(response), cookie.clear(response)]).toEqual(
      Array.from({ length: 2 }, () => [setCookie('JSESSIONID=; Path=/x; Max-Age=0')]),
    );
    expect(cookie.clear(undefined)).toEqual([]);
  });

  test.each([
    [`JSESSIONID=abc~${token}`, [token]],
    [`a=1; JSESSIONID="abc~${token}"; b=2`, [token]],
    [`JSESSIONID=x~${token}; JSESSIONID=y`, [token]],
    ['JSESSIONID=abc', []],
    [`JSESSIONID=${token}`, []],
    [`JSESSIONID=abc~${token.slice(0, -1)}`, []],
    [`OTHER=abc~${token}`, []],
  ])('%s carries the tokens %p', (sent, tokens) => {
    expect(cookie.read(requestOf({ cookie: sent }))).toEqual(tokens);
  });
});

describe('a header of the app', () => {
  const rows: { sentence: string; appIds: string[]; verdict: AppVerdict }[] = [
    { sentence: 'no header', appIds: [], verdict: 'None' },
    { sentence: 'an empty header', appIds: [''], verdict: 'None' },
    { sentence: 'an id', appIds: ['abc'], verdict: 'Continues' },
    { sentence: 'an id of 4,025 bytes', appIds: [longId(4025)], verdict: 'Continues' },
    { sentence: 'an id of 4,026 bytes', appIds: [longId(4026)], verdict: 'TooLong' },
  ];
  test.each(rows)('$sentence: $verdict', ({ appIds, verdict }) => {
    expect(header.verdict(handing(...appIds), nowMs)).toBe(verdict);
  });

  test('names an id that it did not make in an error: a session goes on with it, and none begins', () => {
    expect(header.verdict({ ...handing('abc'), failed: true }, nowMs)).toBe('Repeats');
    expect(cookie.verdict({ ...setting('JSESSIONID=abc'), failed: true }, nowMs)).toBe('Continues');
  });

  test('gets the token behind the id; an id without one is forwarded as the app set it', () => {
    expect(header.give(token, 60, handing('abc'))).toEqual([{ name: 'Mcp-Session-Id', value: `abc~${token}` }]);
    expect([header.keep(handing('abc')), header.clear(handing('abc')), header.clear(undefined)]).toEqual([
      [{ name: 'Mcp-Session-Id', value: 'abc' }],
      [{ name: 'Mcp-Session-Id', value: 'abc' }],
      [],
    ]);
  });

  test('carries the tokens of all its values, also of values that an intermediary joined', () => {
    const values = [`a~${token}, b`, `c~${token}`];
    expect(header.read(requestOf({ 'mcp-session-id': values }))).toEqual([token, token]);
  });
});
