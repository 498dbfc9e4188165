/** Requests of real clients of HTTP/2 to an app that speaks HTTP/1.1. */
import { execFile } from 'node:child_process';
import http2 from 'node:http2';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Flag, FrameType, Setting } from '../../../../src/dataplane/h2/frames.ts';
import { eventually } from '../../../support/eventually.ts';
import { bodyOf, createRig } from '../http1/rig.ts';
import { connectHttp2, type Http2Client } from './client.ts';
import { connectFrames, headers, windowUpdate } from './frame-client.ts';

const rig = createRig();
const clients: Http2Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await rig.stop();
});

async function start(
  listener: Parameters<typeof rig.httpApp>[0],
  options?: Parameters<typeof rig.proxy>[1],
): Promise<Http2Client & { proxy: Awaited<ReturnType<typeof rig.proxy>> }> {
  const { port } = await rig.httpApp(listener);
  const proxy = await rig.proxy(port, options);
  const client = await connectHttp2(proxy.port);
  clients.push(client);
  return { ...client, proxy };
}

describe('a request over HTTP/2', () => {
  test('reaches the app as one of HTTP/1.1, and gets its response', async () => {
    const { ask } = await start((request, response) => {
      response.setHeader('X-App', 'yes');
      response.end(JSON.stringify({ line: `${request.method} ${request.url}`, headers: request.headers }));
    });
    const { status, headers, body } = await ask({ ':path': '/a?b=c', 'x-one': '1', cookie: ['a=1', 'b=2'] });
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'x-app': 'yes' });
    expect(headers).not.toHaveProperty('connection');
    expect(JSON.parse(body.toString())).toMatchObject({
      line: 'GET /a?b=c',
      headers: { host: 'shop.test', 'x-one': '1', cookie: 'a=1; b=2', 'x-forwarded-host': 'shop.test' },
    });
  });

  test('may have a body of unknown length, which the app gets in chunks', async () => {
    const { ask } = await start(async (request, response) => {
      const body = await bodyOf(request);
      response.end(`${request.headers['transfer-encoding']} ${body.toString()}`);
    });
    expect((await ask({ ':method': 'POST' }, 'sent by the client')).body.toString()).toBe('chunked sent by the client');
  });

  test('and many others at a time on one connection', async () => {
    const { ask } = await start((request, response) => response.end(request.url));
    const paths = Array.from({ length: 300 }, (_, at) => `/${at}`);
    const answers = await Promise.all(paths.map((path) => ask({ ':path': path })));
    expect(answers.map(({ body }) => body.toString())).toEqual(paths);
  });

  test('gets large bodies in both directions, whatever the windows', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'holdfast');
    const { ask } = await start(async (request, response) => response.end(await bodyOf(request)));
    const answers = await Promise.all([1, 2, 3].map(() => ask({ ':method': 'PUT' }, large)));
    expect(answers.map(({ body }) => body.equals(large))).toEqual([true, true, true]);
  });

  test('gets the end of its response after what had to wait for its window', async () => {
    const { proxy } = await start((_request, response) => {
      response.write('abc');
      response.end();
    });
    const client = await connectFrames(proxy.port, [Setting.InitialWindowSize, 1]);
    client.send(headers(1));
    await client.until(({ type }) => type === FrameType.Data);
    client.send(windowUpdate(1, 10));
    const last = await client.until(({ type, flags }) => type === FrameType.Data && flags === Flag.EndStream);
    expect(last.payload.toString()).toBe('bc');
    client.socket.destroy();
  });

  test('ends alone when its app breaks the response', async () => {
    const { ask } = await start((request, response) => {
      if (request.url !== '/breaks') {
        response.end('whole');
        return;
      }
      response.write('part');
      setTimeout(() => response.destroy(), 50);
    });
    const [broken, whole] = await Promise.allSettled([ask({ ':path': '/breaks' }), ask({ ':path': '/whole' })]);
    expect(broken.status).toBe('rejected');
    expect(whole).toMatchObject({ status: 'fulfilled' });
    expect((await ask({})).status).toBe(200);
  });

  test('that the client cancels ends at the app, too, and holds nothing', async () => {
    let gone = 0;
    const { session, proxy } = await start((request) => request.on('close', () => (gone += 1)));
    const request = session.request({ ':path': '/', ':authority': 'shop.test' });
    request.on('error', () => undefined);
    await eventually(
      () => proxy.holds.open,
      (open) => open === 1,
    );
    request.close(http2.constants.NGHTTP2_CANCEL);
    await eventually(
      () => [gone, proxy.holds.open].join(),
      (both) => both === '1,0',
    );
    expect(proxy.server.counters.clientsGone).toBe(1);
  });
});

describe('curl', () => {
  test.each(['--http2-prior-knowledge', '--http1.1'])('%s', async (version) => {
    const { proxy } = await start((request, response) => response.end(`${request.method} ${request.url}`));
    const { stdout } = await promisify(execFile)('curl', [
      '-sS',
      version,
      '-w',
      ' %{http_version}',
      `http://127.0.0.1:${proxy.port}/path`,
    ]);
    expect(stdout).toBe(`GET /path ${version === '--http1.1' ? '1.1' : '2'}`);
  });
});
