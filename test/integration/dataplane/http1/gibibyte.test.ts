/** Large bodies through a proxy whose memory stays small, with slow readers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { bodyOf, createRig } from './rig.ts';

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  cleanups.splice(0).forEach((cleanup) => cleanup());
  await rig.stop();
});

const mebibyte = 1024 * 1024;
const gibibyte = 1024 * mebibyte;

async function startProxy(appPort: number) {
  const child = fork(new URL('proxy-process.ts', import.meta.url), [String(appPort)]);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  cleanups.push(() => child.disconnect());
  return {
    port,
    async peakBytes() {
      child.send('memory');
      const [{ peakBytes }] = (await once(child, 'message')) as [{ peakBytes: number }];
      return peakBytes;
    },
  };
}

/** Repeats the same piece. */
const bytesOf = (total: number, piece = Buffer.alloc(mebibyte, 'x')) =>
  Readable.from(Array.from({ length: total / piece.length }, () => piece));

/** Reads little for half a second, long enough for a fast sender to fill unbounded buffers, and then everything. */
async function readSlowly(stream: AsyncIterable<Buffer>): Promise<number> {
  const startMs = Date.now();
  let taken = 0;
  for await (const chunk of stream) {
    taken += chunk.length;
    if (Date.now() - startMs < 500) await pause(20);
  }
  return taken;
}

const withProxy = (port: number) => ({ port, host: '127.0.0.1', headers: { Connection: 'close' } });

/**
 * Returns the growth of the memory's peak after a warm-up with a quarter of the body, which compiles the code and grows the heaps. A
 * shorter one ends before the heaps have their size: after 64 MiB the peak varies by 25 MiB, after 256 MiB by a few.
 */
async function growthOver(
  proxy: Awaited<ReturnType<typeof startProxy>>,
  total: number,
  transfer: (total: number) => Promise<number>,
): Promise<number> {
  await transfer(total / 4);
  const beforeBytes = await proxy.peakBytes();
  expect(await transfer(total)).toBe(total);
  return (await proxy.peakBytes()) - beforeBytes;
}

test('a download of 1 GiB through a slow reader leaves the memory of the proxy flat', async () => {
  const { port } = await rig.httpApp((request, response) => pipeline(bytesOf(Number(request.url?.slice(1))), response));
  const proxy = await startProxy(port);
  const download = async (total: number) => {
    const [response] = (await once(http.get({ ...withProxy(proxy.port), path: `/${total}` }), 'response')) as [
      http.IncomingMessage,
    ];
    return readSlowly(response);
  };
  expect(await growthOver(proxy, gibibyte, download)).toBeLessThan(50 * mebibyte);
}, 180_000);

test('an upload of 1 GiB to a slow app leaves the memory of the proxy flat', async () => {
  const { port } = await rig.httpApp(async (request, response) => response.end(String(await readSlowly(request))));
  const proxy = await startProxy(port);
  const upload = async (total: number) => {
    const request = http.request({ ...withProxy(proxy.port), method: 'POST' });
    const answered = once(request, 'response') as Promise<[http.IncomingMessage]>;
    await pipeline(bytesOf(total), request);
    const [response] = await answered;
    return Number(await bodyOf(response));
  };
  expect(await growthOver(proxy, gibibyte, upload)).toBeLessThan(50 * mebibyte);
}, 180_000);
