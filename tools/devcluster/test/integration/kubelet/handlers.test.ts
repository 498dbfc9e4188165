/** The results of probes and hooks. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createProber } from '../../../kubelet/handlers.ts';
import type { HandlerTarget } from '../../../kubelet/handlers.ts';
import type { Handler } from '../../../kubelet/pod.ts';
import { systemClock } from '../../../../../src/platform/clock.ts';

const prober = createProber(systemClock);
const answers: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/ok': (_, response) => response.end(),
  '/moved': (_, response) => response.writeHead(302, { location: '/bad' }).end(),
  '/bad': (_, response) => response.writeHead(503).end(),
  '/cut': (request) => request.socket.destroy(),
  '/never': () => undefined,
  '/header': (request, response) =>
    response
      .writeHead(
        request.headers['x-key'] === 'sesame' && request.headers['user-agent'] === 'kube-probe/1.35' ? 200 : 400,
      )
      .end(),
};
const server = createServer((request, response) => answers[request.url ?? '']?.(request, response));
let port: number;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** `run`: the first word of a command is its result. */
const targetOf = (): HandlerTarget => ({
  container: { name: 'app', image: 'shop', ports: [{ name: 'http', containerPort: port }] },
  podIp: '127.0.0.1',
  run: async ([word]) => ({ isOk: word === 'true', output: `${word} it is` }),
});
const signal = new AbortController().signal;

test.each<[string, () => Handler, string | undefined]>([
  ['200 succeeds', () => ({ httpGet: { path: '/ok', port } }), undefined],
  ['a redirect succeeds', () => ({ httpGet: { path: '/moved', port } }), undefined],
  ['a named port and a path without a slash succeed', () => ({ httpGet: { path: 'ok', port: 'http' } }), undefined],
  [
    'its headers and the user agent of the kubelet are sent',
    () => ({ httpGet: { path: '/header', port, httpHeaders: [{ name: 'X-Key', value: 'sesame' }] } }),
    undefined,
  ],
  ['503 fails', () => ({ httpGet: { path: '/bad', port } }), 'HTTP probe failed with statuscode: 503'],
  [
    'a port without a listener fails',
    () => ({ httpGet: { path: '/ok', port: 9 } }),
    'Get "http://127.0.0.1:9/ok": dial tcp 127.0.0.1:9: connect: connection refused',
  ],
  ['an unknown port name fails', () => ({ httpGet: { port: 'grpc' } }), "couldn't find port: grpc"],
  ['an open TCP port succeeds', () => ({ tcpSocket: { port } }), undefined],
  ['a closed TCP port fails', () => ({ tcpSocket: { port: 9 } }), 'dial tcp 127.0.0.1:9: connect: connection refused'],
  ['a command with exit code 0 succeeds', () => ({ exec: { command: ['true'] } }), undefined],
  ['a command with another exit code fails', () => ({ exec: { command: ['false'] } }), 'false it is'],
])('a probe: %s', async (_, handler, problem) => {
  const { isHealthy, message } = await prober.probe(handler(), targetOf(), { signal, timeoutMs: 20_000 });
  expect(isHealthy).toBe(problem === undefined);
  if (problem !== undefined) expect(message).toContain(problem);
});

test('a probe: no response before the timeout fails', async () => {
  const handler = { httpGet: { path: '/never', port } };
  expect(await prober.probe(handler, targetOf(), { signal, timeoutMs: 200 })).toMatchObject({
    isHealthy: false,
    message: expect.stringContaining('context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
  });
});

test.each<[string, () => Handler, boolean]>([
  ['any status succeeds', () => ({ httpGet: { path: '/bad', port } }), true],
  ['a broken connection fails', () => ({ httpGet: { path: '/cut', port } }), false],
  ['a command with another exit code fails', () => ({ exec: { command: ['false'] } }), false],
  ['sleep succeeds', () => ({ sleep: { seconds: 0 } }), true],
  ['tcpSocket, which no kubelet supports, fails', () => ({ tcpSocket: { port } }), false],
])('a preStop hook: %s', async (_, handler, isWell) => {
  const called = await prober.callHook(handler(), targetOf(), signal).then(
    () => true,
    () => false,
  );
  expect(called).toBe(isWell);
});
