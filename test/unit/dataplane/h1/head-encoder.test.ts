import { describe, expect, test } from '@jest/globals';
import { inspectConnection } from '../../../../src/dataplane/http/connection-options.ts';
import { encodeRequestHead, encodeResponseHead, staysAsReceived } from '../../../../src/dataplane/h1/head-encoder.ts';
import type { ResponseChanges } from '../../../../src/dataplane/streams.ts';
import { ForwardedLines, type Hop } from '../../../../src/dataplane/http/hop.ts';
import { parseRequestHead, parseResponseHead } from '../../../../src/dataplane/http/head-parser.ts';
import { createHeaderNames } from '../../../../src/dataplane/http/header-names.ts';
import { createHead } from '../../../../src/dataplane/http/head.ts';
import { inspectRequest, Request } from '../../../../src/dataplane/http/request.ts';
import { cookieCarrier, filterOf } from '../../../support/proxy-table.ts';

const limits = { lineBytes: 8192, headBytes: 32_768, fields: 100 };
// What caches may store has golden tests of its own.
const uncacheable = 'PUT';
const hop: Hop = {
  address: '192.0.2.7',
  isTrusted: false,
  scheme: 'http',
  forwarded: new ForwardedLines('192.0.2.7', 'http'),
  localAuthority: () => '10.0.0.1:80',
};
const cookie = filterOf(cookieCarrier({ name: 'sid' }));
const header = filterOf({ type: 'Header', name: 'X-Session' });

function requestOf(lines: string[], from = hop): Request {
  const head = createHead(limits);
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  expect(parseRequestHead(head, bytes, 0, bytes.length)).toBe('complete');
  const request = inspectRequest(head, from);
  if (!(request instanceof Request)) throw new Error(request.reason);
  return request;
}

/** The lines that the app gets. */
const sentFor = (...lines: string[]) =>
  encodeRequestHead(requestOf(lines), { filter: cookie, edits: undefined }).split('\r\n').slice(0, -2);

const passedOn = (...lines: string[]) =>
  responseLines(lines, { filter: cookie, sessionFields: [{ name: 'Set-Cookie', value: 'sid=1' }] });

function responseLines(lines: string[], session: Pick<ResponseChanges, 'filter' | 'sessionFields'>): string[] {
  const head = createHead(limits);
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  expect(parseResponseHead(head, bytes, 0, bytes.length)).toBe('complete');
  head.connection = inspectConnection(head);
  return encodeResponseHead(head, { edits: undefined, ...session, method: uncacheable }, '')
    .split('\r\n')
    .slice(0, -2);
}

const added = ['X-Forwarded-For: 192.0.2.7', 'X-Forwarded-Proto: http', 'X-Forwarded-Host: shop.test'];
const start = ['GET /a?b HTTP/1.1', 'Host: shop.test'];

/** What proxies in front state about a client. */
const stated = [
  'X-Forwarded-Port: 443',
  'X-Forwarded-Prefix: /shop',
  'X-Forwarded-User: ann',
  'X-Forwarded-Email: ann@shop.test',
  'X-Forwarded-Access-Token: t',
  'X-Forwarded-Client-Cert: Hash=1',
  'X-Forwarded-Tls-Client-Cert: MII',
  'X-Auth-Request-User: ann',
  'Forwarded: for=203.0.113.9;proto=https;host=shop.test',
  'X-Real-IP: 203.0.113.9',
  'True-Client-IP: 203.0.113.9',
  'CF-Connecting-IP: 203.0.113.9',
  'ssl-client-verify: SUCCESS',
  'Client-Cert: :MII:',
  'Remote-User: ann',
  'Remote-Groups: admins',
  'Remote-Email: ann@shop.test',
  'Remote-Name: Ann',
  'X-Remote-Group: admins',
  'X-WebAuth-User: ann',
  'X-authentik-username: ann',
  'X-Pomerium-Claim-Email: ann@shop.test',
  'X-Amzn-Oidc-Identity: ann',
  'X-Amzn-Mtls-Clientcert-Subject: CN=ann',
  'X-Goog-Authenticated-User-Email: ann@shop.test',
  'X-MS-CLIENT-PRINCIPAL: eyJ9',
  'X-MS-CLIENT-PRINCIPAL-NAME: ann',
  'Tailscale-User-Login: ann@shop.test',
  'X-Scheme: https',
  'X-Envoy-External-Address: 203.0.113.9',
];

describe('the request head for the app', () => {
  test('has the lines of the client unchanged, and the address of the client', () => {
    expect(sentFor(...start, 'X-Mixed-Case:  spaced  ', 'accept: */*')).toEqual([
      ...start,
      'X-Mixed-Case:  spaced  ',
      'accept: */*',
      ...added,
    ]);
  });

  test('has headers that only resemble what proxies state about a client', () => {
    const lines = ['Remote: 1', 'X-Remoteness: 1', 'X-MS-Client-Principals: 1', 'X-Webauthn: 1', 'X-Amzn-Trace-Id: 1'];
    expect(sentFor(...start, ...lines)).toEqual([...start, ...lines, ...added]);
  });

  test.each([
    ['Connection and the headers that it names', ['Connection: close, X-Secret', 'X-Secret: 1']],
    ['Keep-Alive, Proxy-Connection and TE', ['Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: gzip']],
    ['an Upgrade that Connection does not name', ['Upgrade: websocket']],
    [
      'an Upgrade to h2c, which would pass by every rule of the proxy',
      ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'],
    ],
    [
      'what claims who the client is',
      [
        'X-Forwarded-For: 6.6.6.6',
        'X-Forwarded-Proto: https',
        'X-FORWARDED-Host: evil',
        'X-Forwarded-Port: 1',
        'Forwarded: for=6.6.6.6',
        'X-Real-IP: 6.6.6.6',
        ...stated,
      ],
    ],
    [
      'the same with underscores, which CGI and WSGI read as dashes',
      [
        'X_Forwarded_For: 6.6.6.6',
        'x-forwarded_proto: https',
        'Content_Length: 5',
        'Transfer_Encoding: chunked',
        'X_Forwarded_User: admin',
        'SSL_CLIENT_VERIFY: SUCCESS',
        'Remote_User: admin',
        'REMOTE_GROUPS: admins',
        'X_WebAuth_User: admin',
      ],
    ],
    ['a Cookie with nothing but the session', ['Cookie: sid=h1.abc']],
  ])('loses %s', (_, lines) => {
    expect(sentFor(...start, ...lines)).toEqual([...start, ...added]);
  });

  test.each([
    ['first', 'sid=x; a=1', 'a=1'],
    ['last', 'a=1; sid=x', 'a=1'],
    ['in the middle and twice', 'a=1; sid=x; b=2; sid=y', 'a=1; b=2'],
    ['without blanks', 'a=1;sid=x;b=2', 'a=1;b=2'],
  ])('has no session cookie that is %s, and keeps all others', (_, cookie, kept) => {
    expect(sentFor(...start, `Cookie: ${cookie}`)).toEqual([...start, `Cookie: ${kept}`, ...added]);
  });

  test('keeps cookies whose names or values only resemble the session cookie', () => {
    expect(sentFor(...start, 'Cookie: mysid=1; sidx=2; v=sid=3')).toEqual([
      ...start,
      'Cookie: mysid=1; sidx=2; v=sid=3',
      ...added,
    ]);
  });

  test('keeps Host and Content-Length even if Connection names them', () => {
    const lines = ['POST / HTTP/1.1', 'Host: shop.test', 'Connection: Host, Content-Length', 'Content-Length: 5'];
    expect(sentFor(...lines)).toEqual(['POST / HTTP/1.1', 'Host: shop.test', 'Content-Length: 5', ...added]);
  });

  test('has its own Transfer-Encoding, TE and Upgrade lines', () => {
    expect(sentFor(...start, 'Transfer-Encoding: Chunked', 'TE: trailers, deflate;q=0.5')).toEqual([
      ...start,
      ...added,
      'Transfer-Encoding: chunked',
      'TE: trailers',
      'Connection: TE',
    ]);
    expect(
      sentFor(...start, 'Connection: keep-alive, Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'),
    ).toEqual([...start, 'Sec-WebSocket-Version: 13', ...added, 'Upgrade: websocket', 'Connection: upgrade']);
  });

  test('has the origin form and the host of an absolute target, regardless of Host', () => {
    expect(sentFor('GET http://shop.test/p?q HTTP/1.1', 'Host: other.test')).toEqual([
      'GET /p?q HTTP/1.1',
      'Host: shop.test',
      ...added,
    ]);
    expect(sentFor('GET HTTP://shop.test?q HTTP/1.1', 'Host: other.test').slice(0, 2)).toEqual([
      'GET /?q HTTP/1.1',
      'Host: shop.test',
    ]);
  });

  test('is HTTP/1.1 with a Host even for an HTTP/1.0 client without one', () => {
    expect(sentFor('GET / HTTP/1.0')).toEqual([
      'GET / HTTP/1.1',
      'Host: 10.0.0.1:80',
      ...added.slice(0, 2),
      'X-Forwarded-Host: 10.0.0.1:80',
    ]);
  });
});

describe('a request from a trusted proxy', () => {
  const balancer: Hop = {
    ...hop,
    address: '10.0.0.9',
    isTrusted: true,
    forwarded: new ForwardedLines('10.0.0.9', 'http'),
  };
  const sent = (...lines: string[]) =>
    encodeRequestHead(requestOf(lines, balancer), { filter: cookie, edits: undefined }).split('\r\n').slice(0, -2);

  test('keeps what it states about the client, and has its address appended to X-Forwarded-For', () => {
    const lines = ['X-Forwarded-Proto: https', 'X-Forwarded-Host: www.shop.test', ...stated];
    expect(sent(...start, 'X-Forwarded-For: 203.0.113.9', ...lines)).toEqual([
      ...start,
      ...lines,
      'X-Forwarded-For: 203.0.113.9, 10.0.0.9',
    ]);
  });

  test('has all addresses of several lines in one, in order', () => {
    expect(sent(...start, 'X-Forwarded-For: 203.0.113.9', 'x-forwarded-for: 10.0.0.8,10.0.0.7')).toContain(
      'X-Forwarded-For: 203.0.113.9,10.0.0.8,10.0.0.7, 10.0.0.9',
    );
  });

  test('gets what it does not state from the proxy', () => {
    expect(sent(...start)).toEqual([
      ...start,
      'X-Forwarded-For: 10.0.0.9',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Host: shop.test',
    ]);
  });

  test('gets the scheme that it states with Forwarded as X-Forwarded-Proto', () => {
    expect(sent(...start, 'Forwarded: for=203.0.113.9;proto=https')).toContain('X-Forwarded-Proto: https');
  });

  test('loses names with underscores too', () => {
    expect(sent(...start, 'X_Forwarded_For: 6.6.6.6', 'X_Forwarded_Proto: https')).not.toContainEqual(
      expect.stringContaining('_'),
    );
  });

  test('keeps them although the Connection header of its client names them', () => {
    const lines = ['X-Forwarded-Proto: https', 'X-Real-IP: 203.0.113.9'];
    expect(sent(...start, 'Connection: X-Forwarded-Proto, X-Real-IP, X-Forwarded-For', ...lines)).toEqual(
      expect.arrayContaining(lines),
    );
  });
});

describe('the response head for the client', () => {
  test('has no hop-by-hop headers of the app, and carries the token', () => {
    expect(
      passedOn(
        'HTTP/1.0 200 Fine',
        'Connection: X-Hop',
        'X-Hop: 1',
        'Keep-Alive: timeout=5',
        'Transfer-Encoding: chunked',
        'Holdfast-Session: end',
        'X-App: 1',
      ),
    ).toEqual(['HTTP/1.1 200 Fine', 'X-App: 1', 'Set-Cookie: sid=1']);
  });

  test('keeps every Set-Cookie of the app', () => {
    expect(passedOn('HTTP/1.1 200 OK', 'Set-Cookie: a=1', 'Set-Cookie: b=2')).toEqual([
      'HTTP/1.1 200 OK',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
      'Set-Cookie: sid=1',
    ]);
  });

  test('has no Content-Length in a 204', () => {
    expect(passedOn('HTTP/1.1 204 No Content', 'Content-Length: 0')).toEqual([
      'HTTP/1.1 204 No Content',
      'Set-Cookie: sid=1',
    ]);
  });
});

describe('a token in a header', () => {
  test('is hidden from the app, regardless of the case of its name; cookies are unchanged', () => {
    const lines = [...start, 'x-session: h1.abc', 'X-SESSION: h1.def', 'X-Session-Id: 7', 'Cookie: sid=x'];
    const sent = encodeRequestHead(requestOf(lines), { filter: header, edits: undefined }).split('\r\n').slice(0, -2);
    expect(sent).toEqual([...start, 'X-Session-Id: 7', 'Cookie: sid=x', ...added]);
  });

  test('is set by the proxy only: the app cannot replace it', () => {
    const lines = responseLines(['HTTP/1.1 200 OK', 'x-session: forged', 'X-App: 1'], {
      filter: header,
      sessionFields: [{ name: 'X-Session', value: 'h1.abc' }],
    });
    expect(lines).toEqual(['HTTP/1.1 200 OK', 'X-App: 1', 'X-Session: h1.abc']);
    expect(responseLines(['HTTP/1.1 200 OK', 'X-Session: forged'], { filter: header, sessionFields: [] })).toEqual([
      'HTTP/1.1 200 OK',
    ]);
  });

  test('never removes a header for framing or routing, whatever name is configured', () => {
    const sent = encodeRequestHead(requestOf([...start, 'Content-Length: 5']), {
      filter: filterOf({ type: 'Header', name: 'Host' }),
      edits: undefined,
    });
    expect(sent.split('\r\n').slice(0, 2)).toEqual(start);
  });
});

describe('the request view of the router', () => {
  test('has path and query as sent, and the host in lower case without its port', () => {
    const request = requestOf(['GET /A%20b?c=d?e HTTP/1.1', 'Host: Shop.Test:8080', 'Cookie: a=1', 'cookie: b=2']);
    expect(request).toMatchObject({ method: 'GET', path: '/A%20b', query: 'c=d?e', host: 'shop.test' });
    expect([request.header('cookie'), request.headers('cookie'), request.header('x-none')]).toEqual([
      'a=1',
      ['a=1', 'b=2'],
      undefined,
    ]);
  });

  test('keeps the brackets of an IPv6 literal', () => {
    expect(requestOf(['GET / HTTP/1.1', 'Host: [2001:DB8::1]:80']).host).toBe('[2001:db8::1]');
  });
});

describe('a response head is sent as it was received if nothing in it changes:', () => {
  const unchanged = { filter: cookie, edits: undefined, sessionFields: [], method: 'GET' };
  const named = { ...unchanged, filter: header };
  const removed = { removed: createHeaderNames(new Set(['x-powered-by'])), added: [] };
  test.each<[string, string[], ResponseChanges, boolean]>([
    ['fields of the app', ['HTTP/1.1 200 OK', 'Content-Length: 0', 'X-Pod: a'], unchanged, true],
    ['no fields', ['HTTP/1.1 304 '], unchanged, true],
    ['another version', ['HTTP/1.0 200 OK', 'Content-Length: 0'], unchanged, false],
    ['a field of the connection', ['HTTP/1.1 200 OK', 'Connection: keep-alive'], unchanged, false],
    ['a field that Connection names', ['HTTP/1.1 200 OK', 'X-Hop: 1', 'Connection: x-hop'], unchanged, false],
    ['the end of a session', ['HTTP/1.1 200 OK', 'Holdfast-Session: end'], unchanged, false],
    ['a cookie that carries the token', ['HTTP/1.1 200 OK', 'Set-Cookie: sid=mine'], unchanged, false],
    ['a header that carries the token', ['HTTP/1.1 200 OK', 'X-Session: mine'], named, false],
    ['a length where there is no body', ['HTTP/1.1 204 No Content', 'Content-Length: 0'], unchanged, false],
    [
      'a new token',
      ['HTTP/1.1 200 OK'],
      { ...unchanged, sessionFields: [{ name: 'Set-Cookie', value: 'sid=1' }] },
      false,
    ],
    ['edits of the route', ['HTTP/1.1 200 OK', 'X-Powered-By: b'], { ...unchanged, edits: removed }, false],
  ])('%s', (_, lines, changes, stays) => {
    const head = createHead(limits);
    const text = `${lines.join('\r\n')}\r\n\r\n`;
    parseResponseHead(head, Buffer.from(text, 'latin1'), 0, text.length);
    head.connection = inspectConnection(head);
    expect(staysAsReceived(head, changes)).toBe(stays);
    expect(encodeResponseHead(head, changes, '') === text).toBe(stays);
  });
});
