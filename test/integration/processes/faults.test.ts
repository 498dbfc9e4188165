/** Proxy and operator, as processes, after an error that no boundary has caught: logged, counted, and an orderly exit with a code that is not 0. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startFaulty, type FaultKind, type FaultyProcess } from '../../support/faulty-process.ts';
import { fetchOnce } from '../../support/fetch-once.ts';
import { freePort } from '../../support/free-port.ts';
import { listenLocally } from '../../support/proxy-process.ts';
import { proxyTable } from '../../support/proxy-table.ts';
import { connectRaw } from '../../support/raw-http.ts';

// Each test starts a Node process, which is slow on a busy machine.
jest.setTimeout(120_000);

let folder: string;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'holdfast-faults-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const keep = (started: FaultyProcess): FaultyProcess => {
  cleanups.push(async () => {
    started.child.kill('SIGKILL');
    await started.exitCode;
  });
  return started;
};

/** An app whose responses to /stream go on until `finish`. */
async function startApp() {
  const streams: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url !== '/stream') {
      response.end('whole');
      return;
    }
    response.write('first');
    streams.push(response);
  });
  const { port, stop } = await listenLocally(server);
  cleanups.push(stop);
  return { port, finish: () => streams.forEach((stream) => stream.end('last')) };
}

async function startProxy(kind: FaultKind) {
  const app = await startApp();
  const [port, adminPort] = [await freePort(), await freePort()];
  const file = path.join(folder, `table-${port}.json`);
  await writeFile(file, JSON.stringify(proxyTable({ port, endpoints: [{ pod: 'a', port: app.port }] })));
  const proxy = keep(
    startFaulty(kind, ['src/dataplane/main.ts', '--table', file], {
      HOLDFAST_ADMIN_PORT: String(adminPort),
      HOLDFAST_SHUTDOWN_DELAY_MS: '0',
    }),
  );
  await proxy.logged('proxy started');
  await until(async () => (await admin(adminPort, '/readyz')).ok);
  return { app, proxy, port, admin: (target: string) => admin(adminPort, target) };
}

const admin = (port: number, target: string) => fetchOnce(`http://127.0.0.1:${port}${target}`);

/** The test's own timeout is the limit. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('a proxy', () => {
  test.each<[FaultKind, string]>([
    ['exception', 'uncaughtException'],
    ['rejection', 'unhandledRejection'],
  ])('with an uncaught %s becomes not ready, lets the open stream end, and exits with code 1', async (fault, kind) => {
    const { app, proxy, port, admin: ask } = await startProxy(fault);
    const client = await connectRaw(port);
    client.send('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('first\r\n');
    proxy.fail();
    expect(await proxy.logged('internal error: the process shuts down')).toMatchObject({
      level: 'error',
      kind,
      error: 'injected',
      stack: expect.stringContaining('injected'),
    });
    expect(await (await ask('/readyz')).text()).toBe('not ready: shutting down\n');
    expect(await (await ask('/metrics')).text()).toContain(`holdfast_proxy_faults_total{kind="${kind}"} 1\n`);
    // A second one changes nothing.
    proxy.fail();
    await until(async () => (await (await ask('/metrics')).text()).includes(`faults_total{kind="${kind}"} 2\n`));
    app.finish();
    expect((await client.rest()).text).toContain('last');
    expect(await proxy.exitCode).toBe(1);
    expect(proxy.lines.map(({ msg }) => msg)).not.toContain('orderly exit abandoned: the process ends at once');
  });

  test('whose faults do not stop exits at once, though a stream is open', async () => {
    const { proxy, port } = await startProxy('loop');
    const client = await connectRaw(port);
    client.send('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.until('first\r\n');
    proxy.fail();
    expect(await proxy.exitCode).toBe(1);
    expect(proxy.lines.at(-1)).toMatchObject({ reason: 'TooManyFaults', faults: 101 });
    expect(proxy.lines.filter(({ kind }) => kind === 'uncaughtException')).toHaveLength(10);
  });
});

describe('an operator', () => {
  test.each<[FaultKind, string]>([
    ['exception', 'uncaughtException'],
    ['rejection', 'unhandledRejection'],
  ])('with an uncaught %s exits with code 1, although it still waits for the API server', async (fault, kind) => {
    const server = createServer();
    const { port, stop } = await listenLocally(server);
    cleanups.push(stop);
    const config = path.join(folder, 'kubeconfig');
    await writeFile(config, JSON.stringify(kubeconfigOf(port)));
    const operator = keep(
      startFaulty(fault, ['src/operator/main.ts'], {
        KUBECONFIG: config,
        POD_NAME: 'operator-1',
        POD_NAMESPACE: 'holdfast-system',
        HOLDFAST_ADMIN_PORT: '0',
      }),
    );
    await once(server, 'request');
    operator.fail();
    expect(await operator.logged('internal error: the process shuts down')).toMatchObject({ kind, error: 'injected' });
    expect(await operator.exitCode).toBe(1);
  });
});

const kubeconfigOf = (port: number) => ({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'test',
  contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  clusters: [{ name: 'test', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'test', user: {} }],
});
