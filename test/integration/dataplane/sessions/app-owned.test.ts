/** Sessions that the app owns, over real sockets: two pods that hand out ids of their own, as servlet containers and RPC servers do. */
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import {
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { endpointId } from '../../../../src/core/session/token.ts';
import { startProxy } from '../../../../src/dataplane/proxy.ts';
import { systemClock } from '../../../../src/platform/clock.ts';
import type { NamedCarrier } from '../../../../src/wire/routing-table.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryLogger } from '../../../support/memory-logger.ts';
import { proxyTable, type ShortTable } from '../../../support/proxy-table.ts';

let folder: string;
const cleanups: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'app-owned-'));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await rm(folder, { recursive: true });
});

async function startApp(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const appCookie: NamedCarrier = { type: 'ApplicationCookie', name: 'JSESSIONID' };

/** A proxy in front of pods that all run this app; the app gets the name of its pod. */
async function start(carrier: NamedCarrier, app: (pod: string) => RequestListener, pods = ['a', 'b']) {
  const endpoints = await Promise.all(pods.map(async (pod) => ({ pod, port: await startApp(app(pod)) })));
  const file = path.join(folder, 'table.json');
  const write = async (table: ShortTable) => {
    await writeFile(`${file}.new`, JSON.stringify(proxyTable({ ...table, persistence: { carrier } })));
    await rename(`${file}.new`, file);
  };
  await write({ endpoints });
  const proxy = await startProxy(
    { source: { kind: 'file', file }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 100 },
    { clock: systemClock, log: createMemoryLogger(), resolve: () => Promise.resolve([]), bindPort: () => 0 },
  );
  cleanups.push(() => proxy.stop());
  const port = await eventually(
    () => proxy.listeners.boundPort(80),
    (bound) => bound !== undefined,
  );
  return {
    call: (target: string, headers: Record<string, string> = {}, method = 'GET') =>
      call({ port: port ?? 0, target, headers, method }),
    sessions: () => pods.map((pod) => proxy.router.sessions.slots.byId(endpointId(`uid-${pod}`))?.sessions ?? 0),
    swap: async (table: ShortTable) => {
      const before = proxy.router.table();
      await write(table);
      await eventually(() => proxy.router.table() !== before, Boolean);
    },
    endpoints,
  };
}

type Response = { status: number; headers: IncomingHttpHeaders; body: string };
type Call = { port: number; target: string; headers: Record<string, string>; method: string };

async function call({ port, target, headers, method }: Call): Promise<Response> {
  const request = sendRequest({ port, path: target, headers, method, host: '127.0.0.1', agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Hands out ids as a servlet container does: at /login (a new one each time), taken back at /logout. Responds with its pod and the cookies it saw. */
const servlet = (pod: string): RequestListener => {
  let ids = 0;
  return (request, response) => {
    if (request.url === '/login') {
      ids += 1;
      response.setHeader('set-cookie', ['theme=dark', `JSESSIONID=${pod}-${ids}; Path=/; HttpOnly`]);
    } else if (request.url === '/logout') {
      response.setHeader('set-cookie', 'JSESSIONID=; Path=/; Max-Age=0');
    }
    response.end(`${pod}: ${request.headers.cookie ?? 'no cookie'}`);
  };
};

const cookieOf = ({ headers }: Response, name = 'JSESSIONID'): string =>
  headers['set-cookie']?.find((line) => line.startsWith(`${name}=`))?.split(';')[0] ?? '';

const token = String.raw`h1\.[\w-]{43}\.[\w-]{22}`;

describe('a session in a cookie of the app', () => {
  test('begins with the id that the app hands out, and stays on its pod; the app sees its own id only', async () => {
    const { call: visit, sessions } = await start(appCookie, servlet);
    const login = await visit('/login');
    const pod = login.body.slice(0, 1);
    expect(login.headers['set-cookie']).toEqual([
      'theme=dark',
      expect.stringMatching(new RegExp(`^JSESSIONID=${pod}-1~${token}; Path=/; HttpOnly$`)),
    ]);
    const cookie = cookieOf(login);
    for (let visits = 0; visits < 6; visits += 1) {
      const { body, headers } = await visit('/', { cookie: `a=1; ${cookie}; b=2` });
      expect(body).toBe(`${pod}: a=1; JSESSIONID=${pod}-1; b=2`);
      expect(headers['set-cookie']).toBeUndefined();
    }
    expect(sessions()).toEqual(pod === 'a' ? [1, 0] : [0, 1]);
  });

  test('of visitors who get no id is none: they are balanced, get no cookie and are not counted', async () => {
    const { call: visit, sessions } = await start(appCookie, servlet);
    const pods = new Set<string>();
    for (let visits = 0; visits < 40; visits += 1) {
      const { body, headers } = await visit('/', { cookie: 'theme=dark' });
      expect(headers['set-cookie']).toBeUndefined();
      pods.add(body.slice(0, 1));
    }
    expect(pods).toEqual(new Set(['a', 'b']));
    expect(sessions()).toEqual([0, 0]);
  });
});
