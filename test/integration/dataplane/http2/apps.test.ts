/** Apps that speak HTTP/2, and clients of both versions. */
import { once } from 'node:events';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '../../../support/eventually.ts';
import { bodyOf, createRig, type Proxy } from '../http1/rig.ts';
import { connectHttp2, startHttp2App, type Http2Client } from './client.ts';
import { connectFrames, headers, requestBlock, resetStream } from './frame-client.ts';

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

type App = Awaited<ReturnType<typeof startHttp2App>>;

async function start(
  listener: Parameters<typeof startHttp2App>[0],
): Promise<{ app: App; proxy: Proxy; client: Http2Client; ask: Http2Client['ask'] }> {
  const app = await startHttp2App(listener);
  const proxy = await rig.proxy(app.port, { protocol: 'HTTP2' });
  const client = await connectHttp2(proxy.port);
  cleanups.push(
    () => client.close(),
    () => app.close(),
  );
  return { app, proxy, client, ask: client.ask };
}

describe('an app that speaks HTTP/2', () => {
  test('gets requests of HTTP/2', async () => {
    const { ask } = await start((stream, headers) => {
      stream.respond({ ':status': 201, 'content-type': 'application/json' });
      stream.end(JSON.stringify(headers));
    });
    const { status, body } = await ask({ ':path': '/a?b', 'x-one': '1', 'content-length': undefined });
    expect(status).toBe(201);
    expect(JSON.parse(body.toString())).toMatchObject({
      ':method': 'GET',
      ':scheme': 'http',
      ':path': '/a?b',
      ':authority': 'shop.test',
      'x-one': '1',
      'x-forwarded-host': 'shop.test',
    });
  });

  test('gets many of them on one connection', async () => {
    const { app, ask } = await start((stream, headers) => {
      stream.respond({ ':status': 200 });
      setTimeout(() => stream.end(headers[':path']), 20);
    });
    const paths = Array.from({ length: 90 }, (_, at) => `/${at}`);
    const answers = await Promise.all(paths.map((path) => ask({ ':path': path })));
    expect(answers.map(({ body }) => body.toString())).toEqual(paths);
    expect(app.sessions).toHaveLength(1);
  });

  test('gets requests of HTTP/1.1', async () => {
    const { proxy } = await start(async (stream, headers) => {
      const body = await bodyOf(stream);
      stream.respond({ ':status': 200 });
      stream.end(`${headers[':method']} ${headers[':path']} ${body.toString()}`);
    });
    const client = await proxy.connect();
    client.send('POST /x HTTP/1.1\r\nHost: shop.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    expect(await client.until('hello\r\n0\r\n\r\n')).toContain('POST /x hello');
  });

  test('exchanges large bodies and trailers, in both directions', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024, 'holdfast');
    const { client } = await start((stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      let received = '';
      stream.on('trailers', (trailers) => (received = JSON.stringify(trailers)));
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7', 'x-received': received }));
      stream.pipe(stream);
    });
    const request = client.session.request(
      { ':path': '/', ':method': 'POST', ':authority': 'shop.test' },
      { waitForTrailers: true },
    );
    request.on('wantTrailers', () => request.sendTrailers({ 'x-part': 'last' }));
    request.end(large);
    const trailers = once(request, 'trailers');
    expect((await bodyOf(request)).equals(large)).toBe(true);
    expect((await trailers)[0]).toMatchObject({ 'x-sum': '7', 'x-received': '{"x-part":"last"}' });
  });

  test('resets one stream, and no other one', async () => {
    const { ask } = await start((stream, headers) => {
      if (headers[':path'] === '/reset') stream.close(2);
      else {
        stream.respond({ ':status': 200 });
        setTimeout(() => stream.end('whole'), 50);
      }
    });
    const [reset, whole] = await Promise.all([ask({ ':path': '/reset' }), ask({ ':path': '/whole' })]);
    expect(reset.status).toBe(502);
    expect(whole.body.toString()).toBe('whole');
  });

  test('that resets a stream does not get its request again', async () => {
    const paths: unknown[] = [];
    const { ask } = await start((stream, headers) => {
      paths.push(headers[':path']);
      if (headers[':path'] === '/reset') stream.close(2);
      else stream.respond({ ':status': 204 }, { endStream: true });
    });
    await ask({ ':path': '/before' });
    expect((await ask({ ':path': '/reset' })).status).toBe(502);
    expect(paths).toEqual(['/before', '/reset']);
  });

  test('gets the requests of a connection that was begun for one which its client has reset', async () => {
    const { app, proxy } = await start((stream) => {
      stream.respond({ ':status': 200 });
      stream.end();
    });
    const client = await connectFrames(proxy.port);
    cleanups.push(() => client.socket.destroy());
    // A POST is not sent again.
    client.send(headers(1), resetStream(1), headers(3, requestBlock({ ':method': 'POST' })));
    expect(await client.outcome(3)).toEqual({ status: 200 });
    expect(app.sessions.length).toBe(1);
  });

  test('that goes away gets no new requests on that connection', async () => {
    const { app, ask } = await start((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('answer');
    });
    await ask({});
    app.sessions[0]?.goaway();
    app.sessions[0]?.close();
    await eventually(
      async () => (await ask({})).status === 200 && app.sessions.length,
      (sessions) => sessions === 2,
    );
    expect(app.sessions).toHaveLength(2);
  });
});
