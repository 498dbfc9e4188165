/** The server that the kubelet calls. `/prestop/<container>` responds when the gate releases and the app's own hook has finished, however long that takes. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ReleasedState } from '../src/core/drain/state.ts';
import { parsePreStopPath } from '../src/wire/app-pre-stop-hook.ts';
import { renderMetrics } from './metrics.ts';
import type { Counters } from './counters.ts';
import type { Drain } from './loop.ts';
import type { CallAppHook } from './app-hooks.ts';

export type ServerPorts = { drain: Drain; callAppHook: CallAppHook; counters: Counters; nowMs: () => number };

export function createSidecarServer(ports: ServerPorts): Server {
  const server = createServer(
    { requestTimeout: 0, keepAlive: true, keepAliveInitialDelay: 15_000 },
    (request, response) => {
      respond(request, response, ports);
    },
  );
  // The kubelet treats a broken connection as the end of the hook and stops the app: no timeout of ours may cut it.
  server.timeout = 0;
  return server;
}

function respond(request: IncomingMessage, response: ServerResponse, ports: ServerPorts): void {
  const path = request.url?.split('?', 1)[0] ?? '';
  const hook = parsePreStopPath(path);
  if (request.method !== 'GET') reply(response, 405, { error: 'only GET' });
  else if (hook) holdOpen(ports, response, { ...hook, userAgent: request.headers['user-agent'] });
  else if (path === '/healthz') reply(response, 200, { status: 'ok' });
  else if (path === '/state') reply(response, 200, ports.drain.view());
  else if (path === '/metrics') replyMetrics(response, ports);
  else reply(response, 404, { error: 'only /prestop/<container>, /healthz, /state and /metrics' });
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

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function replyMetrics(response: ServerResponse, { drain, counters, nowMs }: ServerPorts): void {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(renderMetrics(drain.view(), counters, nowMs()));
}
