/** Connections to addresses of Services, over real sockets. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createApiServer, type ApiServer } from '../../../apiserver/server.ts';
import { startServiceProxy, type ServiceProxy } from '../../../network/service-proxy.ts';
import { endpointSlices, services } from '../../../../../src/kube/resources.ts';
import { eventually } from '../../../../../test/support/eventually.ts';
import { freePort } from '../../../../../test/support/free-port.ts';
import { createMemoryLogger } from '../../../../../test/support/memory-logger.ts';

let server: ApiServer;
let proxy: ServiceProxy;
const ends: (() => Promise<unknown>)[] = [];
const ref = { namespace: 'default', name: 'cart' };
/** Different for each test process: tests run concurrently. */
const block = `127.${100 + (process.pid % 11)}.${process.pid % 256}.0/24`;

beforeEach(async () => {
  server = await createApiServer({ serviceCidr: block });
  proxy = startServiceProxy({ api: server.api, log: createMemoryLogger() });
});
afterEach(async () => {
  await proxy.stop();
  await server.close();
  for (const end of ends.splice(0)) await end();
});

/** A server that sends its name and closes the connection. */
async function startBackend(name: string): Promise<number> {
  const backend = createServer((socket) => socket.end(name));
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  ends.push(() => backend[Symbol.asyncDispose]());
  const address = backend.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const sliceOf = (name: string, port: number, ready = true) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': 'cart' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints: [{ addresses: ['127.0.0.1'], conditions: { ready, serving: ready, terminating: false } }],
});

async function openService(spec: object = {}) {
  await server.api.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ref,
    spec: { selector: { app: 'none' }, ports: [{ name: 'http', port: 8080 }], ...spec },
  });
  return eventually(() => proxy.addressOf({ ...ref, port: 8080 }), Boolean);
}

/** Returns the text that a client with this address receives; undefined: the connection breaks. */
function ask(
  address: { host: string; port: number } | undefined,
  localAddress = '127.0.0.1',
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect({ host: String(address?.host), port: Number(address?.port), localAddress });
    socket.setEncoding('utf8').on('data', (text: string) => (said += text));
    socket.on('error', () => {
      resolve(undefined);
    });
    socket.on('end', () => {
      resolve(said);
    });
  });
}

test('connections are forwarded to the endpoints in turn, and only to those that are left', async () => {
  await server.api.create(endpointSlices, sliceOf('one', await startBackend('a')));
  const second = await server.api.create(endpointSlices, sliceOf('two', await startBackend('b')));
  const address = await openService();
  const said = [await ask(address), await ask(address), await ask(address), await ask(address)];
  expect(said.toSorted((one = '', other = '') => one.localeCompare(other))).toEqual(['a', 'a', 'b', 'b']);
  await server.api.delete(endpointSlices, second.metadata);
  expect([await ask(address), await ask(address)]).toEqual(['a', 'a']);
});

test('with sessionAffinity ClientIP a client address keeps its endpoint while that exists', async () => {
  const slices = [
    await server.api.create(endpointSlices, sliceOf('one', await startBackend('a'))),
    await server.api.create(endpointSlices, sliceOf('two', await startBackend('b'))),
  ];
  const address = await openService({ sessionAffinity: 'ClientIP' });
  const first = await ask(address, '127.9.0.1');
  expect([await ask(address, '127.9.0.1'), await ask(address, '127.9.0.1')]).toEqual([first, first]);
  expect(await ask(address, '127.9.0.2')).not.toBe(first);
  const gone = slices[first === 'a' ? 0 : 1];
  await server.api.delete(endpointSlices, { namespace: 'default', name: String(gone?.metadata.name) });
  expect(await ask(address, '127.9.0.1')).toBe(first === 'a' ? 'b' : 'a');
});

test('without a ready endpoint the connection is reset, and without the Service its address is closed', async () => {
  await server.api.create(endpointSlices, sliceOf('one', 1, false));
  const address = await openService();
  expect(await ask(address)).toBeUndefined();
  await server.api.delete(services, ref);
  expect(proxy.addressOf({ ...ref, port: 8080 })).toBeUndefined();
  expect(await ask(address)).toBeUndefined();
});

test('where another program has the port at all addresses, the Service listens 10,000 higher', async () => {
  const port = await freePort();
  const other = createServer();
  other.listen(port, '0.0.0.0');
  await once(other, 'listening');
  ends.push(() => other[Symbol.asyncDispose]());
  await server.api.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ref,
    spec: { selector: { app: 'none' }, ports: [{ name: 'http', port }] },
  });
  await server.api.create(endpointSlices, sliceOf('cart-1', await startBackend('one')));
  const address = await eventually(() => proxy.addressOf({ ...ref, port }), Boolean);
  expect(address?.port).toBe(port + 10_000);
  expect(await ask(address)).toBe('one');
});

test('each Service gets a unique address; a headless Service and one with a given address keep theirs', async () => {
  const create = async (name: string, spec: object) =>
    (
      await server.api.create(services, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace: 'default', name },
        spec: { ports: [{ port: 80 }], ...spec },
      })
    )['spec'];
  const first = await create('a', {});
  const second = await create('b', {});
  expect(first).not.toEqual(second);
  expect(await create('headless', { clusterIP: 'None' })).toMatchObject({ clusterIP: 'None' });
});
