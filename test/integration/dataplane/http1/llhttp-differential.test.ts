/**
 * Every request that the proxy accepts is accepted by llhttp (Node's parser) as the same request: method, target, headers, body.
 * The reverse is not true, on purpose: the proxy refuses more.
 */
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BodyReader } from '../../../../src/dataplane/h1/body.ts';
import { nameText, valueText } from '../../../../src/dataplane/http/head-fields.ts';
import { parseRequestHead } from '../../../../src/dataplane/http/head-parser.ts';
import { createHead } from '../../../../src/dataplane/http/head.ts';
import { ForwardedLines, type Hop } from '../../../../src/dataplane/http/hop.ts';
import { Request, inspectRequest } from '../../../../src/dataplane/http/request.ts';
import { fc } from '../../../support/fast-check.ts';
import { bodyOf } from './rig.ts';

const hop: Hop = {
  address: '',
  isTrusted: false,
  scheme: 'http',
  forwarded: new ForwardedLines('', 'http'),
  localAuthority: () => '',
};

type Read = { method: string; target: string; headers: string[]; body: string };

function readByUs(text: string): Read | undefined {
  const bytes = Buffer.from(text, 'latin1');
  const head = createHead({ lineBytes: 8192, headBytes: 16_384, fields: 100 });
  if (parseRequestHead(head, bytes, 0, bytes.length) !== 'complete') return undefined;
  const request = inspectRequest(head, hop);
  if (!(request instanceof Request)) return undefined;
  const headers = Array.from({ length: head.count }, (_, at) => [nameText(head, at), valueText(head, at)]).flat();
  const target = head.bytes.toString('latin1', head.methodEnd + 1, head.targetEnd);
  const body = new BodyReader();
  body.begin(request.framing);
  body.read(bytes, head.end, bytes.length);
  const content = bytes.toString('latin1', body.content.from, body.content.to);
  // llhttp accepts a fixed list of methods; a proxy forwards any token.
  return body.done && http.METHODS.includes(request.method)
    ? { method: request.method, target, headers, body: content }
    : undefined;
}

/** Waiting tests for the result of llhttp, by the client's port; only the first message of a connection counts. */
const waiting = new Map<number | undefined, (read: Read | undefined) => void>();
const server = http.createServer((request, response) => {
  const { method = '', url: target = '', rawHeaders: headers } = request;
  const resolve = waiting.get(request.socket.remotePort);
  waiting.delete(request.socket.remotePort);
  bodyOf(request).then(
    (body) => {
      resolve?.({ method, target, headers, body: body.toString('latin1') });
      return response.end();
    },
    () => resolve?.(undefined),
  );
});
server.on('checkExpectation', (request, response) => server.emit('request', request, response));
server.on('clientError', (_, socket: Socket) => {
  waiting.get(socket.remotePort)?.(undefined);
  socket.destroy();
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function readByLlhttp(text: string): Promise<Read | undefined> {
  const address = server.address();
  const socket = net.connect({
    port: typeof address === 'object' && address !== null ? address.port : 0,
    host: '127.0.0.1',
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  const read = await new Promise<Read | undefined>((resolve) => {
    waiting.set(socket.localPort, resolve);
    socket.end(text, 'latin1');
  });
  socket.destroy();
  return read;
}

const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PURGE');
const target = fc.constantFrom(
  '/',
  '/a/b?c=d',
  '/%41?x=%zz',
  '/~!$&\'()*+,;=:@|[]{}^`\\"<>',
  '//double',
  '/?',
  'http://shop.test/a?b',
  'http://shop.test:80',
  'https://[::1]/x',
);
const plainHeader = fc.constantFrom(
  'Accept: */*',
  'X-Empty:',
  'X-Spaces: \t a \t b  ',
  'x-high: \xe9\xff',
  "!#$%&'*+-.^_`|~0: odd name",
  'Connection: keep-alive',
  'Connection: close, X-Other',
  'TE: trailers',
  'Cookie: a=1; b=2',
  'Cookie: c=3',
  'Expect: 100-continue',
  'X_Forwarded_For: 1',
);
const chunk = fc.tuple(
  fc.string({ minLength: 1, maxLength: 20, unit: 'binary-ascii' }),
  fc.constantFrom('', ';a', ';a=b', ';a="b c"', ';a;b=c'),
);
const framed = fc.oneof(
  fc.constant({ lines: [] as string[], body: '' }),
  fc
    .string({ maxLength: 30, unit: 'binary-ascii' })
    .map((body) => ({ lines: [`Content-Length: ${body.length}`], body })),
  fc.tuple(fc.array(chunk, { maxLength: 3 }), fc.constantFrom('', 'X-Sum: 1\r\n')).map(([chunks, trailers]) => ({
    lines: ['Transfer-Encoding: chunked'],
    body: `${chunks.map(([data, extension]) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`).join('')}0\r\n${trailers}\r\n`,
  })),
);
const dodgy = fc.constantFrom(
  '',
  ' ',
  '\t',
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\x0b',
  '\x7f',
  '\x80',
  ':',
  ';',
  ',',
  '0',
  '5',
  'A',
  '"',
  '\\',
  '#',
  '_',
  '+',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
);
const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), removed: fc.nat(2), inserted: dodgy });

const message = fc
  .record({
    method,
    target,
    headers: fc.array(plainHeader, { maxLength: 4 }),
    framed,
    mutations: fc.array(mutation, { maxLength: 2 }),
  })
  .map((parts) => {
    const lines = [
      `${parts.method} ${parts.target} HTTP/1.1`,
      'Host: shop.test',
      ...parts.headers,
      ...parts.framed.lines,
    ];
    const text = `${lines.join('\r\n')}\r\n\r\n${parts.framed.body}`;
    return parts.mutations.reduce((mutated, { at, removed, inserted }) => {
      const offset = Math.floor(at * mutated.length);
      return mutated.slice(0, offset) + inserted + mutated.slice(offset + removed);
    }, text);
  });

test('a request that the proxy accepts is the same request for llhttp', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(message, async (text) => {
      const ours = readByUs(text);
      if (ours !== undefined) {
        accepted += 1;
        expect(await readByLlhttp(text)).toEqual(ours);
      }
    }),
    { numRuns: Number(process.env['DIFFERENTIAL_RUNS'] ?? 600), seed: 20261122 },
  );
  // Guards against a test that compares nothing.
  expect(accepted).toBeGreaterThan(150);
}, 60_000);
