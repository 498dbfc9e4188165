/** Clients that try to exhaust the proxy by frames: what they cost is bounded, and others are served meanwhile. */
import vm from 'node:vm';
import v8 from 'node:v8';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ErrorCode, Flag, FrameType, Setting } from '../../../../src/dataplane/h2/frames.ts';
import type { ServerResponse } from 'node:http';
import { eventually } from '../../../support/eventually.ts';
import { createRig, type Proxy, type ProxyOptions } from '../http1/rig.ts';
import { connectHttp2, startHttp2App, type Http2Client } from './client.ts';
import {
  connectFrames,
  data,
  field,
  frame,
  headers,
  indexed,
  longHeaders,
  requestBlock,
  resetStream,
  settings,
  windowUpdate,
  type FrameClient,
} from './frame-client.ts';

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;
const mebibyte = 1024 * 1024;
const large = Buffer.alloc(50 * mebibyte, 'holdfast');

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

type World = { proxy: Proxy; neighbour: Http2Client; attacker: FrameClient };

/** The app does not respond to /silent, and with 50 MiB to /large. Requests for /paused are never routed, so that their content is not read. */
async function start(
  options: ProxyOptions = {},
  attackerSettings: [number, number][] = [],
  respond?: (response: ServerResponse) => void,
): Promise<World> {
  const { port } = await rig.httpApp((request, response) => {
    request.resume();
    response.on('error', () => undefined);
    if (request.url === '/silent') return;
    if (respond !== undefined) respond(response);
    else response.end(request.url === '/large' ? large : 'whole');
  });
  const proxy = await rig.proxy(port, {
    route: (request, forward) => (request.path === '/paused' ? new Promise(() => undefined) : forward()),
    ...options,
  });
  return { proxy, ...(await connect(proxy, attackerSettings)) };
}

async function connect(proxy: Proxy, values: [number, number][] = []): Promise<Omit<World, 'proxy'>> {
  const neighbour = await connectHttp2(proxy.port);
  const attacker = await connectFrames(proxy.port, ...values);
  cleanups.push(
    () => neighbour.close(),
    () => attacker.socket.destroy(),
  );
  return { neighbour, attacker };
}

/** Returns by how much the memory of this process has grown, which is that of the proxy, too. */
async function growthOf(step: () => Promise<unknown>): Promise<number> {
  const used = () => {
    // V8 frees the memory of buffers in another thread, after it returns: only the next one waits until that is done.
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  await step();
  return used() - before;
}

const repeat = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));
const idOf = (at: number): number => 2 * at + 1;
const silent = requestBlock({ ':path': '/silent' });
const open = (streamId: number, path = '/silent'): Buffer =>
  headers(streamId, requestBlock({ ':method': 'POST', ':path': path }), 0);
const nothing = Buffer.alloc(0);

type Flood = { name: string; before?: Buffer; frames: Buffer };

const floods: Flood[] = [
  {
    name: 'requests that are reset (CVE-2023-44487)',
    frames: repeat(500, (at) => Buffer.concat([headers(idOf(at), silent), resetStream(idOf(at))])),
  },
  {
    name: 'requests that the proxy must reset (CVE-2025-8671)',
    frames: repeat(500, (at) => Buffer.concat([headers(idOf(at), silent), windowUpdate(idOf(at), 0)])),
  },
  {
    name: 'malformed requests',
    frames: repeat(500, (at) => headers(idOf(at), requestBlock({}, field('Upper', 'case')))),
  },
  { name: 'more requests at a time than allowed', frames: repeat(2500, (at) => headers(idOf(at), silent)) },
  { name: 'trailers that are none', frames: repeat(500, (at) => Buffer.concat([open(idOf(at)), open(idOf(at))])) },
  { name: 'PING (CVE-2019-9512)', frames: repeat(2500, () => frame(FrameType.Ping, { payload: Buffer.alloc(8) })) },
  {
    name: 'answers to no PING',
    frames: repeat(5000, () => frame(FrameType.Ping, { flags: Flag.Ack, payload: Buffer.alloc(8) })),
  },
  { name: 'SETTINGS (CVE-2019-9515)', frames: repeat(2500, () => settings([Setting.InitialWindowSize, 70_000])) },
  {
    name: 'acknowledgements of no SETTINGS',
    frames: repeat(5000, () => frame(FrameType.Settings, { flags: Flag.Ack })),
  },
  { name: 'empty DATA (CVE-2019-9518)', before: open(1), frames: repeat(5000, () => data(1, nothing)) },
  {
    name: 'DATA of padding',
    before: open(1),
    frames: repeat(5000, () => data(1, Buffer.of(1, 0), Flag.Padded)),
  },
  {
    name: 'DATA of a stream that has been reset',
    before: Buffer.concat([open(1), windowUpdate(1, 0)]),
    frames: repeat(5000, () => data(1, nothing)),
  },
  { name: 'WINDOW_UPDATE of the connection', frames: repeat(5000, () => windowUpdate(0, 256)) },
  { name: 'WINDOW_UPDATE of a stream', before: open(1), frames: repeat(5000, () => windowUpdate(1, 256)) },
  {
    name: 'PRIORITY',
    frames: repeat(5000, () => frame(FrameType.Priority, { streamId: 9, payload: Buffer.from('0000000010', 'hex') })),
  },
  { name: 'unknown frames', frames: repeat(5000, () => frame(0xbe, { payload: nothing })) },
  {
    name: 'GOAWAY',
    before: open(1),
    frames: repeat(5000, () => frame(FrameType.GoAway, { payload: Buffer.alloc(8) })),
  },
  {
    name: 'small CONTINUATION (CVE-2024-27316)',
    before: frame(FrameType.Headers, { streamId: 1 }),
    frames: repeat(17, () => frame(FrameType.Continuation, { streamId: 1 })),
  },
  {
    name: 'large CONTINUATION (CVE-2024-27316)',
    before: frame(FrameType.Headers, { streamId: 1 }),
    frames: repeat(5, () => frame(FrameType.Continuation, { streamId: 1, payload: Buffer.alloc(16_384, 'a') })),
  },
];

describe('a flood ends its connection:', () => {
  test.each(floods)('$name', async ({ before = nothing, frames }) => {
    const { proxy, neighbour, attacker } = await start();
    attacker.send(before, frames);
    const [code, { status }] = await Promise.all([attacker.goAway(), neighbour.ask({})]);
    expect(code).toBe(ErrorCode.EnhanceYourCalm);
    expect(status).toBe(200);
    await eventually(
      () => proxy.holds.open,
      (holds) => holds === 0,
    );
    expect(proxy.server.counters.http2Errors.Connection).toEqual({ EnhanceYourCalm: 1 });
    expect(proxy.holds.releasedTwice).toBe(0);
    // A reset costs more than any other frame, because the app may have had the request.
    expect(proxy.holds.acquired).toBeLessThan(300);
  });

  test('a window that is opened byte by byte (CVE-2019-9511)', async () => {
    const { neighbour, attacker } = await start({}, [[Setting.InitialWindowSize, 1]]);
    attacker.send(headers(1, requestBlock({ ':path': '/large' })));
    await attacker.until(({ type }) => type === FrameType.Data);
    attacker.send(repeat(3000, () => windowUpdate(1, 1)));
    const [code, { status }] = await Promise.all([attacker.goAway(), neighbour.ask({})]);
    expect([code, status]).toEqual([ErrorCode.EnhanceYourCalm, 200]);
  });

  test('a window that is opened while others are closed', async () => {
    const { attacker } = await start({}, [[Setting.InitialWindowSize, 0]]);
    attacker.send(repeat(50, (at) => headers(idOf(at), requestBlock({ ':path': '/large' }))));
    await attacker.outcome(99);
    attacker.send(repeat(5000, () => windowUpdate(0, 1000)));
    expect(await attacker.goAway()).toBe(ErrorCode.EnhanceYourCalm);
  });
});

describe('a header block', () => {
  test('whose few bytes stand for many is refused, and costs no memory', async () => {
    const { proxy, neighbour, attacker } = await start();
    const bomb = (streamId: number) =>
      longHeaders(
        streamId,
        Buffer.concat([requestBlock({}, field('x', 'a'.repeat(4000), true)), ...Array(55_000).fill(indexed(62))]),
      );
    const growth = await growthOf(async () => {
      for (let at = 0; at < 20; at += 1) {
        attacker.send(bomb(idOf(at)));
        expect(await attacker.outcome(idOf(at))).toEqual({ status: 431 });
      }
    });
    expect(growth).toBeLessThan(4 * mebibyte);
    expect(proxy.server.counters.refusals).toEqual({ HeadTooLarge: 20 });
    attacker.send(headers(101));
    expect(await attacker.outcome(101)).toEqual({ status: 200 });
    expect((await neighbour.ask({})).status).toBe(200);
  });

  test('that is larger than announced is refused', async () => {
    const { attacker } = await start();
    const fields = Array.from({ length: 40 }, (_, at) => field(`x-${at}`, 'a'.repeat(1000)));
    attacker.send(longHeaders(1, requestBlock({}, ...fields)), headers(3));
    expect(await attacker.outcome(1)).toEqual({ status: 431 });
    expect(await attacker.outcome(3)).toEqual({ status: 200 });
  });
});

describe('a stream', () => {
  const streamWindow = 256 * 1024;

  test('whose content is not read takes no more memory than its window, in whatever frames it comes', async () => {
    const { neighbour, attacker } = await start();
    const one = data(1, Buffer.of(65));
    const frames = Buffer.alloc(streamWindow * one.length, one);
    const growth = await growthOf(async () => {
      attacker.send(open(1, '/paused'), frames, headers(3));
      expect(await attacker.outcome(3)).toEqual({ status: 200 });
    });
    // A Buffer for each would be 32 MiB.
    expect(growth).toBeLessThan(8 * mebibyte);
    expect((await neighbour.ask({})).status).toBe(200);
  });

  test('whose content is larger than its window ends, and no other one', async () => {
    const { proxy, attacker } = await start();
    attacker.send(
      open(1, '/paused'),
      repeat(17, () => data(1, Buffer.alloc(16_384))),
      headers(3),
    );
    expect(await attacker.outcome(1)).toEqual({ reset: ErrorCode.FlowControlError });
    expect(await attacker.outcome(3)).toEqual({ status: 200 });
    expect(proxy.server.counters.http2Errors).toEqual({ Connection: {}, Stream: { FlowControlError: 1 } });
  });

  test('whose window stays closed takes little of its response, and ends in time', async () => {
    const { proxy, neighbour, attacker } = await start({ timeouts: { stallMs: 500 } }, [
      [Setting.InitialWindowSize, 0],
    ]);
    const growth = await growthOf(async () => {
      attacker.send(repeat(20, (at) => headers(idOf(at), requestBlock({ ':path': '/large' }))));
      for (let at = 0; at < 20; at += 1) expect(await attacker.outcome(idOf(at))).toEqual({ status: 200 });
    });
    // Of 1000 MiB. The app is in this process, too.
    expect(growth).toBeLessThan(16 * mebibyte);
    expect((await neighbour.ask({})).status).toBe(200);
    expect(await attacker.outcome(1)).toEqual({ reset: ErrorCode.InternalError });
    await eventually(
      () => proxy.holds.open,
      (holds) => holds === 0,
    );
    expect(proxy.holds.releasedTwice).toBe(0);
  });

  test('that sends nothing after its head ends in time; so many of them leave room for others', async () => {
    const { proxy, neighbour, attacker } = await start({ timeouts: { bodyMs: 300 } });
    attacker.send(repeat(101, (at) => open(idOf(at))));
    expect(await attacker.outcome(201)).toEqual({ reset: ErrorCode.RefusedStream });
    expect((await neighbour.ask({})).status).toBe(200);
    expect(await attacker.outcome(1)).toEqual({ status: 408 });
    await eventually(
      () => proxy.holds.open,
      (holds) => holds === 0,
    );
    attacker.send(headers(203));
    expect(await attacker.outcome(203)).toEqual({ status: 200 });
  });
});

test('no read of a connection begins more requests than it may have at a time', async () => {
  const { proxy, attacker } = await start({
    route: () => ({ kind: 'reply', reply: { status: 404, reason: 'NoRoute', body: 'No route.' } }),
  });
  await attacker.until(({ type, flags }) => type === FrameType.Settings && flags === Flag.Ack);
  attacker.send(repeat(300, (at) => headers(idOf(at))));
  expect(await attacker.outcome(1)).toEqual({ status: 404 });
  expect(await attacker.outcome(599)).toEqual({ reset: ErrorCode.RefusedStream });
  expect(proxy.server.counters.http2Errors).toEqual({ Connection: {}, Stream: { RefusedStream: 200 } });
});

test('clients who do not read stop no others at an app that speaks HTTP/2', async () => {
  const app = await startHttp2App((stream) => {
    stream.respond({ ':status': 200 });
    stream.end(large.subarray(0, mebibyte));
  });
  cleanups.push(() => app.close());
  const proxy = await rig.proxy(app.port, { protocol: 'HTTP2' });
  const { neighbour, attacker } = await connect(proxy, [[Setting.InitialWindowSize, 0]]);
  attacker.send(repeat(90, (at) => headers(idOf(at))));
  await eventually(
    () => proxy.holds.responseHeads.length,
    (responses) => responses === 90,
  );
  expect((await neighbour.ask({})).body).toHaveLength(mebibyte);
  expect(app.sessions).toHaveLength(1);
});
