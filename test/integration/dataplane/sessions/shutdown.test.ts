/** What the operator knows of a proxy that has shut down: a real proxy, app and sockets, and a fake replica of the operator. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { backendId } from '../../../../src/core/session/token.ts';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RoutingTable } from '../../../../src/wire/routing-table.ts';
import type { Proxy } from '../../../../src/dataplane/proxy.ts';
import { createCertificates, type Certificates } from '../../../../tools/demo/certificate.ts';
import { eventually } from '../../../support/eventually.ts';
import { operatorName, startFakeReplica, type FakeReplica } from '../../../support/fake-operator.ts';
import { listenLocally, startFollowingProxy } from '../../../support/proxy-process.ts';
import { backendName, proxyTable, type ShortEndpoint } from '../../../support/proxy-table.ts';

const certificates: Certificates = await createCertificates({ names: [operatorName] });

let folder: string;
const started: { stop(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'shutdown-'));
  await writeFile(path.join(folder, 'token'), 'token');
});

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
  await rm(folder, { recursive: true });
});

/** An app whose response to /logout, which ends the session, waits for `respond`. */
async function startApp() {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/logout') waiting.push(response.setHeader('holdfast-session', 'end'));
    else response.end('ok');
  });
  const listening = await listenLocally(server);
  started.push(listening);
  const endpoint: ShortEndpoint = {
    pod: 'a',
    port: listening.port,
  };
  return { endpoint, waiting, respond: () => waiting.pop()?.end('bye') };
}

async function runProxy(replica: FakeReplica, ...endpoints: ShortEndpoint[]): Promise<{ proxy: Proxy; url: string }> {
  return runWith(replica, proxyTable({ endpoints }));
}

async function runWith(replica: FakeReplica, table: RoutingTable): Promise<{ proxy: Proxy; url: string }> {
  replica.sendTable(1, table);
  const proxy = await startFollowingProxy(replica, {
    caPem: certificates.caPem,
    tokenFile: path.join(folder, 'token'),
    shutdownGraceMs: 5000,
  });
  started.push(proxy);
  const port = await eventually(
    () => proxy.listeners.boundPort(80),
    (bound) => bound !== undefined,
  );
  return { proxy, url: `http://127.0.0.1:${port}` };
}

test('a session that ends with the last response of a proxy that shuts down is no longer counted by any replica or other proxy', async () => {
  const replica = await startFakeReplica(certificates, { address: '127.0.0.1' });
  started.push(replica);
  const app = await startApp();
  const { proxy, url } = await runProxy(replica, app.endpoint);
  const cookie = (await fetch(url)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
  await eventually(
    () => replica.reports.at(-1)?.endpoints[0]?.sessions,
    (sessions) => sessions === 1,
  );
  const loggedOut = fetch(`${url}/logout`, { headers: { cookie } });
  await eventually(() => app.waiting.length, Boolean);
  const stopped = proxy.stop();
  app.respond();
  await loggedOut;
  await stopped;
  const last = replica.reports.at(-1);
  expect(Object.values(replica.sessions())).toEqual([0]);
  expect(last?.ended).toHaveLength(1);
  expect(replica.handovers).toMatchObject([{ sessions: [], ended: last?.ended, successorOf: [] }]);
});

test('a proxy that adopted sessions and shuts down next hands over the sessions of both', async () => {
  const replica = await startFakeReplica(certificates, { address: '127.0.0.1' });
  started.push(replica);
  const app = await startApp();
  const { proxy } = await runProxy(replica, app.endpoint);
  const [endpoint] = Object.values(proxy.router.table()?.backends ?? {}).flatMap(({ endpoints }) => endpoints);
  // Recently alive: the sweep drops one that has expired.
  const nowS = Math.floor(Date.now() / 1000);
  const backend = backendId(backendName);
  const handed = { id: '00000000deadbeef', endpoint: endpoint?.id ?? '', backend, lastSeenS: nowS, issuedAtS: nowS };
  const first = { uid: 'uid-first', startedAtMs: 1 };
  const handover = { from: 'uid-second', startedAtMs: 2, sessions: [handed], ended: [], successorOf: [first] };
  replica.send(JSON.stringify({ type: 'handover', replica: 'operator-1', handover }));
  await eventually(() => proxy.router.sessions.size(), Boolean);
  await proxy.stop();
  expect(replica.handovers).toMatchObject([
    { sessions: [handed], successorOf: [{ uid: 'uid-second', startedAtMs: 2 }, first] },
  ]);
});

/** A client of a stream that its app ends on /logout. */
async function openStream(url: string, app: Awaited<ReturnType<typeof startApp>>) {
  const cookie = (await fetch(url)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const over = fetch(`${url}/logout`, { headers: { cookie } }).then(
    (response) => response.status,
    () => 'cut' as const,
  );
  await eventually(() => app.waiting.length, Boolean);
  return over;
}

/** Stops a proxy while a stream is open. `over`: how the stream ends. */
async function stopDuringStream() {
  const replica = await startFakeReplica(certificates, { address: '127.0.0.1' });
  started.push(replica);
  const app = await startApp();
  const { proxy, url } = await runProxy(replica, app.endpoint);
  const over = openStream(url, app);
  await eventually(() => app.waiting.length, Boolean);
  return { replica, app, proxy, url, over, stopped: proxy.stop() };
}

test('a proxy that shuts down counts the session of an open stream until the stream ends, then hands its sessions over', async () => {
  const { replica, app, over, stopped } = await stopDuringStream();
  // The pod drains meanwhile: the reports of this proxy are what holds it.
  replica.sendTable(2, proxyTable({ endpoints: [{ ...app.endpoint, state: 'Draining' }] }));
  const before = replica.reports.length;
  const since = await eventually(
    () => replica.reports.slice(before).filter(({ acknowledged }) => acknowledged?.nonce === 2),
    (reports) => reports.length >= 2,
  );
  expect(since.map(({ endpoints }) => endpoints[0]?.sessions)).not.toContain(0);
  expect(replica.handovers).toEqual([]);
  app.respond();
  expect(await over).toBe(200);
  await stopped;
  expect(replica.handovers).toHaveLength(1);
  expect(Object.values(replica.sessions())).toEqual([0]);
});

test('a proxy that shuts down binds no port of a later table', async () => {
  const { replica, app, proxy, url, over, stopped } = await stopDuringStream();
  await eventually(
    () =>
      fetch(url).then(
        () => 'open',
        () => 'closed',
      ),
    (state) => state === 'closed',
  );
  const table = proxyTable({ endpoints: [app.endpoint] });
  replica.sendTable(2, { ...table, listeners: [...table.listeners, { name: 'more', protocol: 'HTTP', port: 81 }] });
  await eventually(
    () => proxy.router.table()?.listeners.length,
    (length) => length === 2,
  );
  expect(proxy.listeners.boundPort(81)).toBeUndefined();
  app.respond();
  await Promise.all([over, stopped]);
});

test('a proxy that shuts down waits for open streams as long as drainTimeout of its settings, not longer', async () => {
  const replica = await startFakeReplica(certificates, { address: '127.0.0.1' });
  started.push(replica);
  const app = await startApp();
  const table = proxyTable({ endpoints: [app.endpoint] });
  const { proxy, url } = await runWith(replica, { ...table, proxy: { ...table.proxy, drainTimeoutMs: 50 } });
  const over = openStream(url, app);
  await eventually(() => app.waiting.length, Boolean);
  await proxy.stop();
  expect(await over).toBe('cut');
  expect(replica.handovers).toHaveLength(1);
});
