/** What is measured, with the goals of docs/design/0010. */
import { h2loadLoad } from './load/h2load.ts';
import type { Load } from './load/load.ts';
import { messageLoad } from './load/message-load.ts';
import { handshakeLoad } from './load/s-time.ts';
import { wrkLoad } from './load/wrk.ts';
import type { Protocol } from './peers/peer.ts';
import type { WorkName } from './work-names.ts';

/**
 * `goal`: the highest ratio of the CPU to HAProxy's. `needs`: the program of the load generator. `unit`: what is counted. `everyone`: a quick
 * run measures all proxies, otherwise only those that goals are about.
 */
export type Workload = {
  name: WorkName;
  title: string;
  protocol: Protocol;
  unit: 'request' | 'message' | 'connection';
  needs: 'wrk' | 'h2load' | 'openssl' | 'node';
  goal: number;
  everyone?: true;
  load: Load;
};

/** CPU of Holdfast to that of Envoy, for every workload. */
export const goalToEnvoy = 0.5;

const browserHeaders = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Cache-Control: max-age=0',
  'Sec-Ch-Ua: "Chromium";v="140", "Not=A?Brand";v="24"',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Upgrade-Insecure-Requests: 1',
];

const http = (connections: number, path: string, headers: readonly string[] = []): Load =>
  wrkLoad({ scheme: 'http', connections, path, headers });

const small = (connections: 8 | 64 | 256, goal: number): Workload => ({
  name: `small-${connections}`,
  title: `small: 64-byte body, bare request, ${connections} connections`,
  protocol: 'http',
  unit: 'request',
  needs: 'wrk',
  goal,
  ...(connections === 64 && { everyone: true }),
  load: http(connections, '/64'),
});

const overHttp: readonly Workload[] = [
  small(64, 0.95),
  small(8, 0.95),
  small(256, 0.9),
  {
    name: 'small-repeated',
    title: 'small: 64-byte body, the same request again and again, as of clients that poll, 64 connections',
    protocol: 'http',
    unit: 'request',
    needs: 'h2load',
    goal: 0.95,
    load: h2loadLoad({ version: '1.1', connections: 64, streams: 1, path: '/64' }),
  },
  {
    name: 'page',
    title: 'page: 8 KiB body, request of a browser, 64 connections',
    protocol: 'http',
    unit: 'request',
    needs: 'wrk',
    goal: 0.92,
    everyone: true,
    load: http(64, '/8192', browserHeaders),
  },
  {
    name: 'mebibyte',
    title: '1 MiB body, 16 connections',
    protocol: 'http',
    unit: 'request',
    needs: 'wrk',
    goal: 0.6,
    load: http(16, '/1048576'),
  },
  {
    name: 'connection-per-request',
    title: 'a connection for each request, 64 at a time',
    protocol: 'http',
    unit: 'request',
    needs: 'wrk',
    goal: 1,
    load: http(64, '/64', ['Connection: close']),
  },
  {
    name: 'websocket',
    title: 'WebSocket: messages of 64 bytes and their answers, 64 connections',
    protocol: 'http',
    unit: 'message',
    needs: 'node',
    goal: 1,
    everyone: true,
    load: messageLoad({ kind: 'websocket', connections: 64, streams: 1 }),
  },
];

const handshake = (kind: 'new' | 'resumed'): Workload => ({
  name: `tls-${kind}`,
  title: `TLS 1.3: a connection for each request, ${kind === 'new' ? 'a full handshake' : 'a resumed session'}`,
  protocol: 'https',
  unit: 'connection',
  needs: 'openssl',
  goal: 1.2,
  load: handshakeLoad(kind),
});

const overTls: readonly Workload[] = [
  {
    name: 'tls-keep-alive',
    title: 'TLS 1.3: 64-byte body, 64 connections',
    protocol: 'https',
    unit: 'request',
    needs: 'wrk',
    goal: 1.1,
    everyone: true,
    load: wrkLoad({ scheme: 'https', connections: 64, path: '/64', headers: [] }),
  },
  handshake('new'),
  handshake('resumed'),
];

const overHttp2: readonly Workload[] = [
  {
    name: 'http2',
    title: 'HTTP/2 to clients, HTTP/1.1 to the app: 64-byte body, 8 connections with 32 streams',
    protocol: 'http2',
    unit: 'request',
    needs: 'h2load',
    goal: 1,
    load: h2loadLoad({ version: '2', connections: 8, streams: 32, path: '/64' }),
  },
  {
    name: 'grpc-unary',
    title: 'gRPC: unary calls with messages of 64 bytes, 8 connections with 32 streams',
    protocol: 'grpc',
    unit: 'request',
    needs: 'h2load',
    goal: 1,
    load: h2loadLoad({ version: '2', connections: 8, streams: 32, path: '/shop.Cart/Get', unary: true }),
  },
  {
    name: 'grpc-stream',
    title: 'gRPC: messages of 64 bytes and their answers on open streams, 8 connections with 8 streams',
    protocol: 'grpc',
    unit: 'message',
    needs: 'node',
    goal: 1,
    load: messageLoad({ kind: 'grpc', connections: 8, streams: 8 }),
  },
];

/** Those of one protocol follow each other: the proxies are started once for each protocol. */
export const workloads: readonly Workload[] = [...overHttp, ...overTls, ...overHttp2];
