/**
 * End-to-end back-pressure: a fast sender must pause when its reader does. The bytes that the sender can write are those that the proxy and
 * the kernels buffer; a proxy with unbounded buffers would accept all of them.
 */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, expect, test } from '@jest/globals';
import { bodyOf, createRig, eventually, settled } from './rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const mebibyte = 1024 * 1024;
const total = 96 * mebibyte;

/** Different pieces, so that a swapped or repeated buffer changes the hash. */
function* pieces(name: string): Generator<Buffer> {
  for (let at = 0; at < total / mebibyte; at++) yield Buffer.alloc(mebibyte, `${name} ${at} `);
}

function hashOf(name: string): string {
  const hash = createHash('sha256');
  for (const piece of pieces(name)) hash.update(piece);
  return hash.digest('hex');
}

/** Returns the pieces as a stream that creates each on demand, and counts them. */
function countedStream(name: string) {
  const made = { bytes: 0 };
  const stream = Readable.from(
    (function* () {
      for (const piece of pieces(name)) {
        made.bytes += piece.length;
        yield piece;
      }
    })(),
    { highWaterMark: 1 },
  );
  return { made, stream };
}

async function hashed(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) {
    hash.update(chunk);
  }
  return hash.digest('hex');
}

test('slow readers pause the app, and everything arrives when they continue', async () => {
  // Two at once: they share the buffer into which the proxy reads.
  const [a, b] = [countedStream('a'), countedStream('b')];
  const { port } = await rig.httpApp((request, response) =>
    pipeline(request.url === '/a' ? a.stream : b.stream, response),
  );
  const proxy = await rig.proxy(port);
  const responses = await Promise.all(
    ['/a', '/b'].map(
      (path) =>
        new Promise<IncomingMessage>(
          (resolve) => void http.get({ port: proxy.port, host: '127.0.0.1', path }, resolve),
        ),
    ),
  );
  expect(await settled(() => a.made.bytes + b.made.bytes)).toBeLessThan(total);
  expect(await Promise.all(responses.map(hashed))).toEqual([hashOf('a'), hashOf('b')]);
}, 60_000);

test('a slow app pauses the client, and everything arrives when it continues', async () => {
  let readOn: () => void = () => undefined;
  const { port } = await rig.httpApp(async (request, response) => {
    await new Promise<void>((resolve) => {
      readOn = resolve;
    });
    response.end(await hashed(request));
  });
  const proxy = await rig.proxy(port);
  const { made, stream } = countedStream('up');
  const request = http.request({
    port: proxy.port,
    host: '127.0.0.1',
    method: 'POST',
    headers: { 'Content-Length': total },
  });
  const answered = new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
  const sent = pipeline(stream, request);
  expect(await settled(() => made.bytes)).toBeLessThan(total / 2);
  readOn();
  expect((await bodyOf(await answered)).toString()).toBe(hashOf('up'));
  await sent;
}, 60_000);

test('a client that sends requests without reading responses is paused', async () => {
  const body = 'x'.repeat(10_000);
  const proxy = await rig.proxy(1, {
    route: () => ({ kind: 'reply', reply: { status: 404, reason: 'NoRoute', body } }),
  });
  const client = await proxy.connect();
  client.socket.pause();
  const asked = 50_000;
  client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(asked));
  expect(await settled(() => proxy.server.counters.requests)).toBeLessThan(asked / 2);
  client.socket.resume();
  await eventually(() => proxy.server.counters.requests === asked);
}, 60_000);

test('a client that sends requests ahead is read no faster than they are answered', async () => {
  const answered = 500;
  let left = answered;
  const { port } = await rig.httpApp((_request, response) => {
    if (left > 0) response.end('x');
    left -= 1;
  });
  const proxy = await rig.proxy(port);
  const client = await proxy.connect();
  const requests = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2000);
  let sent = 0;
  const send = () => {
    sent += requests.length;
    if (sent < 64 * 2 ** 20) client.socket.write(requests, send);
  };
  send();
  await eventually(() => proxy.server.counters.requests > answered);
  // The kernels of both sides hold a few MiB. With one read for each response, it would be 30.
  expect(await settled(() => sent)).toBeLessThan(16 * 2 ** 20);
});

test('a client whose requests the proxy answers itself leaves turns to other clients', async () => {
  const proxy = await rig.proxy(1, {
    route: () => ({ kind: 'reply', reply: { status: 404, reason: 'NoRoute', body: 'no' } }),
  });
  const greedy = await proxy.connect();
  const other = await proxy.connect();
  greedy.send('GET /greedy HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400));
  greedy.socket.end();
  other.send('GET /other HTTP/1.1\r\nHost: x\r\n\r\n');
  await other.response();
  await eventually(() => proxy.routed.length === 401);
  expect(proxy.routed.findIndex(({ path }) => path === '/other')).toBeLessThan(200);
  const { text, how } = await greedy.rest();
  expect({ responses: text.match(/^HTTP\/1.1 404 /gm)?.length, how }).toEqual({ responses: 400, how: 'end' });
});
