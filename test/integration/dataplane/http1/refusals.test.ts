import { afterEach, describe, expect, test } from '@jest/globals';
import { createRig, eventually } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

/** Sends bytes to a proxy whose app must never receive them. Returns what the client got. */
async function sendRaw(text: string): Promise<{ answer: string; how: string; seenByApp: number; refusals: object }> {
  let seenByApp = 0;
  const { port } = await rig.rawApp(() => {
    seenByApp += 1;
  });
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(text);
  const { text: answer, how } = await client.rest();
  return { answer, how, seenByApp, refusals: proxy.server.counters.refusals };
}

const get = (...lines: string[]) =>
  `GET / HTTP/1.1\r\nHost: shop.test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const post = (...lines: string[]) => get(...lines).replace('GET', 'POST');

/** The problem, the bytes, the status, the reason. */
const rows: [string, string, number, string][] = [
  [
    'Content-Length and Transfer-Encoding together',
    post('Content-Length: 5', 'Transfer-Encoding: chunked'),
    400,
    'ContentLengthWithTransferEncoding',
  ],
  ['two Content-Lengths that differ', post('Content-Length: 5', 'Content-Length: 6'), 400, 'DuplicateContentLength'],
  ['two Content-Lengths that agree', post('Content-Length: 5', 'Content-Length: 5'), 400, 'DuplicateContentLength'],
  ['a list of Content-Lengths', post('Content-Length: 5, 5'), 400, 'InvalidContentLength'],
  ['a signed Content-Length', post('Content-Length: +5'), 400, 'InvalidContentLength'],
  ['a negative Content-Length', post('Content-Length: -1'), 400, 'InvalidContentLength'],
  ['a hexadecimal Content-Length', post('Content-Length: 0x5'), 400, 'InvalidContentLength'],
  ['a Content-Length with a fraction', post('Content-Length: 5.0'), 400, 'InvalidContentLength'],
  ['an empty Content-Length', post('Content-Length:'), 400, 'InvalidContentLength'],
  [
    'a Content-Length beyond every exact number',
    post('Content-Length: 99999999999999999999'),
    400,
    'InvalidContentLength',
  ],
  [
    'a Transfer-Encoding in HTTP/1.0',
    'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    'TransferEncodingInHttp10',
  ],
  [
    'a Transfer-Encoding that does not end in chunked',
    post('Transfer-Encoding: chunked, gzip'),
    400,
    'InvalidTransferEncoding',
  ],
  [
    'an empty Transfer-Encoding beside chunked',
    post('Transfer-Encoding:', 'Transfer-Encoding: chunked'),
    400,
    'InvalidTransferEncoding',
  ],
  ['chunked twice', post('Transfer-Encoding: chunked, chunked'), 400, 'InvalidTransferEncoding'],
  [
    'a Transfer-Encoding that is not chunked at all',
    post('Transfer-Encoding: identity'),
    400,
    'InvalidTransferEncoding',
  ],
  ['an unsupported coding', post('Transfer-Encoding: gzip, chunked'), 501, 'UnknownTransferCoding'],
  ['a folded header', get('X-A: b', ' folded'), 400, 'ObsoleteFold'],
  ['a header folded by a tab', get('X-A: b', '\tfolded'), 400, 'ObsoleteFold'],
  ['white space before the first header', 'GET / HTTP/1.1\r\n Host: x\r\n\r\n', 400, 'ObsoleteFold'],
  ['a bare LF after the request line', 'GET / HTTP/1.1\nHost: x\r\n\r\n', 400, 'BareLineFeed'],
  ['a bare LF after a header', get('X-A: b\nX-B: c'), 400, 'BareLineFeed'],
  ['a bare LF for the empty line', 'GET / HTTP/1.1\r\nHost: x\r\n\n', 400, 'BareLineFeed'],
  ['a bare CR in a header', get('X-A: b\rX-B: c'), 400, 'BareCarriageReturn'],
  ['a NUL in a header', get('X-A: b\0c'), 400, 'InvalidFieldValue'],
  ['another control character in a header', get('X-A: b\x0bc'), 400, 'InvalidFieldValue'],
  ['DEL in a header', get('X-A: b\x7f'), 400, 'InvalidFieldValue'],
  ['white space before the colon', get('X-A : b'), 400, 'WhitespaceBeforeColon'],
  ['a header without a colon', get('X-A'), 400, 'MissingColon'],
  ['a header without a name', get(': b'), 400, 'InvalidFieldName'],
  ['an invalid character in a header name', get('X(A): b'), 400, 'InvalidFieldName'],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'MissingHost'],
  ['two Hosts', get('Host: other.test'), 400, 'DuplicateHost'],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400, 'InvalidHost'],
  ['a Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, 'InvalidHost'],
  ['a Host with user information', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', 400, 'InvalidHost'],
  ['a Host with a port that is not a number', 'GET / HTTP/1.1\r\nHost: a:b\r\n\r\n', 400, 'InvalidHost'],
  ['a list of Hosts', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'InvalidHost'],
  ['HTTP/0.9', 'GET /\r\n\r\n', 400, 'InvalidRequestLine'],
  ['a version in lower case', 'GET / http/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidVersion'],
  ['a version with two digits', 'GET / HTTP/1.10\r\nHost: x\r\n\r\n', 400, 'InvalidRequestLine'],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n', 505, 'UnsupportedVersion'],
  ['two blanks in the request line', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidMethod'],
  ['a method that is not a token', 'G(T / HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidMethod'],
  ['a TLS handshake', '\x16\x03\x01\x02\x00\x01', 400, 'InvalidMethod'],
  ['a target that does not begin with a slash', 'GET a HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['a target with a fragment', 'GET /#a HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['a target with a byte above ASCII', 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['a target with a control character', 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['a target of another scheme', 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  [
    'an absolute target with user information',
    'GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n',
    400,
    'InvalidRequestTarget',
  ],
  ['an absolute target without a host', 'GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['* for another method than OPTIONS', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'InvalidRequestTarget'],
  ['CONNECT', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 501, 'UnsupportedMethod'],
  ['a chunk size that is not hexadecimal', `${post('Transfer-Encoding: chunked')}zz\r\n`, 400, 'InvalidChunkSize'],
  ['a request line beyond 8 KiB', get().replace('/', `/${'a'.repeat(9000)}`), 414, 'RequestLineTooLong'],
  ['a header section beyond 32 KiB', get(`X-A: ${'a'.repeat(33_000)}`), 431, 'HeadTooLarge'],
  ['10,000 headers', get(...Array.from({ length: 10_000 }, () => 'X: a')), 431, 'TooManyFields'],
  [
    'a header section beyond 32 KiB, in many lines',
    get(...Array.from({ length: 90 }, (_, at) => `X-${at}: ${'a'.repeat(1000)}`)),
    431,
    'HeadTooLarge',
  ],
  ['more than 100 headers', get(...Array.from({ length: 100 }, (_, at) => `X-${at}: a`)), 431, 'TooManyFields'],
];

describe('an ambiguous or invalid request gets a response of the proxy, and its connection closes', () => {
  test.each(rows)('%s', async (_, text, status, reason) => {
    const { answer, how, refusals } = await sendRaw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\nConnection: close\r\n\r\n[A-Z*][^]*\\.\n$`));
    expect({ how, refusals }).toEqual({ how: 'end', refusals: { [reason]: 1 } });
  });

  test.each(rows.filter(([, text]) => !/\r\n\r\nzz/.test(text)))(
    'the app sees no connection for %s',
    async (_, text) => {
      expect((await sendRaw(text)).seenByApp).toBe(0);
    },
  );

  test('bytes after a refused request are not read as another one', async () => {
    const { answer } = await sendRaw(post('Content-Length: 5', 'Transfer-Encoding: chunked') + get());
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  test('a refusal of the content of HEAD has none itself', async () => {
    const { answer } = await sendRaw(`${post('Transfer-Encoding: chunked').replace('POST', 'HEAD')}zz\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 [^]*\r\nContent-Length: [1-9]\d*\r\n[^]*\r\n\r\n$/);
  });

  test('a client that is still sending a large body gets the response instead of a reset', async () => {
    const { port } = await rig.rawApp(() => undefined);
    const proxy = await rig.proxy(port);
    const client = await proxy.connect();
    client.send(post('Content-Length: 5, 5'));
    client.send(Buffer.alloc(1_000_000));
    expect(await client.rest()).toMatchObject({ how: 'end', text: expect.stringMatching(/^HTTP\/1.1 400/) });
  });
});

test('a body that becomes invalid after its request was forwarded aborts both connections, and releases the hold', async () => {
  let appSaw = '';
  let appEnded = false;
  const { port } = await rig.rawApp((socket) => {
    socket.on('data', (chunk) => {
      appSaw += chunk.toString('latin1');
    });
    socket.on('close', () => {
      appEnded = true;
    });
    socket.on('end', () => socket.end());
  });
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  client.send(`${post('Transfer-Encoding: chunked')}5\r\nhello\r\n`);
  await eventually(() => appSaw.endsWith('hello\r\n'));
  client.send('5\nsmuggled');
  expect(await client.rest()).toMatchObject({ text: expect.stringMatching(/^HTTP\/1.1 400 /), how: 'end' });
  await eventually(() => appEnded);
  expect(appSaw).not.toContain('smuggled');
  expect(proxy.holds).toMatchObject({ open: 0, acquired: 1, releasedTwice: 0 });
});
