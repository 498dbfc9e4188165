/** The API server of Kubernetes is a client written in Go: it opens more connections than it needs, keeps them for 90 s, and repeats no POST. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createInjectionHandler, webhookLimits } from '../../../../src/operator/injection/handler.ts';
import { createTlsServer } from '../../../../src/operator/https/server.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { createCertificates } from '../../../../tools/demo/certificate.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { listen } from '../../../support/tls-client.ts';

const server = createTlsServer(
  createInjectionHandler({
    settings: () => {
      throw new Error('no pod is injected here');
    },
    findWorkload: async () => 'NotSticky',
    randomKey: () => 'key',
    observe: () => undefined,
    clock: systemClock,
    logger: createMemoryLogger(),
  }),
  webhookLimits,
);
let port = 0;
let ca = '';
const sockets: TLSSocket[] = [];

beforeAll(async () => {
  const { caPem, certPem, keyPem } = await createCertificates({ addresses: ['127.0.0.1'] });
  server.setSecureContext({ cert: certPem, key: keyPem });
  ca = caPem;
  port = await listen(server);
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

type Connection = { socket: TLSSocket; received: () => string };

async function open(): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', ca });
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk))).on('error', () => undefined);
  await once(socket, 'secureConnect');
  return { socket, received: () => text };
}

const body = JSON.stringify({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { uid: 'u1', namespace: 'shop', object: { metadata: { name: 'cart' }, spec: { containers: [] } } },
});
const head = `POST /inject?timeout=10s HTTP/1.1\r\nHost: operator\r\nContent-Length: ${body.length}\r\n\r\n`;

async function review({ socket, received }: Connection): Promise<string> {
  const before = received().length;
  socket.write(head + body);
  while (!received().slice(before).endsWith('}') && !socket.destroyed) await sleep(10);
  return received().slice(before);
}

test('a connection that was not used for a while, or never, still takes a review', async () => {
  const [used, unused] = [await open(), await open()];
  expect(await review(used)).toContain('200 OK');
  await sleep(17_000);
  expect([used.socket.destroyed, unused.received()]).toEqual([false, '']);
  expect(await review(used)).toContain('200 OK');
  expect(await review(unused)).toContain('200 OK');
}, 30_000);

test('a review whose body does not arrive is dropped with its connection', async () => {
  const slow = await open();
  slow.socket.write(head + body.slice(0, 20));
  await once(slow.socket, 'close');
  expect(slow.received()).toBe('');
}, 30_000);
