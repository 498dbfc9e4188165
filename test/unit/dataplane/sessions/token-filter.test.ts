import { describe, expect, test } from '@jest/globals';
import { containsToken, isTokenShaped } from '../../../../src/core/session/token.ts';
import type { CarrierConflict } from '../../../../src/wire/messages.ts';
import type { Carrier, Route, RoutingTable } from '../../../../src/wire/routing-table.ts';
import { fc } from '../../../support/fast-check.ts';
import { cookieCarrier, proxyTable, tokenFilter } from '../../../support/proxy-table.ts';

const token = `h1.${'A'.repeat(43)}.${'B'.repeat(22)}`;
const header = (name: string): Carrier => ({ type: 'Header', name });
const cookie = (name: string, more = {}): Carrier => cookieCarrier({ name, ...more });

type ShortRoute = { carrier: Carrier; hostnames?: string[]; listeners?: string[] };

/** A Gateway with a route for each carrier; the first one's filter is tested. */
function filterOf(routes: ShortRoute[], listeners?: RoutingTable['listeners']) {
  const table = proxyTable({});
  const [template] = table.routes;
  if (template === undefined) throw new Error('no route');
  const conflicts: CarrierConflict[] = [];
  const filter = tokenFilter(
    {
      ...table,
      listeners: listeners ?? table.listeners,
      routes: routes.map(({ carrier, ...more }, index): Route => ({
        ...template,
        ...more,
        name: `shop/app-${index}#0`,
        persistence: { ...template.persistence, carrier },
      })),
    },
    (conflict) => conflicts.push(conflict),
  );
  return { filter, conflicts };
}

describe('the Cookie header for the app', () => {
  const { filter } = filterOf([
    { carrier: cookie('own') },
    { carrier: cookie('other') },
    { carrier: cookie('far'), hostnames: ['far.example'] },
    { carrier: header('X-Session') },
  ]);

  test.each([
    { sentence: 'the token of the route', cookies: `own=${token}; a=1`, left: 'a=1' },
    { sentence: 'every other value of the cookie of the route', cookies: 'own=junk; a=1; own; own="x"', left: 'a=1' },
    { sentence: 'the token of another route', cookies: `a=1; other=${token}`, left: 'a=1' },
    { sentence: 'the token of a route of another host', cookies: `far=${token}; a=1`, left: 'a=1' },
    { sentence: 'quoted tokens and several of them', cookies: `other="${token}"; a=1; far=${token}`, left: 'a=1' },
    { sentence: 'tokens without blanks', cookies: `a=1;other=${token};b=2`, left: 'a=1;b=2' },
    { sentence: 'all cookies if all are tokens', cookies: `own=${token}; other=${token};`, left: '' },
  ])('lacks $sentence', ({ cookies, left }) => {
    expect(filter.cookiesForApp(cookies)).toBe(left);
  });

  test.each([
    { sentence: 'a cookie of the app that another route uses for its tokens', cookies: 'other=user-7; a=1' },
    { sentence: 'a token in a cookie that carries none', cookies: `mine=${token}` },
    { sentence: 'a value that contains more than a token', cookies: `other=${token}x; far=x${token}` },
    { sentence: 'a value that begins like a token', cookies: 'other=h1.; far=h1.x' },
    { sentence: 'a cookie with the name of a header', cookies: `X-Session=${token}` },
    { sentence: 'odd pairs', cookies: `${token}; =${token}; ;; a` },
  ])('keeps $sentence', ({ cookies }) => {
    expect(filter.cookiesForApp(cookies)).toBe(cookies);
  });

  test('keeps every pair that is no token, in order, whatever surrounds it', () => {
    const pairs = fc.constantFrom('a=1', 'b', ' ', '', 'own=1', `other=${token}`, ` far = ${token}`, 'c=h1.', 'd=x;e');
    fc.assert(
      fc.property(fc.array(pairs, { maxLength: 9 }), (sent) => {
        const split = (text: string) =>
          text
            .split(';')
            .map((pair) => pair.trim())
            .filter(Boolean);
        const expected = split(sent.join(';')).filter((pair) => !/^(own=1|other=h1.*|far = h1.*)$/.test(pair));
        expect(split(filter.cookiesForApp(sent.join(';')))).toEqual(expected);
      }),
      { numRuns: 1000, seed: 7 },
    );
  });
});

describe('a header of a request', () => {
  const { filter } = filterOf([{ carrier: header('X-Session') }, { carrier: header('X-Other') }]);
  const find = (name: string) => filter.headers.find(Buffer.from(name), 0, name.length);
  const hides = (name: string, value: string) => {
    const found = find(name);
    return found !== undefined && filter.hidesFromApp(found, value);
  };

  test.each(['X-Session', 'x-session', 'X_Session', 'x_SESSION'])(
    'that carries the tokens of the route is hidden, as %s',
    (name) => {
      expect(hides(name, 'anything')).toBe(true);
    },
  );

  test('that carries the tokens of another route is hidden if it contains one', () => {
    expect(hides('X_other', `a, ${token}`)).toBe(true);
    expect(hides('X-Other', 'of the app')).toBe(false);
  });

  test.each(['X-Sessions', 'X-Sessio', 'XxSession', 'Session'])('%s is not looked at', (name) => {
    expect(find(name)).toBeUndefined();
  });
});

describe('a Set-Cookie line of the app', () => {
  test.each(['own=1', ' own =1; Path=/', 'own=h1.x; HttpOnly', `own="${token}"`])(
    'is hidden and reported if it sets the cookie of the route: %s',
    (line) => {
      const { filter, conflicts } = filterOf([{ carrier: cookie('own') }]);
      expect(filter.hidesCookieFromClient(line)).toBe(true);
      expect(conflicts).toEqual([{ workload: 'shop/app-0', carrierOf: 'shop/app-0', type: 'Cookie', name: 'own' }]);
    },
  );

  test('is hidden and not reported if it expires that cookie: so an app ends a session', () => {
    const { filter, conflicts } = filterOf([{ carrier: cookie('own') }]);
    expect(filter.hidesCookieFromClient('own=; Max-Age=0')).toBe(true);
    expect(conflicts).toEqual([]);
  });

  test.each(['Own=1', 'own2=1', 'a=1; own=2', 'own', 'own; x=1', '=own=1'])(
    'stays if it sets another one: %s',
    (line) => {
      const { filter, conflicts } = filterOf([{ carrier: cookie('own') }]);
      expect(filter.hidesCookieFromClient(line)).toBe(false);
      expect(conflicts).toEqual([]);
    },
  );

  const on = (hostname: string) => ({ name: hostname, protocol: 'HTTP', port: 80, hostname }) as const;
  test.each([
    { sentence: 'of a route of the same host', own: ['a.example'], other: ['a.example'], hidden: true },
    { sentence: 'of a route for every host', own: ['a.example'], other: [], hidden: true },
    { sentence: 'of a route with a wildcard', own: ['a.example'], other: ['*.example'], hidden: true },
    { sentence: 'of a route of another host', own: ['a.example'], other: ['b.example'], hidden: false },
    {
      sentence: 'of a route of another host, for all of the domain',
      own: ['a.shop.example'],
      other: ['b.shop.example'],
      domain: 'shop.example',
      hidden: true,
    },
    {
      sentence: 'of a route on a listener for another host',
      own: [],
      other: [],
      listeners: [on('a.example'), on('b.example')],
      hidden: false,
    },
  ])('is hidden ($hidden) if it sets the cookie $sentence', ({ own, other, domain, listeners, hidden }) => {
    const { filter, conflicts } = filterOf(
      [
        { carrier: cookie('own'), hostnames: own, ...(listeners && { listeners: ['a.example'] }) },
        { carrier: cookie('other', { domain }), hostnames: other, ...(listeners && { listeners: ['b.example'] }) },
      ],
      listeners,
    );
    expect(filter.hidesCookieFromClient('other=1')).toBe(hidden);
    expect(conflicts.map(({ workload, carrierOf }) => `${workload} ${carrierOf}`)).toEqual(
      hidden ? ['shop/app-0 shop/app-1'] : [],
    );
  });
});

test('a header of a response that carries tokens is hidden from the client, and reported unless it is empty', () => {
  const { filter, conflicts } = filterOf([{ carrier: header('X-Session') }, { carrier: header('X-Other') }]);
  expect(filter.hidesFromClient('x-session', '')).toBe(true);
  expect(conflicts).toEqual([]);
  expect(filter.hidesFromClient('x-session', 'mine')).toBe(true);
  expect(filter.hidesFromClient('x-other', 'mine')).toBe(true);
  expect(conflicts.map(({ name }) => name)).toEqual(['X-Session', 'X-Other']);
});

describe('the format of a token', () => {
  test.each([
    { text: token, is: true, has: true },
    { text: `${token}x`, is: false, has: false },
    { text: `a, ${token}`, is: false, has: true },
    { text: `x${token}`, is: false, has: false },
    { text: `h1.h1.${token.slice(3)}`, is: false, has: true },
    { text: token.slice(1), is: false, has: false },
    { text: '', is: false, has: false },
  ])('of $text', ({ text, is, has }) => {
    expect([isTokenShaped(text), containsToken(text)]).toEqual([is, has]);
  });
});

describe('carriers that an app owns', () => {
  const appCookie = (name: string): Carrier => ({ type: 'ApplicationCookie', name });
  const appHeader = (name: string): Carrier => ({ type: 'ApplicationHeader', name });
  const routes = [
    { carrier: appCookie('JSESSIONID') },
    { carrier: appHeader('Mcp-Session-Id') },
    { carrier: cookie('other') },
    { carrier: header('X-Session') },
  ];

  test('lose the token in requests on every route, and the app keeps its ids', () => {
    for (const first of routes) {
      const { filter } = filterOf([first, ...routes.filter((each) => each !== first)]);
      expect(filter.cookiesForApp(`a=1; JSESSIONID=abc~${token}; JSESSIONID="x y~${token}"; b`)).toBe(
        'a=1; JSESSIONID=abc; JSESSIONID="x y"; b',
      );
      expect(filter.headerForApp('mcp-session-id', `abc~${token}`)).toBe('abc');
      expect(filter.headerForApp('mcp-session-id', `a~${token}, b~${token}`)).toBe('a, b');
      expect(filter.headerForApp('mcp-session-id', 'abc')).toBe('abc');
    }
  });

  test('keep what only looks like a token', () => {
    const { filter } = filterOf(routes);
    for (const cookies of [`JSESSIONID=${token}x`, 'JSESSIONID=a~b', `MYJSESSIONID=a~${token}`, 'JSESSIONID']) {
      expect(filter.cookiesForApp(cookies)).toBe(cookies);
    }
  });

  test('lose a header whose value has a token elsewhere, because no app handed it out', () => {
    const { filter } = filterOf(routes);
    expect(filter.headerForApp('mcp-session-id', `abc~${token} def`)).toBe('');
    expect(filter.hidesFromApp('mcp-session-id', `abc~${token}`)).toBe(true);
    expect(filter.hidesFromApp('mcp-session-id', 'abc')).toBe(false);
  });

  test('are set by the app of the route only with its session lines, without a conflict', () => {
    const own = filterOf(routes);
    expect(own.filter.hidesCookieFromClient('JSESSIONID=abc; Path=/')).toBe(true);
    expect(filterOf([{ carrier: appHeader('Mcp-Session-Id') }]).filter.appHeader).toBe('mcp-session-id');
    expect(own.conflicts).toEqual([]);
  });

  test('may be set by the apps of other routes: each has its own path, or no session at all', () => {
    const { filter, conflicts } = filterOf([{ carrier: cookie('own') }, ...routes]);
    expect(filter.hidesCookieFromClient('JSESSIONID=abc; Path=/blog')).toBe(false);
    expect(filter.hidesFromClient('mcp-session-id', 'abc')).toBe(false);
    expect(conflicts).toEqual([]);
  });

  test.each([
    { carrier: appHeader('Mcp-Session-Id'), method: 'DELETE', status: 204, ends: true },
    { carrier: appHeader('Mcp-Session-Id'), method: 'DELETE', status: 404, ends: false },
    { carrier: appHeader('Mcp-Session-Id'), method: 'POST', status: 200, ends: false },
    { carrier: appCookie('JSESSIONID'), method: 'DELETE', status: 200, ends: false },
    { carrier: header('X-Session'), method: 'DELETE', status: 200, ends: false },
  ])('$carrier.type: a $status to $method ends the session: $ends', ({ carrier, method, status, ends }) => {
    expect(filterOf([{ carrier }]).filter.endsSession(method, status)).toBe(ends);
  });
});
