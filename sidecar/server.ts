/**
 * The server that the kubelet calls. `/prestop/<container>` responds when the gate releases and the app's own hook has finished, however
 * long that takes. `callers.ts` decides who may call.
 */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { DrainRelease, ReleasedState } from '../src/core/drain/state.ts';
import { parsePreStopPath, probeKeyHeader } from '../src/wire/app-pre-stop-hook.ts';
import { renderMetrics } from './metrics.ts';
import type { Callers } from './callers.ts';
import type { Counters } from './counters.ts';
import type { Log } from './log.ts';
import type { Drain } from './loop.ts';
import type { CallAppHook } from './app-hooks.ts';

export type ServerPorts = {
  drain: Drain;
  callAppHook: CallAppHook;
  callers: Callers;
  counters: Counters;
  log: Log;
  nowMs: () => number;
};

/** For receiving a request, never for the response: the kubelet treats a broken connection as the end of the hook and stops the app. */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 5000,
  connectionsCheckingInterval: 2500,
  maxHeaderSize: 8 * 1024,
  keepAlive: true,
  keepAliveInitialDelay: 15_000,
};

export function createSidecarServer(ports: ServerPorts): Server {
  const callAppHook = once(ports.callAppHook);
  const server = createServer(limits, (request, response) => {
    respond(request, response, { ...ports, callAppHook });
  });
  server.timeout = 0;
  refuseSurplus(server, ports);
  return server;
}

/** Before the server allocates a parser for the connection: the memory of a refused connection is that of its socket, for a moment. */
function refuseSurplus(server: Server, { callers, counters }: ServerPorts): void {
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (callers.admit(socket)) {
      for (const listener of serve) listener.call(server, socket);
      return;
    }
    counters.refused.TooManyConnections += 1;
    socket.resetAndDestroy();
  });
}

function respond(request: IncomingMessage, response: ServerResponse, ports: ServerPorts): void {
  const { remoteAddress } = request.socket;
  const path = request.url?.split('?', 1)[0] ?? '';
  const hook = parsePreStopPath(path);
  if (request.method !== 'GET') return reply(response, 405, { error: 'only GET' });
  if (hook && !ports.callers.isLocal(remoteAddress)) return refuse(response, ports, { remoteAddress, path });
  if (hook) return holdOpen(ports, response, { ...hook, userAgent: request.headers['user-agent'] });
  const show = pages.get(path);
  if (show) return show(request, response, ports);
  return reply(response, 404, { error: `only /prestop/<container>, ${[...pages.keys()].join(', ')}` });
}

type Page = (request: IncomingMessage, response: ServerResponse, ports: ServerPorts) => void;

const pages = new Map<string, Page>([
  [
    '/healthz',
    ({ socket, headers }, response, { callers }) => {
      const isOurs = callers.onProbe(socket.remoteAddress, headers[probeKeyHeader]?.toString());
      reply(response, isOurs ? 200 : 503, { status: isOurs ? 'ok' : 'this is the sidecar of another pod' });
    },
  ],
  [
    '/state',
    ({ socket }, response, { drain, callers }) => {
      if (callers.isInPod(socket.remoteAddress)) reply(response, 200, drain.view());
      else reply(response, 403, { error: '/state is only for the pod itself: use kubectl port-forward' });
    },
  ],
  [
    '/metrics',
    (_request, response, ports) => {
      replyMetrics(response, ports);
    },
  ],
]);

type Refused = { remoteAddress: string | undefined; path: string };

function refuse(response: ServerResponse, { counters, log }: ServerPorts, { remoteAddress, path }: Refused): void {
  counters.refused.NotLocal += 1;
  // The first one: if it is the kubelet, the metric alone would not show which address it has.
  if (counters.refused.NotLocal === 1) log('CallerRefused', { address: remoteAddress, path });
  reply(response, 403, { error: `${path} is only for the node and the pod itself` });
}

type Caller = { container: string | undefined; userAgent: string | undefined };

function holdOpen(
  { drain, callAppHook, counters }: ServerPorts,
  response: ServerResponse,
  { container, userAgent }: Caller,
): void {
  const onReleased = async (state: ReleasedState): Promise<void> => {
    const { reason } = state.release;
    counters.releases.set(reason, (counters.releases.get(reason) ?? 0) + 1);
    // The kubelet only sees whether the connection of a hook broke. Breaking it too gives the pod the event that it would get without us.
    if (await callAppHook(container, state, userAgent)) reply(response, 200, state.release);
    else response.destroy();
  };
  const leave = drain.join((state) => void onReleased(state));
  response.once('close', leave);
}

/**
 * Calls the app's own hook once for each release, regardless of the number of calls: the kubelet repeats its call when it restarts, and may leave the
 * call of a restarted container open.
 */
function once(callAppHook: CallAppHook): CallAppHook {
  const calls = new WeakMap<DrainRelease, Map<string, Promise<boolean>>>();
  return (container = '', state, userAgent) => {
    const ofRelease = calls.get(state.release) ?? new Map<string, Promise<boolean>>();
    calls.set(state.release, ofRelease);
    const call = ofRelease.get(container) ?? callAppHook(container, state, userAgent);
    ofRelease.set(container, call);
    return call;
  };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function replyMetrics(response: ServerResponse, { drain, counters, nowMs }: ServerPorts): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(renderMetrics(drain.view(), counters, nowMs()));
}
