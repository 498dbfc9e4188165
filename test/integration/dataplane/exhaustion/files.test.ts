/** A proxy whose files run out, by the connections of an attacker or of its node: it loses no session. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '../../../support/eventually.ts';
import { proxyTable } from '../../../support/proxy-table.ts';
import { arrive, ask, lostAmong, startPod } from './customers.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const canLimitFiles = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;
const onLinux = canLimitFiles ? test : test.skip;
if (!canLimitFiles) process.stdout.write('skipped: tests of a proxy without files need Linux and prlimit\n');

const program = fileURLToPath(new URL('proxy-child.ts', import.meta.url));
const openFiles = 400;
/** Of 400 files 256 are reserved, and a client needs two. */
const maxConnections = 72;

type Child = { child: ChildProcess; port: number; adminPort: number; messages: string[] };

async function startLimited(): Promise<Child> {
  const pods = [await startPod('a'), await startPod('b')];
  cleanups.push(() => pods.forEach(({ server }) => server.close()));
  const folder = await mkdtemp(path.join(tmpdir(), 'exhaustion-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'table.json');
  await writeFile(file, JSON.stringify(proxyTable({ endpoints: pods.map(({ pod, port }) => ({ pod, port })) })));
  const child = spawn('sh', ['-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, program, file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  cleanups.push(() => child.kill('SIGKILL'));
  const [ready] = (await once(child, 'message')) as [Omit<Child, 'child'>];
  return { child, ...ready };
}

const limitFiles = ({ pid = 0 }: ChildProcess, files: number) =>
  expect(spawnSync('prlimit', ['--pid', String(pid), `--nofile=${files}:${openFiles}`]).status).toBe(0);

async function metric(port: number, line: string, agent?: http.Agent): Promise<number> {
  const { body } = await ask({ port, path: '/metrics', ...(agent && { agent }) });
  const values = body.split('\n').filter((one) => one.startsWith(line));
  return values.reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0);
}

onLinux(
  'idle connections of an attacker end at the limit of connections, before the files: customers notice nothing',
  async () => {
    const { port, adminPort, messages } = await startLimited();
    expect(messages).toContain(
      'the open files allow fewer connections than limits.connections: raise them or add replicas',
    );
    expect(await metric(adminPort, 'holdfast_http_connections_limit')).toBe(maxConnections);
    const customers = await arrive(20, { port });
    const agent = new http.Agent({ keepAlive: true });
    cleanups.push(() => agent.destroy());
    await ask({ port, agent });
    const attack = Array.from({ length: 200 }, () =>
      net
        .connect(port, '127.0.0.1')
        .on('error', () => undefined)
        .resume(),
    );
    cleanups.push(() => attack.forEach((socket) => socket.destroy()));
    await eventually(
      () => metric(adminPort, 'holdfast_http_limit_refusals_total{limit="connections"}'),
      (refused) => refused >= 100,
    );
    // A customer whose connection is open goes on.
    expect(await lostAmong(customers.slice(0, 2), { port, agent })).toEqual([]);
    attack.forEach((socket) => socket.destroy());
    await eventually(
      () => metric(adminPort, 'holdfast_http_connections_open'),
      (open) => open <= 2,
    );
    expect(await lostAmong(customers, { port })).toEqual([]);
    expect(await metric(adminPort, 'holdfast_upstream_local_errors_total')).toBe(0);
    expect(await metric(adminPort, 'holdfast_http_accept_errors_total')).toBe(0);
  },
  60_000,
);

onLinux(
  'without a free file it responds with its own reason, counts it, and no session is lost',
  async () => {
    const { child, port, adminPort } = await startLimited();
    const customers = await arrive(20, { port });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const admin = new http.Agent({ keepAlive: true, maxSockets: 1 });
    cleanups.push(
      () => agent.destroy(),
      () => admin.destroy(),
    );
    const [customer] = customers;
    await ask({ port, agent, cookie: customer?.cookie ?? '' });
    const acceptErrors = () => metric(adminPort, 'holdfast_http_accept_errors_total', admin);
    expect(await acceptErrors()).toBe(0);
    // Node itself uses the first ones, so no other is free.
    limitFiles(child, 10);
    expect(await ask({ port, agent, cookie: customer?.cookie ?? '' })).toEqual({
      status: 503,
      body: expect.stringContaining('This proxy has no free file, port or memory'),
      setCookie: undefined,
      retryAfter: '2',
    });
    // A client that connects now waits, or is turned away. The proxy looks for a free file once a second.
    const newcomer = ask({ port }).catch(() => undefined);
    await eventually(acceptErrors, (errors) => errors > 0, 20_000);
    limitFiles(child, openFiles);
    await newcomer;
    expect(await lostAmong(customers, { port })).toEqual([]);
    expect(await metric(adminPort, 'holdfast_sessions_lost_total')).toBe(0);
    expect(await metric(adminPort, 'holdfast_endpoints_ejected')).toBe(0);
    expect(await metric(adminPort, 'holdfast_upstream_local_errors_total{error="EMFILE"}')).toBeGreaterThan(0);
  },
  60_000,
);
