/** `holdfast proxy --workers` as people run it: processes, signals, and clients that notice nothing. */
import { once } from 'node:events';
import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { listenLocally } from '../../support/proxy-process.ts';
import { connectRaw, type RawClient } from '../../support/raw-http.ts';
import { createBrowser, startTableProcess, type Cleanups } from '../../support/table-process.ts';

// Each test starts Node processes, which is slow on a busy machine.
jest.setTimeout(180_000);
const startLimitMs = 60_000;

let folder: string;
const cleanups: Cleanups = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-workers-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Responses to requests for /hold, until they are called. */
const held: (() => void)[] = [];

/** Responds with its name, and echoes what an upgraded connection sends. */
async function startApp(name: string): Promise<string> {
  const server = http.createServer(({ url }, response) => {
    if (url === '/hold') held.push(() => response.end(name));
    else response.end(name);
  });
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  const { port, stop } = await listenLocally(server);
  cleanups.push(stop);
  return `127.0.0.1:${port}`;
}

const childrenOf = async (pid: number): Promise<number[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean).map(Number);

/** `T`: it stands still. */
const stateOf = async (pid: number): Promise<string> =>
  (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.charAt(0) ?? '';

const tableOf = (port: number, servers: readonly string[], draining: readonly string[] = []): string =>
  JSON.stringify({
    listeners: [{ port }],
    routes: [{ backends: [{ name: 'shop' }] }],
    backends: {
      shop: {
        endpoints: servers.map((address) => ({ address, ...(draining.includes(address) && { draining: true }) })),
      },
    },
  });

async function startWorld(count: number, servers = 2) {
  const port = await freePort();
  const file = path.join(folder, `${port}.json`);
  const names = ['one', 'two'].slice(0, servers);
  const addresses = await Promise.all(names.map(startApp));
  await writeFile(file, tableOf(port, addresses));
  const proxy = await startTableProcess(file, cleanups, ['--workers', String(count)]);
  const workers = () => childrenOf(proxy.pid);
  const metric = async (name: string) => {
    const lines = (await proxy.admin('/metrics')).split('\n').filter((line) => line.startsWith(name));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  /** A worker that got no CPU for half a second is in the sums with its count of before. */
  const untilMetric = (name: string, wanted: number) =>
    eventually(
      () => metric(name),
      (found) => found === wanted,
      startLimitMs,
    );
  const serving = (wanted = count) => untilMetric('holdfast_proxy_workers{state="serving"}', wanted);
  await serving();
  /** Only this worker accepts while `use` runs: the others stand still. */
  const through = async <T>(pid: number, use: () => Promise<T>): Promise<T> => {
    const others = (await workers()).filter((other) => other !== pid);
    for (const other of others) process.kill(other, 'SIGSTOP');
    for (const other of others) {
      await eventually(
        () => stateOf(other),
        (state) => state === 'T',
      );
    }
    try {
      return await use();
    } finally {
      for (const other of others) process.kill(other, 'SIGCONT');
    }
  };
  const drain = (draining: readonly string[]) => writeFile(file, tableOf(port, addresses, draining));
  return { port, proxy, workers, metric, untilMetric, through, serving, addresses, drain };
}

async function openKeepAlive(port: number): Promise<RawClient> {
  const client = await connectRaw(port);
  cleanups.push(() => client.socket.destroy());
  return client;
}

async function ask(client: RawClient): Promise<string> {
  client.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  const { status, body } = await client.response();
  return `${status} ${body}`;
}

async function openAndAsk(port: number): Promise<RawClient> {
  const client = await openKeepAlive(port);
  await ask(client);
  return client;
}

async function openWebSocket(port: number): Promise<RawClient> {
  const client = await openKeepAlive(port);
  client.send('GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await client.until('\r\n\r\n');
  return client;
}

async function echo(client: RawClient, word: string): Promise<string> {
  client.send(word);
  return client.until(word);
}

/** Clients that send one request after another, each on one connection as long as the proxy keeps it. */
function startLoad(port: number, clients: number) {
  const agent = new http.Agent({ keepAlive: true });
  const failures: string[] = [];
  let responses = 0;
  const over = new AbortController();
  const visit = async () => {
    const request = http.get({ port, host: '127.0.0.1', headers: { host: 'shop' }, agent });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    const body = await text(response);
    if (response.statusCode !== 200) failures.push(`${response.statusCode} ${body}`);
    responses += 1;
  };
  const loop = async () => {
    while (!over.signal.aborted) await visit().catch((error: Error) => failures.push(error.message));
  };
  const loops = Array.from({ length: clients }, loop);
  return {
    failures,
    responses: () => responses,
    async stop() {
      over.abort();
      await Promise.all(loops);
      agent.destroy();
    },
  };
}

/** Where the kernel shows which processes a process has started. */
const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('two workers', () => {
  test('both serve, count a session of both once, and drain as one', async () => {
    const { port, workers, through, untilMetric, addresses, drain } = await startWorld(2);
    const browser = createBrowser(port);
    const pids = await workers();
    expect(pids).toHaveLength(2);
    const [first = 0, second = 0] = pids;
    const name = await through(first, () => browser.visit());
    expect(await through(second, () => browser.visit())).toBe(name);
    expect(await through(first, () => browser.visit())).toBe(name);
    await untilMetric('holdfast_sessions{', 1);
    await untilMetric('holdfast_http_requests_total', 3);
    await drain(addresses.filter((_, at) => ['one', 'two'][at] === name));
    await untilMetric('holdfast_endpoints{namespace="standalone",workload="shop",state="Draining"}', 1);
    for (const pid of pids) {
      expect(await through(pid, () => browser.visit())).toBe(name);
      expect(await through(pid, () => createBrowser(port).visit())).not.toBe(name);
    }
  });

  test('lose with one that is killed its connections only', async () => {
    const { port, workers, through, untilMetric, serving } = await startWorld(2);
    const [first = 0, second = 0] = await workers();
    const doomed = await through(first, () => openAndAsk(port));
    const kept = await through(second, () => openAndAsk(port));
    const stream = await through(second, () => openWebSocket(port));
    const browser = createBrowser(port);
    const name = await through(first, () => browser.visit());
    await untilMetric('holdfast_http_requests_total', 4);
    // The WebSocket's: the clients of the others have not sent their cookies yet.
    await untilMetric('holdfast_sessions{', 1);
    process.kill(first, 'SIGKILL');
    expect((await doomed.rest()).text).toBe('');
    expect(await ask(kept)).toMatch(/^200 /);
    expect(await echo(stream, 'still here')).toBe('still here');
    expect(await browser.visit()).toBe(name);
    await untilMetric('holdfast_http_requests_total', 6);
    await untilMetric('holdfast_sessions{', 2);
    await serving();
    await untilMetric('holdfast_proxy_worker_deaths_total', 1);
    const [, next = 0] = await workers();
    expect(next).not.toBe(first);
    expect(await through(next, () => browser.visit())).toBe(name);
  });
});

onLinux('a restart under load', () => {
  test.each([1, 2])('of %d workers fails no request and closes no WebSocket', async (count) => {
    const { port, proxy, workers, serving, metric } = await startWorld(count);
    const before = await workers();
    const browser = createBrowser(port);
    const name = await browser.visit();
    const stream = await openWebSocket(port);
    const load = startLoad(port, 8);
    process.kill(proxy.pid, 'SIGHUP');
    const isReplaced = async () => {
      const fresh = (await workers()).filter((pid) => !before.includes(pid)).length;
      return fresh === count && (await metric('holdfast_proxy_workers{state="starting"}')) === 0;
    };
    await eventually(isReplaced, Boolean, startLimitMs);
    await serving();
    expect(await echo(stream, 'through the old one')).toBe('through the old one');
    expect(await browser.visit()).toBe(name);
    await load.stop();
    stream.socket.destroy();
    const after = await eventually(
      workers,
      (pids) => pids.length === count && pids.every((pid) => !before.includes(pid)),
      startLimitMs,
    );
    expect(after).toHaveLength(count);
    expect(load.failures).toEqual([]);
    expect(load.responses()).toBeGreaterThan(50);
  });
});

async function openAndHold(port: number): Promise<RawClient> {
  const client = await openKeepAlive(port);
  const before = held.length;
  client.send('GET /hold HTTP/1.1\r\nHost: shop\r\n\r\n');
  await eventually(
    () => held.length,
    (count) => count > before,
  );
  return client;
}

onLinux('SIGTERM', () => {
  test('ends two workers as one: what they have accepted they answer', async () => {
    const { port, proxy, workers, through } = await startWorld(2);
    const [first = 0, second = 0] = await workers();
    const clients = [await through(first, () => openAndHold(port)), await through(second, () => openAndHold(port))];
    const stream = await openWebSocket(port);
    const code = proxy.stop();
    const isRefused = async () => {
      const client = await connectRaw(port);
      client.socket.destroy();
      return false;
    };
    await eventually(() => isRefused().catch(() => true), Boolean, startLimitMs);
    expect(await echo(stream, 'goodbye')).toBe('goodbye');
    for (const respond of held.splice(0)) respond();
    const responses = await Promise.all(clients.map((client) => client.response()));
    expect(responses.map(({ status }) => status)).toEqual([200, 200]);
    stream.socket.end();
    expect(await code).toBe(0);
  });
});
