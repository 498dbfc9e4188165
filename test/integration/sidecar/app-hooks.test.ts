import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { AppPreStopHook } from '../../../src/wire/app-pre-stop-hook.ts';
import { createCertificates } from '../../../tools/demo/certificate.ts';
import { terminatingWith } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';
import { createRig } from './rig.ts';

const { operatorOn, sidecarOf, cleanUps } = createRig();

type Call = { request: IncomingMessage; response: ServerResponse };

/** An app with a hook, to which the test responds. */
function createApp() {
  const calls: Call[] = [];
  const { promise: called, resolve } = Promise.withResolvers<Call>();
  const listener: RequestListener = (request, response) => {
    calls.push({ request, response });
    resolve({ request, response });
  };
  return { calls, called, listener };
}

async function listen(server: Server & { closeAllConnections(): void }): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanUps.push(async () => {
    server.closeAllConnections();
    await server[Symbol.asyncDispose]();
  });
  return (server.address() as AddressInfo).port;
}

const hookOn = (port: number, override: Partial<AppPreStopHook> = {}): AppPreStopHook => ({
  scheme: 'HTTP',
  port,
  path: '/save',
  headers: [],
  ...override,
});

describe("an app's own hook", () => {
  test('is called after the drain in the way of the kubelet, which waits for its end', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(1));
    const { calls, called, listener } = createApp();
    const headers = [
      { name: 'Host', value: 'cart' },
      { name: 'X-Token', value: 'a' },
      { name: 'X-Token', value: 'b' },
    ];
    const app = hookOn(await listen(createServer(listener)), { path: '/save all?x=1', headers });
    const sidecar = await sidecarOf(operator, { hooks: { app } });
    const hook = callPreStop(sidecar.port, '/prestop/app');
    await operator.asked(3);
    expect(calls).toEqual([]);
    operator.answer(terminatingWith(0));
    const { request, response } = await called;
    expect(request).toMatchObject({
      method: 'GET',
      url: '/save%20all?x=1',
      headers: { host: 'cart', 'x-token': 'a, b', accept: '*/*', 'user-agent': 'kube-lifecycle/1.35' },
    });
    // The operator receives the summary without waiting for the app.
    expect(await operator.summary).toMatchObject({ reason: 'DrainComplete' });
    expect(hook.reason).toBeUndefined();
    response.end('saved');
    expect(await hook.released).toBe('DrainComplete');
    expect(sidecar.events).toContain('AppHookCalled');
  });

  test('of one container does not delay a container without one', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    const { called, listener } = createApp();
    const sidecar = await sidecarOf(operator, { hooks: { app: hookOn(await listen(createServer(listener))) } });
    const slow = callPreStop(sidecar.port, '/prestop/app');
    expect(await callPreStop(sidecar.port, '/prestop/other').released).toBe('DrainComplete');
    (await called).response.end();
    expect(await slow.released).toBe('DrainComplete');
  });

  test('is also called at the deadline, and at a restart of its container', async () => {
    const operator = await operatorOn();
    const { calls, listener } = createApp();
    const answering: RequestListener = (request, response) => {
      listener(request, response);
      response.end();
    };
    const sidecar = await sidecarOf(operator, {
      policy: { drainTimeoutMs: 300 },
      hooks: { app: hookOn(await listen(createServer(answering))) },
    });
    operator.answer({ terminating: false });
    expect(await callPreStop(sidecar.port, '/prestop/app').released).toBe('NotTerminating');
    operator.answer(terminatingWith(1));
    expect(await callPreStop(sidecar.port, '/prestop/app').released).toBe('DrainDeadline');
    expect(calls).toHaveLength(2);
  });

  test('succeeds with any status and any certificate', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    const { certPem, keyPem } = await createCertificates({ names: ['another.name'] });
    const server = createTlsServer({ cert: certPem, key: keyPem }, (_, response) => response.writeHead(500).end());
    const sidecar = await sidecarOf(operator, {
      hooks: { app: hookOn(await listen(server), { scheme: 'HTTPS', headers: [{ name: 'Accept', value: '' }] }) },
    });
    expect(await callPreStop(sidecar.port, '/prestop/app').released).toBe('DrainComplete');
  });

  test('with an endless response succeeds after the 10 KiB that the kubelet reads', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    const server = createServer((_, response) => response.write('x'.repeat(20_000)));
    const sidecar = await sidecarOf(operator, { hooks: { app: hookOn(await listen(server)) } });
    expect(await callPreStop(sidecar.port, '/prestop/app').released).toBe('DrainComplete');
  });

  // The kubelet emits an event FailedPreStopHook for a broken connection, as it would without the sidecar.
  test('breaks the connection of the kubelet when it fails', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(0));
    const server = createServer((_, response) => response.destroy());
    const sidecar = await sidecarOf(operator, { hooks: { app: hookOn(await listen(server)) } });
    await expect(callPreStop(sidecar.port, '/prestop/app').released).rejects.toThrow('socket hang up');
    expect(sidecar.events).toContain('AppHookFailed');
    expect(await operator.summary).toMatchObject({ reason: 'DrainComplete' });
  });

  test('that hangs is cut, early enough for the app to get its SIGTERM', async () => {
    const operator = await operatorOn();
    const killAtMs = Date.now() + 12_000;
    operator.answer(terminatingWith(0, killAtMs));
    const { listener } = createApp();
    const sidecar = await sidecarOf(operator, {
      policy: { quietPeriodMs: 0, shutdownMarginMs: 10_000 },
      hooks: { app: hookOn(await listen(createServer(listener))) },
    });
    await expect(callPreStop(sidecar.port, '/prestop/app').released).rejects.toThrow('socket hang up');
    // Of the grace of 12 s, the shutdown margin of 10 s is left, or half of it if the drain took 2 s.
    const leftMs = killAtMs - Date.now();
    expect(leftMs).toBeGreaterThan(4000);
    expect(leftMs).toBeLessThanOrEqual(10_100);
  });

  test('is not called when the kubelet has disconnected during the drain', async () => {
    const operator = await operatorOn();
    operator.answer(terminatingWith(1));
    const { calls, listener } = createApp();
    const sidecar = await sidecarOf(operator, { hooks: { app: hookOn(await listen(createServer(listener))) } });
    const given = callPreStop(sidecar.port, '/prestop/app');
    await operator.asked(2);
    given.disconnect();
    await operator.asked(2);
    operator.answer(terminatingWith(0));
    await operator.summary;
    expect(calls).toEqual([]);
  });
});
