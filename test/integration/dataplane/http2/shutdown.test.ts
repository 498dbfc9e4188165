/** What a shutdown does with connections of HTTP/2: requests in flight finish, and later ones go to the next connection. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ErrorCode, Flag, FrameType } from '../../../../src/dataplane/h2/frames.ts';
import { createAuthority } from '../../../support/authority.ts';
import { eventually } from '../../../support/eventually.ts';
import { createRig, type Proxy } from '../http1/rig.ts';
import { connectHttp2, type Http2Client } from './client.ts';
import { connectFrames, frame, headers, type FrameClient, type ReceivedFrame } from './frame-client.ts';

const rig = createRig();
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

/** An app whose responses wait for `answer`. */
async function waitingApp() {
  const waiting: (() => void)[] = [];
  const { port } = await rig.httpApp((_, response) => waiting.push(() => response.end('done')));
  return { port, waiting, answer: () => waiting.splice(0).forEach((next) => next()) };
}

async function connect(proxy: Proxy): Promise<FrameClient> {
  const client = await connectFrames(proxy.port);
  cleanups.push(() => client.socket.destroy());
  return client;
}

const isGoAway = ({ type }: ReceivedFrame) => type === FrameType.GoAway;
const lastIdOf = async (client: FrameClient) => (await client.until(isGoAway)).payload.readUInt32BE(0);
const holdsOf = (proxy: Proxy, count: number) =>
  eventually(
    () => proxy.holds.open,
    (open) => open === count,
  );
const whole = { requests: 0, upgrades: 0 };

describe('a shutdown', () => {
  test('is announced: requests that are on their way are still accepted, and later ones refused', async () => {
    const app = await waitingApp();
    const proxy = await rig.proxy(app.port);
    const client = await connect(proxy);
    client.send(headers(1));
    await holdsOf(proxy, 1);
    proxy.server.announceShutdown();
    expect(await lastIdOf(client)).toBe(2 ** 31 - 1);
    client.send(headers(3));
    await holdsOf(proxy, 2);
    const report = proxy.server.shutdown({ graceMs: 10_000 });
    expect(await lastIdOf(client)).toBe(3);
    client.send(headers(5));
    expect(await client.outcome(5)).toEqual({ reset: ErrorCode.RefusedStream });
    await eventually(
      () => app.waiting.length,
      (waiting) => waiting === 2,
    );
    app.answer();
    expect(await client.outcome(3)).toEqual({ status: 200 });
    client.socket.end();
    expect(await report).toEqual(whole);
    expect(proxy.holds).toMatchObject({ open: 0, acquired: 2, releasedTwice: 0 });
  });

  test.each([
    { name: 'that was open', isLate: false },
    { name: 'that is opened later', isLate: true },
  ])('is announced to a connection $name with its first request, not before', async ({ isLate }) => {
    const app = await waitingApp();
    const proxy = await rig.proxy(app.port);
    if (isLate) proxy.server.announceShutdown();
    const client = await connect(proxy);
    await client.until(({ type, flags }) => type === FrameType.Settings && flags === Flag.Ack);
    proxy.server.announceShutdown();
    const next = async () => (await client.until(({ type }) => type !== FrameType.WindowUpdate)).type;
    client.send(frame(FrameType.Ping, { payload: Buffer.alloc(8) }));
    expect(await next()).toBe(FrameType.Ping);
    client.send(headers(1));
    expect(await next()).toBe(FrameType.GoAway);
    await eventually(
      () => app.waiting.length,
      (waiting) => waiting === 1,
    );
    app.answer();
    expect(await client.outcome(1)).toEqual({ status: 200 });
  });

  test('closes a connection without requests', async () => {
    const app = await waitingApp();
    const proxy = await rig.proxy(app.port);
    const client = await connect(proxy);
    await client.until(({ type }) => type === FrameType.Settings);
    const report = proxy.server.shutdown({ graceMs: 10_000 });
    expect(await lastIdOf(client)).toBe(0);
    client.socket.end();
    expect(await report).toEqual(whole);
  });

  test('resets what is left at the end of the grace period', async () => {
    const app = await waitingApp();
    const proxy = await rig.proxy(app.port);
    const client = await connect(proxy);
    client.send(headers(1), headers(3));
    await holdsOf(proxy, 2);
    const report = proxy.server.shutdown({ graceMs: 50 });
    expect(await client.outcome(1)).toEqual({ reset: ErrorCode.InternalError });
    expect(await client.outcome(3)).toEqual({ reset: ErrorCode.InternalError });
    expect(await report).toEqual({ requests: 2, upgrades: 0 });
    expect(proxy.holds).toMatchObject({ open: 0, releasedTwice: 0 });
  });
});

describe('a client that announces that it leaves', () => {
  const goAway = frame(FrameType.GoAway, { payload: Buffer.alloc(8) });

  test('gets a response to what it still sends: nghttp2 sends GOAWAY before requests that were made earlier', async () => {
    const app = await waitingApp();
    const proxy = await rig.proxy(app.port);
    const client = await connect(proxy);
    client.send(headers(1), goAway, headers(3));
    await eventually(
      () => app.waiting.length,
      (waiting) => waiting === 2,
    );
    app.answer();
    expect(await client.outcome(1)).toEqual({ status: 200 });
    expect(await client.outcome(3)).toEqual({ status: 200 });
  });

  test('and stays is closed soon', async () => {
    const { port } = await waitingApp();
    const proxy = await rig.proxy(port, { timeouts: { lingerMs: 100 } });
    const client = await connect(proxy);
    client.send(goAway);
    expect(await client.goAway()).toBe(ErrorCode.NoError);
  });
});

describe('no request is lost in a shutdown', () => {
  test("by Node's client, which sends the next ones to another proxy", async () => {
    const asked: string[] = [];
    const { port } = await rig.httpApp((request, response) => {
      asked.push(request.url ?? '');
      setTimeout(() => response.end('done'), 5);
    });
    const [leaving, staying] = [await rig.proxy(port), await rig.proxy(port)];
    const state = { client: await connectHttp2(leaving.port), sent: 0, answered: 0, isOver: false };
    let next: Promise<Http2Client> | undefined;
    // Node's client closes a stream so that it has not sent yet when GOAWAY arrives. Such a request was not processed, and is sent again (RFC 9113 §8.7).
    const ask = async (path: string): Promise<number> => {
      if (state.client.session.closed) state.client = await (next ??= connectHttp2(staying.port));
      try {
        return (await state.client.ask({ ':path': path })).status;
      } catch (error) {
        if (!String(error).includes('NGHTTP2_REFUSED_STREAM')) throw error;
        return ask(path);
      }
    };
    const send = async () => {
      while (!state.isOver) {
        state.sent += 1;
        expect(await ask(`/${state.sent}`)).toBe(200);
        state.answered += 1;
      }
    };
    const sending = Promise.all(Array.from({ length: 20 }, send));
    const untilAnswered = async (count: number) => {
      const goal = state.answered + count;
      const isReached = eventually(
        () => state.answered,
        (answered) => answered > goal,
        25_000,
      );
      // The first that fails ends the test.
      await Promise.race([isReached, sending]);
    };
    await untilAnswered(200);
    leaving.server.announceShutdown();
    // As the delay for load balancers: what is on its way arrives.
    await untilAnswered(100);
    expect(await leaving.server.shutdown({ graceMs: 10_000 })).toEqual(whole);
    await untilAnswered(200);
    state.isOver = true;
    await sending;
    state.client.close();
    expect(state.answered).toBe(state.sent);
    // Each once.
    expect([asked.length, new Set(asked).size]).toEqual([state.sent, state.sent]);
    expect(staying.holds.acquired).toBeGreaterThan(200);
    // The proxy itself has refused none.
    expect(leaving.server.counters.http2Errors).toEqual({ Connection: {}, Stream: {} });
  });

  // Over TLS: version 7.88 takes a plain connection for one request only (https://github.com/curl/curl/issues/10634).
  test.each([
    { name: 'one after another', how: [] },
    { name: 'many at a time', how: ['--parallel', '--parallel-max', '20'] },
  ])('by curl, $name', async ({ how }) => {
    const proxies: Proxy[] = [];
    const asked: string[] = [];
    const { port } = await rig.httpApp((request, response) => {
      asked.push(request.url ?? '');
      if (asked.length === 100) proxies[0]?.server.announceShutdown();
      response.end(`${request.url}\n`);
    });
    const proxy = await rig.proxy(port);
    proxies.push(proxy);
    const certificate = await (await createAuthority()).issue({ hostnames: ['shop.test'] });
    // The listener's port is the one that the rig asks for.
    proxy.server.configureTls({
      listeners: [{ name: 'https', protocol: 'HTTPS', port: 0, certificates: ['shop'] }],
      certificates: { shop: certificate },
    });
    const options = ['--silent', '--show-error', '--fail', '--insecure', '--write-out', '%{http_version}\n'];
    const { stdout } = await promisify(execFile)('curl', [
      ...options,
      ...how,
      `https://127.0.0.1:${proxy.port}/[1-300]`,
    ]);
    const lines = stdout.trim().split('\n');
    // Each path, and the version.
    expect(new Set(lines).size).toBe(301);
    expect(lines.filter((line) => line === '2')).toHaveLength(300);
    expect(asked).toHaveLength(300);
    expect(proxy.server.counters.connectionsAccepted).toBeGreaterThan(1);
  });
});
