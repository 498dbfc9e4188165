/** Frames that no client or app of good will sends. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { preface } from '../../../../src/dataplane/http/preface.ts';
import { ErrorCode } from '../../../../src/dataplane/h2/frames.ts';
import { encodeFrames } from '../../../fuzz/http2/encode.ts';
import { parseFrames } from '../../../fuzz/http2/notation.ts';
import { ReceivedFrames } from '../../../fuzz/http2/received.ts';
import { eventually } from '../../../support/eventually.ts';
import type { RawClient } from '../../../support/raw-http.ts';
import { bodyOf, createRig, type Proxy } from '../http1/rig.ts';

const rig = createRig();
afterEach(() => rig.stop());

const frames = (text: string): string => encodeFrames(parseFrames(text)).join('');

const head = (stream: number, more = ''): string => `HEADERS ${stream} END_HEADERS
  @3
  @6
  @4
  :authority: shop.test
${more}`;

type FrameClient = RawClient & { received: ReceivedFrames; sendFrames(text: string): void };

async function connectFrames(proxy: Proxy): Promise<FrameClient> {
  const client = await proxy.connect();
  const received = new ReceivedFrames();
  client.socket.on('data', (bytes: Buffer) => received.read(bytes));
  client.send(preface);
  return { ...client, received, sendFrames: (text) => client.send(frames(text)) };
}

describe('a client of HTTP/2', () => {
  async function start(): Promise<{ proxy: Proxy; client: FrameClient; seen: string[] }> {
    const seen: string[] = [];
    const { port } = await rig.httpApp(async (request, response) => {
      seen.push(`${request.url} ${request.headers.host}`);
      const body = await bodyOf(request).catch(() => undefined);
      response.end(`${body?.length} ${JSON.stringify(request.trailers)}`);
    });
    const proxy = await rig.proxy(port);
    return { proxy, client: await connectFrames(proxy), seen };
  }

  const resetCode = async ({ received }: FrameClient, id: number): Promise<number | undefined> =>
    eventually(
      () => received.streams.get(id)?.resetCode,
      (code) => code !== undefined,
    );

  const goAway = async ({ received }: FrameClient): Promise<number | undefined> =>
    eventually(
      () => received.goAwayCode,
      (code) => code !== undefined,
    );

  test('cannot name another host in its path', async () => {
    const { client, seen } = await start();
    client.sendFrames(`SETTINGS 0
HEADERS 1 END_STREAM|END_HEADERS
  @2
  @6
  :path: http://other.test/
  :authority: shop.test`);
    expect(await resetCode(client, 1)).toBe(ErrorCode.ProtocolError);
    expect(seen).toEqual([]);
  });

  test('that ends inside of a request holds nothing', async () => {
    const { proxy, client } = await start();
    client.sendFrames(`SETTINGS 0\n${head(1)}DATA 1\n  "part"`);
    await eventually(
      () => proxy.holds.open,
      (open) => open === 1,
    );
    client.socket.end();
    await eventually(
      () => proxy.holds.open + proxy.server.counters.requestsOpen,
      (open) => open === 0,
    );
    expect(proxy.server.counters.clientsGone).toBe(1);
  });

  test('whose request is cut by a shutdown holds nothing', async () => {
    const { proxy, client } = await start();
    client.sendFrames(`SETTINGS 0\n${head(1)}DATA 1\n  "part"`);
    await eventually(
      () => proxy.holds.open,
      (open) => open === 1,
    );
    await proxy.server.shutdown({ graceMs: 0 });
    expect(proxy.holds.open + proxy.server.counters.requestsOpen).toBe(0);
  });

  test.each(['content-length: 5', 'host: other.test', 'authorization: Basic eA==', 'cookie: a=1'])(
    'cannot send %s after the body',
    async (trailer) => {
      const { client } = await start();
      client.sendFrames(`SETTINGS 0\n${head(1)}DATA 1\n  "x"\nHEADERS 1 END_STREAM|END_HEADERS\n  ${trailer}`);
      expect(await resetCode(client, 1)).toBe(ErrorCode.ProtocolError);
    },
  );

  test('begins with settings, not with an acknowledgement of some', async () => {
    const { client } = await start();
    client.sendFrames('SETTINGS 0 1');
    expect(await goAway(client)).toBe(ErrorCode.ProtocolError);
  });

  test('that makes the proxy reset its streams is an attack like one that resets them', async () => {
    const { client } = await start();
    client.sendFrames('SETTINGS 0');
    for (let at = 0; at < 300; at += 1) {
      client.sendFrames(`${head(2 * at + 1)}WINDOWUPDATE ${2 * at + 1}\n  "\\0\\0\\0\\0"`);
    }
    expect(await goAway(client)).toBe(ErrorCode.EnhanceYourCalm);
  });

  test('gets back the window of content that no stream takes', async () => {
    const { client } = await start();
    client.sendFrames('SETTINGS 0');
    // More than the window of the connection.
    const ids = Array.from({ length: 80 }, (_, at) => 2 * at + 1);
    for (const id of ids) client.sendFrames(`${head(id, '  content-length: 0\n')}DATA ${id}\n  "\\{x*16384}"`);
    client.sendFrames(`${head(1001)}DATA 1001 END_STREAM\n  "hello"`);
    const { body } = await eventually(
      () => client.received.streams.get(1001) ?? { body: '', isEnded: false },
      ({ isEnded }) => isEnded,
    );
    expect(body).toBe('5 {}');
  });

  test('gets back the window of padding, and of its length', async () => {
    const { client } = await start();
    client.sendFrames(`SETTINGS 0\n${head(1)}`);
    const frame = 'DATA 1 PADDED\n  "\\0\\{x*16383}"\n';
    // Of the window of a stream, which is 256 KiB, half is given back at a time.
    client.sendFrames(frame.repeat(8));
    const given = await client.until('\0\0\x04\x08\0\0\0\0\x01\0\x02\0\0');
    expect(given).not.toBe('');
  });
});

describe('an app that speaks HTTP/2', () => {
  /** It answers a request on stream 1 with these frames. */
  async function start(answer: string): Promise<RawClient> {
    const { port } = await rig.rawApp((socket) => {
      let hasAnswered = false;
      socket.on('data', () => {
        if (!hasAnswered) socket.write(frames(`SETTINGS 0\n${answer}`), 'latin1');
        hasAnswered = true;
      });
    });
    return (await rig.proxy(port, { protocol: 'HTTP2' })).connect();
  }

  const forged = '"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"';

  test.each([
    ['content before a head', `DATA 1 END_STREAM\n  ${forged}`],
    ['content after an interim head', `HEADERS 1 END_HEADERS\n  :status: 103\nDATA 1 END_STREAM\n  ${forged}`],
    ['a length without content', 'HEADERS 1 END_STREAM|END_HEADERS\n  @8\n  content-length: 5'],
    ['a setting that a server may not have (RFC 9113 §6.5.2)', 'SETTINGS 0\n  "\\0\\x02\\0\\0\\0\\x01"'],
    ['a head of a stream that is not open', 'HEADERS 3 END_STREAM|END_HEADERS\n  @8'],
  ])('cannot send %s', async (_, answer) => {
    const client = await start(answer);
    client.send('GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n');
    const { status } = await client.response().then((first) => (first.status === 103 ? client.response() : first));
    expect(status).toBe(502);
  });

  test.each(['HEAD', 'GET'])('ends a response without content to %s later than its head', async (method) => {
    const status = method === 'HEAD' ? '@8' : '@9';
    const client = await start(`HEADERS 1 END_HEADERS\n  ${status}\nDATA 1 END_STREAM\n  ${forged}`);
    client.send(`${method} / HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n`);
    const { text } = await client.rest();
    expect(text.slice(text.indexOf('\r\n\r\n'))).toBe('\r\n\r\n');
    expect(text).not.toMatch(/transfer-encoding/iu);
  });
});
