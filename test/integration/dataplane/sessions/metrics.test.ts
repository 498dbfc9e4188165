import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { metrics } from '../../../../src/api/metrics.ts';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import { startProxy } from '../../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { cookieName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';
import { closedPort } from '../http1/rig.ts';

let folder: string;
const started: { stop(): unknown }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proxy-metrics-'));
});

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
  await rm(folder, { recursive: true });
});

async function startApp(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  started.push({
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function startWith(table: RoutingTable) {
  const file = path.join(folder, 'table.json');
  const write = async (next: RoutingTable) => {
    await writeFile(`${file}.new`, JSON.stringify(next));
    await rename(`${file}.new`, file);
  };
  await write(table);
  const config = { source: { kind: 'file' as const, file }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 100 };
  const proxy = await startProxy(config, {
    clock: systemClock,
    log: createMemoryLogger(),
    resolve: () => Promise.resolve([]),
    bindPort: () => 0,
    openFiles: 1000,
  });
  started.push(proxy);
  const port = await eventually(
    () => proxy.listeners.boundPort(80),
    (bound) => bound !== undefined,
  );
  return {
    async get(target: string, cookie?: string) {
      const response = await fetch(`http://127.0.0.1:${port}${target}`, {
        headers: cookie === undefined ? {} : { cookie },
      });
      await response.text();
      return response.headers.getSetCookie()[0]?.split(';')[0];
    },
    async swap(next: RoutingTable) {
      const before = proxy.router.table();
      await write(next);
      await eventually(() => proxy.router.table() !== before, Boolean);
    },
    scrape: async () => (await (await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`)).text()).split('\n'),
  };
}

test('a proxy exports exactly the metrics of the catalogue from the start', async () => {
  const { scrape } = await startWith(proxyTable({}));
  const lines = await scrape();
  const shown = (kind: string) =>
    Object.fromEntries(
      lines
        .filter((line) => line.startsWith(`# ${kind} holdfast_`))
        .map((line) => line.split(' ').slice(2))
        .map(([name = '', ...rest]) => [name, rest.join(' ')]),
    );
  const expected = Object.entries(metrics).filter(([, { part }]) => part === 'proxy');
  expect(shown('TYPE')).toEqual(Object.fromEntries(expected.map(([name, { type }]) => [name, type])));
  expect(shown('HELP')).toEqual(Object.fromEntries(expected.map(([name, { help }]) => [name, help])));
  expect(lines.some((line) => line.startsWith('process_cpu_seconds_total '))).toBe(true);
  // Every series has exactly the labels of the catalogue.
  for (const [, name = '', labels = ''] of lines.flatMap((line) => [
    /^(holdfast_\w+)(?:\{(.*)\})? /.exec(line) ?? [],
  ])) {
    if (name === '') continue;
    const names = new Set([...labels.matchAll(/(\w+)="/g)].map(([, label]) => label));
    expect({ name, names }).toEqual({ name, names: new Set(expected.find(([known]) => known === name)?.[1].labels) });
  }
});

const cart = 'namespace="shop",workload="cart"';

test('the metrics of a proxy count events by workload, state and reason', async () => {
  const port = await startApp((request, response) => {
    if (request.url === '/logout') response.setHeader('holdfast-session', 'end');
    response.end('ok');
  });
  const dead: ShortEndpoint = { pod: 'dead', port: await closedPort() };
  const table = (...endpoints: ShortEndpoint[]) => proxyTable({ maxSessionsPerEndpoint: 3, endpoints });
  const { get, swap, scrape } = await startWith(table({ pod: 'a', port }));
  const [first, second] = [await get('/'), await get('/')];
  await get('/', `${cookieName}=forged`);
  await get('/');
  await get('/logout', first);
  await swap(table({ pod: 'a', port, state: 'Draining' }, dead, { pod: 'c', port, state: 'Pending' }));
  await get('/');
  await get('/', second);
  const before = await scrape();
  for (const line of [
    `holdfast_sessions{${cart},state="Draining"} 2`,
    `holdfast_sessions{${cart},state="Pending"} 0`,
    `holdfast_sessions_started_total{${cart}} 3`,
    `holdfast_sessions_ended_total{${cart},reason="Application"} 1`,
    `holdfast_new_sessions_refused_total{${cart},reason="AllFull"} 1`,
    `holdfast_new_sessions_refused_total{${cart},reason="UpstreamConnectFailed"} 1`,
    'holdfast_bad_tokens_total{reason="Malformed"} 1',
    `holdfast_endpoints{${cart},state="Accepting"} 1`,
    `holdfast_endpoints_ejected{${cart}} 1`,
    'holdfast_http_requests_total 7',
    'holdfast_http_responses_total{class="2xx"} 5',
    'holdfast_http_replies_total{reason="AllFull"} 1',
    'holdfast_http_limit_refusals_total{limit="connections"} 0',
    'holdfast_upstream_local_errors_total{error="EMFILE"} 0',
    'holdfast_http_connections_limit 372',
    // The new session had no other pod: it retried for a second.
    'holdfast_upstream_connect_failures_total 4',
  ]) {
    expect(before).toContain(line);
  }
  await swap(proxyTable({ endpoints: [{ pod: 'c', port }], removedEndpoints: ['a'] }));
  await get('/', second);
  const after = await scrape();
  expect(after).toContain(`holdfast_sessions_lost_total{${cart},reason="EndpointRemoved"} 1`);
  expect(after).toContain(`holdfast_sessions_ended_total{${cart},reason="Lost"} 1`);
  expect(after).toContain(`holdfast_endpoints_ejected{${cart}} 0`);
});
