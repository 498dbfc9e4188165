/** Visitors who never come back, over real sockets: a proxy that reads its table from a file, and an app. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startProxy } from '../../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { listenLocally } from '../../../support/proxy-process.ts';
import { proxyTable } from '../../../support/proxy-table.ts';

let folder: string;
const started: { stop(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'visitors-'));
});

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
  await rm(folder, { recursive: true });
});

/** One pod with room for five sessions. Sessions start unconfirmed; `/healthz` is excluded. */
async function runProxy() {
  const server = createServer((_, response) => response.end('ok'));
  const app = await listenLocally(server);
  started.push(app);
  const table = proxyTable({
    endpoints: [{ pod: 'a', port: app.port }],
    limits: { idleTimeoutMs: 1_200_000, confirmTimeoutMs: 600_000 },
    maxSessionsPerEndpoint: 5,
    persistence: { exclude: [{ path: { type: 'Exact', value: '/healthz' } }] },
  });
  const file = path.join(folder, 'table.json');
  await writeFile(file, JSON.stringify(table));
  const proxy = await startProxy(
    { source: { kind: 'file', file }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 100 },
    { clock: systemClock, log: createMemoryLogger(), resolve: () => Promise.resolve([]), bindPort: () => 0 },
  );
  started.push(proxy);
  const port = await eventually(
    () => proxy.listeners.boundPort(80),
    (bound) => bound !== undefined,
  );
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`)).text();
    const values = text.split('\n').filter((line) => line.startsWith(`${name}{`));
    return values.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  return { url: `http://127.0.0.1:${port}`, metric };
}

test('a visitor without a cookie jar takes no place of others, and a CORS preflight and a health check start no session', async () => {
  const { url, metric } = await runProxy();
  for (let probe = 0; probe < 20; probe += 1) {
    const response = await fetch(url);
    expect([response.status, response.headers.getSetCookie().length]).toEqual([200, 1]);
  }
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
  };
  for (const response of [await fetch(`${url}/api`, preflight), await fetch(`${url}/healthz`)]) {
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
  }
  expect(await metric('holdfast_unconfirmed_sessions')).toBe(20);
  expect(await metric('holdfast_sessions')).toBe(0);
  expect(await metric('holdfast_sessions_started_total')).toBe(20);
});

test('a client that returns is confirmed, and gets a cookie that shows it once', async () => {
  const { url, metric } = await runProxy();
  const first = (await fetch(url)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const second = (await fetch(url, { headers: { cookie: first } })).headers.getSetCookie();
  expect(second).toHaveLength(1);
  const renewed = second[0]?.split(';')[0] ?? '';
  expect((await fetch(url, { headers: { cookie: renewed } })).headers.getSetCookie()).toEqual([]);
  expect(await metric('holdfast_sessions')).toBe(1);
  expect(await metric('holdfast_sessions_confirmed_total')).toBe(1);
});
