/** A real proxy in front of real apps that hand out session ids of their own, as servlet containers and RPC servers do. */
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import {
  createServer,
  request as sendRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
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

async function startApp(listener: RequestListener, upgrade?: (server: Server) => unknown): Promise<number> {
  const server = createServer(listener);
  upgrade?.(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

type OwnedOptions = Partial<ShortTable> & {
  pods?: string[];
  /** Handles upgrades of an app. */
  upgrade?: (server: Server) => unknown;
};

/** A proxy in front of pods that all run this app; the app gets the name of its pod. */
export async function startOwned(
  carrier: NamedCarrier,
  app: (pod: string) => RequestListener,
  { pods = ['a', 'b'], upgrade, ...settings }: OwnedOptions = {},
) {
  const endpoints = await Promise.all(pods.map(async (pod) => ({ pod, port: await startApp(app(pod), upgrade) })));
  const file = path.join(folder, 'table.json');
  const write = async (table: ShortTable) => {
    await writeFile(
      `${file}.new`,
      JSON.stringify(proxyTable({ ...settings, ...table, persistence: { carrier, ...table.persistence } })),
    );
    await rename(`${file}.new`, file);
  };
  await write({ endpoints });
  const log = createMemoryLogger();
  const proxy = await startProxy(
    { source: { kind: 'file', file }, adminPort: 0, shutdownDelayMs: 0, shutdownGraceMs: 100 },
    { clock: systemClock, log, resolve: () => Promise.resolve([]), bindPort: () => 0 },
  );
  cleanups.push(() => proxy.stop());
  const port = await eventually(
    () => proxy.listeners.boundPort(80),
    (bound) => bound !== undefined,
  );
  return {
    call: (target: string, headers: Record<string, string> = {}, method = 'GET') =>
      call({ port: port ?? 0, target, headers, method }),
    port: port ?? 0,
    log,
    metrics: async () => (await (await fetch(`http://127.0.0.1:${proxy.adminPort}/metrics`)).text()).split('\n'),
    sessions: () =>
      pods.map((pod) => proxy.router.sessions.slots.ofEndpoint(endpointId(`uid-${pod}`))[0]?.sessions ?? 0),
    swap: async (table: ShortTable) => {
      const before = proxy.router.table();
      await write(table);
      await eventually(() => proxy.router.table() !== before, Boolean);
    },
    endpoints,
  };
}

export type Response = { status: number; headers: IncomingHttpHeaders; body: string };
type Call = { port: number; target: string; headers: Record<string, string>; method: string };

async function call({ port, target, headers, method }: Call): Promise<Response> {
  const request = sendRequest({ port, path: target, headers, method, host: '127.0.0.1', agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Returns the cookie that a client sends after a response, or an empty string. */
export const cookieOf = ({ headers }: Response, name = 'JSESSIONID'): string =>
  headers['set-cookie']?.find((line) => line.startsWith(`${name}=`))?.split(';')[0] ?? '';

export const tokenPattern = String.raw`h1\.[\w-]{43}\.[\w-]{22}`;
