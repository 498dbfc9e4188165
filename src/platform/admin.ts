/** The admin port of a long-running process: health and metrics over plain HTTP, inside the cluster only. Never in the request path. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import express, { type Express } from 'express';

export type AdminPorts = {
  registry: { readonly contentType: string; metrics(): Promise<string> };
  /** Returns what the process still waits for before it is ready; empty when it is ready. */
  notReady: () => readonly string[];
};

/**
 * Serves /healthz, /readyz and /metrics. The caller may add pages under /debug, which must not contain secrets. They show names, addresses
 * and UIDs, so only callers in the pod itself may read them: kubectl port-forward and kubectl exec, which need rights of their own.
 */
export function createAdminApp({ registry, notReady }: AdminPorts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use('/debug', (request, response, next) => {
    if (isLoopback(request.socket.remoteAddress)) next();
    else response.status(403).type('text/plain').send('only from the pod itself: use kubectl port-forward\n');
  });
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (_request, response) => {
    const missing = notReady();
    response
      .status(missing.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(missing.length === 0 ? 'ok\n' : `not ready: ${missing.join(', ')}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  return app;
}

const isLoopback = (address = ''): boolean => address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');

export type AdminServer = { port: number; close(): Promise<void> };

/** Scrapers, probes and a few people. The files of the process belong to its real work. */
const maxConnections = 64;

/** Closes the oldest connection when there are too many: one that is refused could be a liveness probe, and restart the container. */
function closeOldest(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > maxConnections) oldest?.destroy();
  });
}

/** Rejects if the port cannot be bound. */
export async function listenAdmin(app: Express, port: number): Promise<AdminServer> {
  const server = createServer(app);
  closeOldest(server);
  server.listen(port);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
