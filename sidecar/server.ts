/** What the kubelet calls. `/prestop` is answered when the gate releases, however long that takes. */
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { Drain } from './loop.ts';

export function createSidecarServer(drain: Drain): Server {
  const server = createServer({ requestTimeout: 0, keepAlive: true, keepAliveInitialDelay: 15_000 }, (request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET') reply(response, 405, { error: 'only GET' });
    else if (path === '/prestop') holdOpen(drain, response);
    else if (path === '/healthz') reply(response, 200, { status: 'ok' });
    else if (path === '/state') reply(response, 200, drain.view());
    else reply(response, 404, { error: 'only /prestop, /healthz and /state' });
  });
  // The kubelet takes a broken connection as the end of the hook and stops the app: no timeout of ours may cut it.
  server.timeout = 0;
  return server;
}

function holdOpen(drain: Drain, response: ServerResponse): void {
  const leave = drain.join((release) => {
    reply(response, 200, release);
  });
  response.once('close', leave);
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
