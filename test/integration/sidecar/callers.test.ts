import { once } from 'node:events';
import { createServer, request, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { createCallers } from '../../../sidecar/callers.ts';
import { parseAddress } from '../../../src/platform/cidr.ts';
import { eventually } from '../../support/eventually.ts';
import { terminatingWith } from './fake-operator.ts';
import { callPreStop } from './pre-stop.ts';
import { createRig } from './rig.ts';

const rig = createRig();

/** An address of this machine that is not loopback: a connection to it comes from it, as from another pod. */
const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

const testFromOutside = ownAddress === undefined ? test.skip : test;

async function get(port: number, path: string, headers = {}): Promise<number> {
  const sent = request({ host: ownAddress, port, path, headers, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

/** An app whose hook counts its calls. */
async function appWithHook() {
  let calls = 0;
  const app = createServer((_request, response) => {
    calls += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  rig.cleanUps.push(() => app[Symbol.asyncDispose]());
  const { port } = app.address() as AddressInfo;
  const hook = { scheme: 'HTTP' as const, port, path: '/shutdown', headers: [] };
  return { hook, calls: () => calls };
}

describe('a call from another pod', () => {
  testFromOutside('runs no hook and reads no state, but may read health and metrics', async () => {
    const operator = await rig.operatorOn();
    operator.answer({ terminating: false });
    const { hook, calls } = await appWithHook();
    const { port, counters, events } = await rig.sidecarOf(operator, { hooks: { app: hook }, listenOn: '::' });
    const statuses = (paths: string[]) => Promise.all(paths.map((path) => get(port, path)));
    expect(await statuses(['/prestop/app', '/prestop', '/prestop/app?x'])).toEqual([403, 403, 403]);
    expect(await statuses(['/healthz', '/state', '/metrics'])).toEqual([200, 403, 200]);
    expect(calls()).toBe(0);
    expect(counters.refused.NotLocal).toBe(3);
    expect(events).toEqual(['CallerRefused']);
  });

  testFromOutside('runs the hook if its address is one of the node', async () => {
    const operator = await rig.operatorOn();
    operator.answer({ terminating: false });
    const { port } = await rig.sidecarOf(operator, { listenOn: '::', callers: { hostIps: [ownAddress ?? ''] } });
    expect(await get(port, '/prestop/app')).toBe(200);
  });

  testFromOutside('runs the hook if the kubelet has probed from there with the key of the pod', async () => {
    const operator = await rig.operatorOn();
    operator.answer({ terminating: false });
    const { port } = await rig.sidecarOf(operator, { listenOn: '0.0.0.0', callers: { probeKey: 'secret' } });
    expect(await get(port, '/healthz', { 'Holdfast-Probe-Key': 'guess!' })).toBe(503);
    expect(await get(port, '/prestop/app')).toBe(403);
    expect(await get(port, '/healthz', { 'Holdfast-Probe-Key': 'secret' })).toBe(200);
    expect(await get(port, '/prestop/app')).toBe(200);
  });

  testFromOutside('leaves room for the kubelet, however many connections others open', async () => {
    const operator = await rig.operatorOn();
    operator.answer(terminatingWith(1));
    const { port, counters } = await rig.sidecarOf(operator, { listenOn: '0.0.0.0' });
    const held = callPreStop(port, '/prestop/app');
    const sockets = await Promise.all(Array.from({ length: 500 }, () => flood(port)));
    await eventually(
      () => counters.refused.TooManyConnections,
      (refused) => refused >= 500 - 32,
    );
    operator.answer(terminatingWith(0));
    expect(await held.released).toBe('DrainComplete');
    for (const socket of sockets) socket.destroy();
  });
});

/** Opens a connection that sends the beginning of a long header and nothing more. */
async function flood(port: number): Promise<Socket> {
  const socket = connect({ host: ownAddress, port }).on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET /prestop/app HTTP/1.1\r\nx: ${'x'.repeat(4000)}`);
  return socket;
}

test("the app's own hook is called once in a termination, however often the kubelet calls", async () => {
  const operator = await rig.operatorOn();
  operator.answer(terminatingWith(0));
  const { hook, calls } = await appWithHook();
  const { port } = await rig.sidecarOf(operator, { hooks: { app: hook } });
  const [one, other] = [callPreStop(port, '/prestop/app'), callPreStop(port, '/prestop/app')];
  expect([await one.released, await other.released]).toEqual(['DrainComplete', 'DrainComplete']);
  expect(await callPreStop(port, '/prestop/app').released).toBe('DrainComplete');
  expect(calls()).toBe(1);
});

test('a header of more than 8 KiB is rejected', async () => {
  const { port } = await rig.sidecarOf(await rig.operatorOn());
  const sent = request({ host: '127.0.0.1', port, path: '/healthz', headers: { x: 'x'.repeat(9000) } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(431);
});

test.each([
  ['loopback', '127.0.0.1', true],
  ['loopback of a socket for both families', '::ffff:127.0.0.1', true],
  ['loopback over IPv6', '::1', true],
  ['the node', '192.0.2.10', true],
  ['the node, of a socket for both families', '::ffff:192.0.2.10', true],
  ['the node over IPv6', '2001:db8::10', true],
  ['the bridge', '10.1.0.1', true],
  ['another pod', '10.1.0.2', false],
  ['another pod over IPv6', '2001:db8::11', false],
  ['an unknown address', undefined, false],
])('the address of %s is local: %s, %s', (_, address, expected) => {
  const gateways = [parseAddress('10.1.0.1') ?? ''];
  const callers = createCallers({ hostIps: ['192.0.2.10', '2001:db8::10'], gateways });
  expect(callers.isLocal(address)).toBe(expected);
});

test('only the first probe with the key shows an address of the kubelet', () => {
  const callers = createCallers({ hostIps: [], gateways: [], probeKey: 'secret' });
  callers.onProbe('10.1.0.2', 'secret');
  callers.onProbe('10.1.0.3', 'secret');
  expect([callers.isLocal('10.1.0.2'), callers.isLocal('10.1.0.3')]).toEqual([true, false]);
});

test('no probe shows an address in a pod without a key', () => {
  const callers = createCallers({ hostIps: [], gateways: [] });
  callers.onProbe('10.1.0.2', '');
  expect(callers.isLocal('10.1.0.2')).toBe(false);
});
