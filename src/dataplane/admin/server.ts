/** The admin port: health, metrics and debug pages, inside the cluster only. Never in the request path. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import express, { type Express } from 'express';
import type { RoutingTable } from '../../core/table/routing-table.ts';
import type { SessionTable } from '../sessions/session-table.ts';
import { describeSessions, redactTable } from './debug.ts';

export type AdminPorts = {
  registry: { contentType: string; metrics(): Promise<string> };
  /** What keeps the proxy from being ready; undefined when nothing does. */
  notReadyBecause: () => string | undefined;
  table: () => RoutingTable | undefined;
  sessions: Pick<SessionTable, 'slots' | 'list'>;
};

export function createAdminApp({ registry, notReadyBecause, table, sessions }: AdminPorts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (_request, response) => {
    const why = notReadyBecause();
    response.status(why === undefined ? 200 : 503).type('text/plain').send(`${why ?? 'ok'}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  app.get('/debug/table', (_request, response) => {
    const current = table();
    if (current === undefined) response.status(503).type('text/plain').send('no routing table yet\n');
    else response.json(redactTable(current));
  });
  app.get('/debug/sessions', (request, response) => {
    const current = table();
    const { endpoint } = request.query;
    if (current === undefined) response.status(503).type('text/plain').send('no routing table yet\n');
    else response.json({ endpoints: describeSessions(current, sessions, typeof endpoint === 'string' ? endpoint : undefined) });
  });
  return app;
}

export type AdminServer = { port: number; close(): Promise<void> };

export async function listenAdmin(app: Express, port: number): Promise<AdminServer> {
  const server = createServer(app);
  server.listen(port);
  await once(server, 'listening');
  return {
    port: boundPort(server),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function boundPort(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
