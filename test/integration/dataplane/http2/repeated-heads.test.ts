/** Clients that send the same header block again: what it means may change between two of them. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { preface } from '../../../../src/dataplane/http/preface.ts';
import { encodeFrames } from '../../../fuzz/http2/encode.ts';
import { parseFrames } from '../../../fuzz/http2/notation.ts';
import { eventually } from '../../../support/eventually.ts';
import { bodyOf, createRig } from '../http1/rig.ts';
import { defaultProxySettings } from '../../../../src/wire/proxy-settings.ts';
import { connectHttp2, startHttp2App, type Http2Client } from './client.ts';

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

const head = (stream: number, fields: string, flags = 'END_STREAM|END_HEADERS'): string => `HEADERS ${stream} ${flags}
  @2
  @6
  @4
  :authority: shop.test
${fields}
`;

/** Sends the frames, and returns what the app has got: one request each. */
async function seenOf(count: number, frames: string): Promise<string[]> {
  const seen: string[] = [];
  const { port } = await rig.httpApp(async (request, response) => {
    const body = await bodyOf(request);
    seen.push([request.headers['x-a'], request.headers['x-b'], body.toString()].map(String).join(' '));
    response.end();
  });
  const client = await (await rig.proxy(port)).connect();
  client.send(preface);
  client.send(encodeFrames(parseFrames(`SETTINGS 0\n${frames}`)).join(''));
  await eventually(
    () => seen.length,
    (length) => length === count,
  );
  return seen;
}

describe('a block that is repeated', () => {
  test('is the same request each time', async () => {
    const repeated = [1, 3, 5, 7].map((stream) => head(stream, '  x-a: 1')).join('');
    expect(await seenOf(4, repeated)).toEqual(Array.from({ length: 4 }, () => '1 undefined '));
  });

  test('means another field after the table has changed', async () => {
    const block = (stream: number) => head(stream, '  @62');
    const frames = [head(1, '  + x-a: 1'), block(3), block(5), block(7), head(9, '  + x-b: 2'), block(11), block(13)];
    expect((await seenOf(7, frames.join(''))).toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => '1 undefined '),
      ...Array.from({ length: 3 }, () => 'undefined 2 '),
    ]);
  });

  test('has content or not, as its frame says', async () => {
    const without = (stream: number) => head(stream, '  x-a: 1');
    const withContent = (stream: number) => `${head(stream, '  x-a: 1', 'END_HEADERS')}DATA ${stream} END_STREAM
  "content"
`;
    const frames = [without(1), without(3), without(5), withContent(7), withContent(9), without(11), withContent(13)];
    expect((await seenOf(7, frames.join(''))).toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => '1 undefined '),
      ...Array.from({ length: 3 }, () => '1 undefined content'),
    ]);
  });
});

test('requests of one block have ids of their own, and none of another', async () => {
  const seen: unknown[] = [];
  const app = await startHttp2App((stream, headers) => {
    seen.push(headers['x-request-id']);
    stream.respond({ ':status': 204 }, { endStream: true });
  });
  cleanups.push(() => app.close());
  const proxy = await rig.proxy(app.port, { protocol: 'HTTP2' });
  const client = await connectHttp2(proxy.port);
  cleanups.push(() => client.close());
  const askTwice = async () => [await client.ask({}), await client.ask({})];
  await askTwice();
  await askTwice();
  proxy.server.configure({ ...defaultProxySettings, requestIds: 'Generate' });
  await askTwice();
  await askTwice();
  proxy.server.configure(defaultProxySettings);
  await askTwice();
  expect(new Set(seen.slice(4, 8)).size).toBe(4);
  expect([...seen.slice(0, 4), ...seen.slice(8)]).toEqual(Array.from({ length: 6 }, () => undefined));
});

describe('an app that repeats its blocks', () => {
  async function start(listener: Parameters<typeof startHttp2App>[0]): Promise<Http2Client> {
    const app = await startHttp2App(listener);
    const proxy = await rig.proxy(app.port, { protocol: 'HTTP2' });
    const client = await connectHttp2(proxy.port);
    cleanups.push(
      () => client.close(),
      () => app.close(),
    );
    return client;
  }

  test('has heads and trailers that arrive as they are', async () => {
    const { session } = await start((stream) => {
      stream.respond({ ':status': 201, 'x-one': '1' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-two': '2' }));
      stream.end('content');
    });
    const answers = [];
    for (let count = 0; count < 5; count += 1) {
      const request = session.request({ ':path': '/', ':authority': 'shop.test' });
      const [[head], [trailers]] = await Promise.all([
        once(request, 'response'),
        once(request, 'trailers'),
        bodyOf(request),
      ]);
      answers.push([head[':status'], head['x-one'], trailers['x-two']]);
    }
    expect(answers).toEqual(Array.from({ length: 5 }, () => [201, '1', '2']));
  });
});

describe('an app of HTTP/1.1 that repeats its heads', () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\n';

  /** An app whose responses have one head and different content, and a function that sends it requests. */
  async function start(pieces: (content: string) => string[], versions: 'HTTP1' | 'HTTP2') {
    let count = 0;
    const { port } = await rig.rawApp((socket) =>
      socket.setNoDelay().on('data', (bytes: Buffer) => {
        count += 1;
        const hasContent = bytes.toString('latin1').startsWith('GET');
        for (const piece of pieces(hasContent ? `body${count}` : '')) socket.write(piece);
      }),
    );
    const proxy = await rig.proxy(port);
    if (versions === 'HTTP1') {
      return async (method: string) => {
        const answer = await fetch(`http://127.0.0.1:${proxy.port}/`, { method });
        return [answer.headers.get('x-one'), answer.headers.get('content-length'), await answer.text()];
      };
    }
    const client = await connectHttp2(proxy.port);
    cleanups.push(() => client.close());
    return async (method: string) => {
      const { headers, body } = await client.ask({ ':method': method });
      return [headers['x-one'], headers['content-length'], body.toString()];
    };
  }

  test.each(['HTTP1', 'HTTP2'] as const)(
    'has content of its own in each response, to clients of %s',
    async (version) => {
      const ask = await start((content) => [head + content], version);
      const answers = [];
      for (const method of ['GET', 'GET', 'GET', 'HEAD', 'HEAD', 'HEAD', 'GET']) answers.push(await ask(method));
      expect(answers).toEqual(['body1', 'body2', 'body3', '', '', '', 'body7'].map((content) => ['1', '5', content]));
    },
  );

  test('may send them in parts', async () => {
    const ask = await start((content) => [head.slice(0, 20), head.slice(20), content], 'HTTP2');
    const answers = [];
    for (let count = 0; count < 5; count += 1) answers.push(await ask('GET'));
    expect(answers).toEqual([1, 2, 3, 4, 5].map((count) => ['1', '5', `body${count}`]));
  });
});
