/** The sidecar as in a pod: a process of its own, configured by its environment. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createApp } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { createCertificates } from '../../../tools/demo/certificate.ts';
import { faultOption } from '../../support/faulty-process.ts';
import { startFakeOperator, terminatingWith } from './fake-operator.ts';
import type { FakeOperator } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';

// Each test starts a Node process, which is slow on a busy machine.
jest.setTimeout(120_000);

type Line = { event: string } & Record<string, unknown>;

const serverName = 'holdfast-operator.holdfast-system.svc';
let folder: string;
let operator: FakeOperator;
let env: Record<string, string>;
const started: { child: ChildProcess; exitCode: Promise<number | null> }[] = [];

beforeAll(async () => {
  const certificates = await createCertificates({ names: [serverName] });
  folder = await mkdtemp(join(tmpdir(), 'holdfast-sidecar-'));
  await writeFile(join(folder, 'token'), 'a-token');
  operator = await startFakeOperator(certificates);
  env = {
    HOLDFAST_SIDECAR_PORT: '0',
    HOLDFAST_CA: certificates.caPem,
    HOLDFAST_DISCOVERY_HOST: '127.0.0.1',
    HOLDFAST_DISCOVERY_PORT: String(operator.port),
    HOLDFAST_TOKEN_FILE: join(folder, 'token'),
    HOLDFAST_DRAIN_TIMEOUT_MS: '60000',
    HOLDFAST_QUIET_PERIOD_MS: '300',
    HOLDFAST_SHUTDOWN_MARGIN_MS: '1000',
  };
});
afterAll(async () => {
  await operator.close();
  await rm(folder, { recursive: true });
});
afterEach(async () => {
  for (const one of started.splice(0)) {
    one.child.kill('SIGKILL');
    await one.exitCode;
  }
});

function run(overrides: Record<string, string | undefined> = {}) {
  const child = spawn(process.execPath, ['sidecar/main.ts'], {
    env: { ...env, ...overrides },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as Line);
    for (const check of waiting) check();
  });
  const logged = (event: string): Promise<Line> =>
    new Promise((resolve) => {
      const check = () => {
        const found = lines.find((line) => line.event === event);
        if (found) resolve(found);
      };
      waiting.add(check);
      check();
    });
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  const sidecar = { child, lines, logged, exitCode, port: async () => Number((await logged('Started'))['port']) };
  started.push(sidecar);
  return sidecar;
}

test('the sidecar holds a hook until the sessions are over, reports to the operator, and exits at SIGTERM', async () => {
  operator.answer(terminatingWith(1));
  const sidecar = run();
  const hook = callPreStop(await sidecar.port());
  await operator.asked(2);
  expect(hook.reason).toBeUndefined();
  operator.answer(terminatingWith(0));
  expect(await hook.released).toBe('DrainComplete');
  expect(await sidecar.logged('Released')).toMatchObject({
    component: 'sidecar',
    reason: 'DrainComplete',
    sessionsCut: 0,
  });
  expect(await operator.summary).toMatchObject({ reason: 'DrainComplete' });
  const askedToStop = Date.now();
  sidecar.child.kill('SIGTERM');
  expect(await sidecar.exitCode).toBe(0);
  // It waits for nothing: not for its drain timeout of a minute, nor for the connections to the operator.
  expect(Date.now() - askedToStop).toBeLessThan(30_000);
});

test('the sidecar exits at SIGTERM even during a hold, because the kubelet sends it when no app container is left', async () => {
  operator.answer(terminatingWith(1));
  const sidecar = run();
  const hook = callPreStop(await sidecar.port());
  await operator.asked(1);
  sidecar.child.kill('SIGTERM');
  expect(await sidecar.exitCode).toBe(0);
  await expect(hook.released).rejects.toThrow('socket hang up');
});

test.each([
  ['exception', 'uncaughtException'],
  ['rejection', 'unhandledRejection'],
] as const)(
  'the sidecar continues to hold the pod after an uncaught %s, and exits with code 1 in the end',
  async (fault, kind) => {
    operator.answer(terminatingWith(1));
    const sidecar = run({ NODE_OPTIONS: faultOption(fault) });
    const port = await sidecar.port();
    const hook = callPreStop(port);
    await operator.asked(1);
    sidecar.child.kill('SIGUSR2');
    expect(await sidecar.logged('InternalError')).toMatchObject({ kind, error: 'injected', faults: 1 });
    await operator.asked(2);
    expect(hook.reason).toBeUndefined();
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain(`holdfast_sidecar_faults_total{kind="${kind}"} 1\n`);
    operator.answer(terminatingWith(0));
    expect(await hook.released).toBe('DrainComplete');
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exitCode).toBe(1);
  },
);

test('the sidecar continues when its log is closed', async () => {
  operator.answer(terminatingWith(1));
  const sidecar = run();
  const hook = callPreStop(await sidecar.port());
  await operator.asked(1);
  sidecar.child.stdout?.destroy();
  operator.answer(terminatingWith(0));
  expect(await hook.released).toBe('DrainComplete');
});

test('the server of the sidecar serves health, state and metrics, and rejects other requests', async () => {
  const port = await run().port();
  const read = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, body: await response.json() };
  };
  expect(await read('/healthz')).toEqual({ status: 200, body: { status: 'ok' } });
  expect(await read('/state')).toEqual({ status: 200, body: { callers: 0 } });
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('holdfast_sidecar_holding 0');
  expect(await read('/prestop', 'POST')).toMatchObject({ status: 405 });
  expect(await read('/else')).toMatchObject({ status: 404 });
});

test('the sidecar exits with a message when a required setting is missing', async () => {
  const sidecar = run({ HOLDFAST_CA: undefined });
  expect(await sidecar.exitCode).toBe(1);
  expect(sidecar.lines).toEqual([
    expect.objectContaining({ event: 'ConfigInvalid', problem: expect.stringContaining('HOLDFAST_CA') }),
  ]);
});

test('the sidecar starts with invalid optional settings and logs a warning for each', async () => {
  const sidecar = run({ HOLDFAST_EXCLUDE_CIDRS: '10.0.0.0/8,999.0.0.0/8' });
  await sidecar.port();
  expect(sidecar.lines[0]).toMatchObject({ event: 'ConfigWarning', problem: expect.stringContaining('999.0.0.0/8') });
});

test('the sidecar counts the connections of its network namespace and the sessions that the app reports', async () => {
  const app = createApp((_request, response) => response.end('{"sessions":1}')).listen(0, '127.0.0.1');
  await once(app, 'listening');
  const { port } = app.address() as AddressInfo;
  operator.answer(terminatingWith(0));
  const sidecar = run({
    HOLDFAST_SESSION_SOURCES: 'Connections,Application',
    HOLDFAST_CONNECTION_PORTS: String(port),
    HOLDFAST_APPLICATION_PORT: String(port),
    HOLDFAST_APPLICATION_PATH: '/sessions',
  });
  const sidecarPort = await sidecar.port();
  callPreStop(sidecarPort, '/prestop/app');
  await operator.asked(3);
  const state = await (await fetch(`http://127.0.0.1:${sidecarPort}/state`)).json();
  // The request to the app is itself a connection, of the pod to itself.
  expect(state).toMatchObject({
    callers: 1,
    state: {
      evidence: { type: 'Busy', sessions: 1 },
      sources: [
        { type: 'Proxy' },
        { type: 'Connections', known: true, sessions: 0 },
        { type: 'Application', known: true, sessions: 1 },
      ],
    },
  });
  app.close();
});

test('the sidecar exits when its port is taken', async () => {
  const squatter = createServer().listen(0);
  await once(squatter, 'listening');
  const sidecar = run({ HOLDFAST_SIDECAR_PORT: String((squatter.address() as AddressInfo).port) });
  expect(await sidecar.exitCode).toBe(1);
  expect(sidecar.lines).toEqual([expect.objectContaining({ event: 'CannotListen' })]);
  squatter.close();
});
