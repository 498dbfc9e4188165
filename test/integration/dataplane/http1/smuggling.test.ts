/**
 * Published request-smuggling vectors. Behind the proxy stands the most gullible app there is to be had in Node, its parser
 * set to lenient. Whatever the bytes, the app must see exactly the requests that the proxy routed.
 */
import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { bodyOf, createRig, eventually } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: shop.test\r\nX: x';
const post = (lines: string, body: string) => `POST /front HTTP/1.1\r\nHost: shop.test\r\n${lines}\r\n\r\n${body}`;
const clTe = (transferEncoding: string) =>
  post(`Content-Length: ${5 + smuggled.length}\r\n${transferEncoding}`, `0\r\n\r\n${smuggled}`);
const teCl = (transferEncoding: string) =>
  post(`Content-Length: 4\r\n${transferEncoding}`, `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`);
/** Only an unusual Transfer-Encoding: a server that ignores it reads the chunks as the next requests. */
const oddTe = (transferEncoding: string) =>
  post(transferEncoding, `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`);
const chunks = (body: string) => post('Transfer-Encoding: chunked', body);

const refused: [string, string][] = [
  ['CL.TE', clTe('Transfer-Encoding: chunked')],
  ['TE.CL', teCl('Transfer-Encoding: chunked')],
  [
    'CL.TE, Content-Length last',
    post(`Transfer-Encoding: chunked\r\nContent-Length: ${5 + smuggled.length}`, `0\r\n\r\n${smuggled}`),
  ],
  ['TE.TE: xchunked', oddTe('Transfer-Encoding: xchunked')],
  ['TE.TE: a blank before the colon', oddTe('Transfer-Encoding : chunked')],
  ['TE.TE: a second one that is unknown', oddTe('Transfer-Encoding: chunked\r\nTransfer-Encoding: x')],
  ['TE.TE: a first one that is unknown', oddTe('Transfer-Encoding: x\r\nTransfer-Encoding: chunked')],
  ['TE.TE: a blank before the name', oddTe('X: x\r\n Transfer-Encoding: chunked')],
  ['TE.TE: behind a bare LF', oddTe('X: x\nTransfer-Encoding: chunked')],
  ['TE.TE: behind a bare CR', oddTe('X: x\rTransfer-Encoding: chunked')],
  ['TE.TE: a name broken from its colon', oddTe('Transfer-Encoding\r\n: chunked')],
  ['TE.TE: a folded value', oddTe('Transfer-Encoding:\r\n chunked')],
  ['TE.TE: quoted', oddTe('Transfer-Encoding: "chunked"')],
  ['TE.TE: a vertical tab in front of the value', oddTe('Transfer-Encoding: \x0bchunked')],
  ['TE.TE: a NUL behind the value', oddTe('Transfer-Encoding: chunked\0')],
  ['TE.TE: a parameter', oddTe('Transfer-Encoding: chunked;q=1')],
  ['TE.TE: an empty member', oddTe('Transfer-Encoding: chunked,')],
  ['TE.TE: identity in front', oddTe('Transfer-Encoding: identity, chunked')],
  ['TE.TE: chunked in front of identity', oddTe('Transfer-Encoding: chunked, identity')],
  ['TE.TE: no-break space', oddTe('Transfer-Encoding: \xa0chunked')],
  ['TE.TE: a control character in the name', oddTe('Transfer\x00-Encoding: chunked')],
  ['CL.CL, the larger one first', post(`Content-Length: ${smuggled.length}\r\nContent-Length: 0`, smuggled)],
  ['CL.CL, the smaller one first', post(`Content-Length: 0\r\nContent-Length: ${smuggled.length}`, smuggled)],
  ['CL.CL by a list', post(`Content-Length: 0, ${smuggled.length}`, smuggled)],
  ['0.CL: a blank before the colon', post(`Content-Length : ${smuggled.length}`, smuggled)],
  ['0.CL: a bare LF before the value', post(`Content-Length:\n${smuggled.length}`, smuggled)],
  ['0.CL: a folded value', post(`Content-Length:\r\n ${smuggled.length}`, smuggled)],
  ['CL with a plus', post(`Content-Length: +${smuggled.length}`, smuggled)],
  ['CL with an underscore between digits', post('Content-Length: 1_0', smuggled)],
  ['CL with a NUL', post(`Content-Length: 0\0${smuggled.length}`, smuggled)],
  ['HTTP/1.0 with chunks', oddTe('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0')],
  ['chunk size: 0x', chunks(`0x${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`)],
  ['chunk size: wraps at 64 bits', chunks(`10000000000000000\r\n\r\n${smuggled}`)],
  ['chunk size: a blank behind it', chunks(`5 \r\nhello\r\n0\r\n\r\n`)],
  ['chunk extension ended by a bare LF (TERM.EXT)', chunks(`2;\nxx\r\n4c\r\n0\r\n\r\n${smuggled}\r\n0\r\n\r\n`)],
  ['chunk extension ended by a bare CR', chunks(`2;a\rxx\r\n0\r\n\r\n${smuggled}`)],
  ['chunk content longer than its size (TERM.SPILL)', chunks(`5\r\nhelloXX45\r\n0\r\n\r\n${smuggled}\r\n0\r\n\r\n`)],
  ['chunk content ended by LF', chunks(`5\r\nhello\n0\r\n\r\n${smuggled}`)],
  ['last chunk ended by LF', chunks(`0\n\n${smuggled}`)],
  ['Content-Length among the trailers', chunks(`0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`)],
  ['a request line with a tab', `GET\t/smuggled\tHTTP/1.1\r\nHost: shop.test\r\n\r\n`],
  ['a target with a blank', 'GET /a HTTP/1.1 /smuggled HTTP/1.1\r\nHost: shop.test\r\n\r\n'],
  ['a target with CR', 'GET /a\rX HTTP/1.1\r\nHost: shop.test\r\n\r\n'],
  ['two Hosts', 'GET /front HTTP/1.1\r\nHost: shop.test\r\nHost: admin.test\r\n\r\n'],
  ['a Host behind a fold', 'GET /front HTTP/1.1\r\nX: a\r\n Host: admin.test\r\nHost: shop.test\r\n\r\n'],
];

const accepted: [string, string, string[]][] = [
  [
    'a Transfer-Encoding after a tab',
    chunks(`5\r\nhello\r\n0\r\n\r\n`).replace(': chunked', ':\tchunked'),
    ['POST /front hello'],
  ],
  [
    'a Transfer-Encoding in capitals',
    chunks(`5\r\nhello\r\n0\r\n\r\n`).replace('chunked', 'CHUNKED'),
    ['POST /front hello'],
  ],
  ['a request inside a body (CL.0)', post(`Content-Length: ${smuggled.length}`, smuggled), [`POST /front ${smuggled}`]],
  ['a GET with a body', post('Content-Length: 5', 'hello').replace('POST', 'GET'), ['GET /front hello']],
  ['Content_Length with an underscore', post(`Content_Length: 3\r\nContent-Length: 5`, 'hello'), ['POST /front hello']],
  [
    'Transfer_Encoding with an underscore',
    post(`Transfer_Encoding: chunked\r\nContent-Length: 5`, '0\r\n\r\n'),
    ['POST /front 0\r\n\r\n'],
  ],
  [
    'a Content-Length that Connection names',
    post('Connection: Content-Length\r\nContent-Length: 5', 'hello'),
    ['POST /front hello'],
  ],
  [
    'a Transfer-Encoding that Connection names',
    post('Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'),
    ['POST /front hello'],
  ],
  [
    'an upgrade to h2c',
    'GET /front HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ['GET /front '],
  ],
  [
    'an Expect that only resembles 100-continue',
    post('Expect: y 100-continue\r\nContent-Length: 5', 'hello'),
    ['POST /front hello'],
  ],
  [
    'an absolute target with another Host',
    'GET http://shop.test/front HTTP/1.1\r\nHost: admin.test\r\n\r\n',
    ['GET /front '],
  ],
];

/** Sends the bytes, and then the victim's request on another connection, which would receive the smuggled request. */
async function attack(text: string) {
  const seen: string[] = [];
  const hosts = new Set<string | undefined>();
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    hosts.add(request.headers.host);
    const body = await bodyOf(request);
    seen.push(`${request.method} ${request.url} ${body.toString('latin1')}`);
    response.end('ok');
  };
  const app = http.createServer({ insecureHTTPParser: true }, (request, response) => void answer(request, response));
  app.on('checkExpectation', (request, response) => app.emit('request', request, response));
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const address = app.address();
  const proxy = await rig.proxy(typeof address === 'object' && address !== null ? address.port : 0);
  const attacker = await proxy.connect();
  attacker.send(text);
  const first = await attacker.response();
  const victim = await proxy.connect();
  victim.send('GET /victim HTTP/1.1\r\nHost: shop.test\r\n\r\n');
  const second = await victim.response();
  await eventually(() => proxy.holds.open === 0);
  app.close();
  app.closeAllConnections();
  return { seen, hosts: [...hosts], routed: proxy.routed.length, status: first.status, victim: second.body };
}

describe('a smuggling attempt is refused', () => {
  test.each(refused)('%s', async (_, text) => {
    const { seen, status, victim } = await attack(text);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(seen.filter((request) => !request.startsWith('GET /victim'))).toEqual([]);
    expect(victim).toContain('ok');
  });
});

describe('an unusual request is accepted, and the app reads the same request as the proxy', () => {
  test.each(accepted)('%s', async (_, text, requests) => {
    const { seen, hosts, victim } = await attack(text);
    expect(seen).toEqual([...requests, 'GET /victim ']);
    expect(hosts).toEqual(['shop.test']);
    expect(victim).toContain('ok');
  });
});
