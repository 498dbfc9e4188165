import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { startProxy, type Proxy } from '../../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import { eventually } from '../../../support/eventually.ts';
import { freePort } from '../../../support/free-port.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import {
  backendName,
  cookieName,
  proxyTable,
  type ShortEndpoint,
  type ShortTable,
} from '../../../support/proxy-table.ts';

let folder: string;
const started: { stop(): Promise<unknown> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'proxy-'));
});

afterEach(async () => {
  for (const part of started.splice(0).toReversed()) await part.stop();
  await rm(folder, { recursive: true });
});

type App = { short: ShortEndpoint; server: Server; stop(): Promise<unknown> };

/** An app that responds with its name, waits for `respond` on /slow, and echoes WebSocket messages with its name. */
async function startApp(pod: string): Promise<App & { respond: () => void; waiting: () => number }> {
  const waiting = new Set<ServerResponse>();
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/slow') waiting.add(response);
    else if (request.url === '/logout') response.setHeader('holdfast-session', 'end').end(pod);
    else response.end(`${pod} saw ${request.headers.cookie ?? 'no cookie'}`);
  };
  const server = createServer(answer);
  new WebSocketServer({ server }).on('connection', (socket) =>
    socket.on('message', (data: Buffer) => socket.send(`${pod}: ${data.toString()}`)),
  );
  // No other test gets it while the app is stopped.
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const app = {
    short: { pod, port },
    server,
    respond: () => {
      for (const response of waiting) response.end(pod);
      waiting.clear();
    },
    waiting: () => waiting.size,
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  started.push(app);
  return app;
}

const tableFile = () => path.join(folder, 'table.json');

/** Renamed into place, like the files of a ConfigMap. */
async function writeTable(table: ShortTable): Promise<void> {
  await writeFile(`${tableFile()}.new`, JSON.stringify(proxyTable(table)));
  await rename(`${tableFile()}.new`, tableFile());
}

async function run(shutdown: { delayMs?: number; graceMs?: number } = {}) {
  const log = createMemoryLogger();
  const config = {
    source: { kind: 'file' as const, file: tableFile() },
    adminPort: 0,
    shutdownDelayMs: shutdown.delayMs ?? 0,
    shutdownGraceMs: shutdown.graceMs ?? 100,
  };
  const proxy = await startProxy(config, {
    clock: systemClock,
    log,
    resolve: () => Promise.resolve([]),
    bindPort: () => 0,
  });
  started.push(proxy);
  return { proxy, log };
}

async function runReady() {
  const { proxy, log } = await run();
  const port = await eventually(
    () => proxy.listeners.boundPort(80),
    (bound) => bound !== undefined,
  );
  const url = (target: string) => `http://127.0.0.1:${port}${target}`;
  return { proxy, log, url, admin: (target: string) => fetch(`http://127.0.0.1:${proxy.adminPort}${target}`) };
}

const swapTo = async (proxy: Proxy, table: ShortTable) => {
  const before = proxy.router.table();
  await writeTable(table);
  await eventually(() => proxy.router.table() !== before, Boolean);
};

async function get(url: string, cookie?: string) {
  const response = await fetch(url, { headers: cookie === undefined ? {} : { cookie } });
  return {
    status: response.status,
    text: await response.text(),
    cookie: response.headers.getSetCookie()[0]?.split(';')[0],
  };
}

const podOf = ({ text }: { text: string }) => text.split(' ')[0];

describe('a proxy with a table from a file', () => {
  test('pins a client to its pod, hides its cookie from the app, and forwards other cookies unchanged', async () => {
    const [a, b] = [await startApp('a'), await startApp('b')];
    await writeTable({ endpoints: [a.short, b.short] });
    const { url } = await runReady();
    const first = await get(url('/'));
    for (let request = 0; request < 10; request += 1) {
      const next = await get(url('/'), `theme=dark; ${first.cookie}`);
      expect(next).toEqual({ status: 200, text: `${podOf(first)} saw theme=dark`, cookie: undefined });
    }
  });

  test('keeps sessions on a draining pod, including WebSockets, and sends new ones elsewhere', async () => {
    const [a, b] = [await startApp('a'), await startApp('b')];
    await writeTable({ endpoints: [a.short] });
    const { proxy, url } = await runReady();
    const { cookie = '' } = await get(url('/'));
    const socket = new WebSocket(url('/ws').replace('http', 'ws'), { headers: { cookie } });
    await once(socket, 'open');
    await swapTo(proxy, { endpoints: [{ ...a.short, state: 'Draining' }, b.short] });
    expect(podOf(await get(url('/'), cookie))).toBe('a');
    expect(podOf(await get(url('/')))).toBe('b');
    socket.send('still there?');
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(data.toString()).toBe('a: still there?');
    socket.terminate();
  });

  test('counts open requests, and ends a session when its app ends it', async () => {
    const a = await startApp('a');
    await writeTable({ endpoints: [a.short] });
    const { proxy, url, admin } = await runReady();
    const counts = () => {
      const { sessions, starting, open } =
        proxy.router.slotOf(
          'shop/cart',
          proxyTable({ endpoints: [a.short] }).backends['shop/cart']?.endpoints[0]?.id ?? '',
        ) ?? {};
      return { sessions, starting, open };
    };
    const slow = get(url('/slow'));
    await eventually(a.waiting, (waiting) => waiting === 1);
    expect(counts()).toEqual({ sessions: 0, starting: 1, open: 0 });
    a.respond();
    const { cookie } = await slow;
    expect(await eventually(counts, ({ open }) => open === 0)).toEqual({ sessions: 1, starting: 0, open: 0 });
    expect(await (await admin('/debug/sessions?endpoint=a')).json()).toMatchObject({
      endpoints: [{ pod: 'a', sessions: 1, first: [{ openRequests: 0 }] }],
    });
    expect((await get(url('/logout'), cookie)).cookie).toBe(`${cookieName}=`);
    expect(await eventually(counts, ({ sessions }) => sessions === 0)).toEqual({ sessions: 0, starting: 0, open: 0 });
  });

  test('keeps the session of a pod that refuses connections: 503 with Retry-After, and the pod again once it listens', async () => {
    const [a, b] = [await startApp('a'), await startApp('b')];
    await writeTable({ endpoints: [a.short] });
    const { proxy, url } = await runReady();
    const { cookie } = await get(url('/'));
    await swapTo(proxy, { endpoints: [a.short, b.short] });
    await a.stop();
    expect(await get(url('/'), cookie)).toMatchObject({ status: 503, cookie: undefined });
    expect((await get(url('/'))).text).toContain('b saw');
    a.server.listen(a.short.port, '127.0.0.1');
    await once(a.server, 'listening');
    expect(await get(url('/'), cookie)).toMatchObject({ status: 200, text: 'a saw no cookie', cookie: undefined });
    expect(proxy.router.counters.backends.get(backendName)?.ended.Lost).toBe(0);
  });

  test('responds with 503, the reason and Retry-After when no pod accepts', async () => {
    const a = await startApp('a');
    await writeTable({ endpoints: [{ ...a.short, state: 'Draining' }] });
    const { url } = await runReady();
    const response = await fetch(url('/'));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await response.text()).toContain('1 pod draining');
  });

  test.each(['match', 'persistence.newSessionOn[0]', 'persistence.exclude[0]'])(
    'keeps its table when the file has a regular expression that is not supported in %s',
    async (field) => {
      const a = await startApp('a');
      await writeTable({ endpoints: [a.short] });
      const { url, log } = await runReady();
      const table = proxyTable({ endpoints: [a.short] });
      const match = { path: { type: 'RegularExpression', value: '/(?!admin).*' } };
      const [, list] = /^persistence\.(\w+)/.exec(field) ?? [];
      const routes = table.routes.map((route) =>
        list === undefined ? { ...route, match } : { ...route, persistence: { ...route.persistence, [list]: [match] } },
      );
      await writeFile(tableFile(), JSON.stringify({ ...table, routes }));
      await eventually(log.messages, (messages) =>
        messages.includes('invalid table file: the last good one stays in use'),
      );
      expect(
        log.lines().find(({ message }) => message === 'invalid table file: the last good one stays in use')?.fields,
      ).toMatchObject({
        error: expect.stringContaining(
          `table.routes[0].${field}.path.value: "/(?!admin).*" is not a supported regular expression`,
        ),
      });
      expect((await get(url('/'))).status).toBe(200);
    },
  );

  test('serves every client while one sends what a regular expression of a route almost matches', async () => {
    const a = await startApp('a');
    const table = proxyTable({ endpoints: [a.short] });
    const slow = { type: 'RegularExpression' as const, name: 'x', value: '(a+)+b' };
    const [route] = table.routes.map((one) => ({ ...one, match: { ...one.match, headers: [slow] } }));
    await writeFile(tableFile(), JSON.stringify({ ...table, routes: [route, ...table.routes] }));
    const { url } = await runReady();
    // With a backtracking engine neither would ever get a response.
    const attacker = fetch(url('/'), { headers: { x: 'a'.repeat(10_000) } });
    const neighbour = fetch(url('/'));
    expect([(await attacker).status, (await neighbour).status]).toEqual([200, 200]);
  });

  test('keeps its table when the file becomes unreadable', async () => {
    const a = await startApp('a');
    await writeTable({ endpoints: [a.short] });
    const { url, log } = await runReady();
    await writeFile(tableFile(), '{"listeners":');
    await eventually(log.messages, (messages) =>
      messages.includes('invalid table file: the last good one stays in use'),
    );
    expect((await get(url('/'))).status).toBe(200);
  });
});

describe('the admin port', () => {
  test('is healthy, and ready once the listener is bound', async () => {
    await writeTable({ endpoints: [] });
    const { proxy } = await run();
    const admin = async (target: string) => {
      const response = await fetch(`http://127.0.0.1:${proxy.adminPort}${target}`);
      return { status: response.status, text: await response.text() };
    };
    expect(await admin('/healthz')).toMatchObject({ status: 200 });
    await eventually(
      () => proxy.listeners.boundPort(80),
      (bound) => bound !== undefined,
    );
    expect(await admin('/readyz')).toMatchObject({ status: 200 });
  });

  test('shows the table without its keys', async () => {
    const a = await startApp('a');
    await writeTable({ endpoints: [a.short] });
    const { admin } = await runReady();
    const table = await (await admin('/debug/table')).text();
    expect(table).toContain('uid-a');
    expect(table).toContain('"secret":"[redacted]"');
    expect(table).not.toContain(Buffer.alloc(32, 1).toString('base64'));
  });
});

describe('a proxy that shuts down', () => {
  test('becomes not ready, finishes open requests, and stops', async () => {
    const a = await startApp('a');
    await writeTable({ endpoints: [a.short] });
    const { proxy } = await run({ delayMs: 300, graceMs: 5000 });
    const port = await eventually(
      () => proxy.listeners.boundPort(80),
      (bound) => bound !== undefined,
    );
    const slow = get(`http://127.0.0.1:${port}/slow`);
    await eventually(a.waiting, (waiting) => waiting === 1);
    const stopped = proxy.stop();
    const readyz = await fetch(`http://127.0.0.1:${proxy.adminPort}/readyz`);
    expect({ status: readyz.status, text: await readyz.text() }).toEqual({
      status: 503,
      text: 'not ready: shutting down\n',
    });
    // Load balancers notice it after a while: until then new connections are served.
    expect((await get(`http://127.0.0.1:${port}/`)).status).toBe(200);
    setTimeout(() => {
      a.respond();
    }, 500);
    expect(await slow).toMatchObject({ status: 200, text: 'a' });
    await stopped;
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
    await expect(fetch(`http://127.0.0.1:${proxy.adminPort}/healthz`)).rejects.toThrow('fetch failed');
  });
});
