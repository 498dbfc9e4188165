/** The admin port of a long-running part: health and metrics over plain HTTP, inside the cluster only. Never in a request path. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import express, { type Express } from 'express';

export type AdminPorts = {
  registry: { readonly contentType: string; metrics(): Promise<string> };
  /** What keeps the part from being ready; empty when nothing does. */
  notReady: () => readonly string[];
};

/** /healthz, /readyz and /metrics; the part adds its debug pages, which must show no secret. */
export function createAdminApp({ registry, notReady }: AdminPorts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  app.get('/readyz', (_request, response) => {
    const why = notReady();
    response
      .status(why.length === 0 ? 200 : 503)
      .type('text/plain')
      .send(why.length === 0 ? 'ok\n' : `not ready: ${why.join(', ')}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  return app;
}

export type AdminServer = { port: number; close(): Promise<void> };

/** Rejects where the port cannot be had. */
export async function listenAdmin(app: Express, port: number): Promise<AdminServer> {
  const server = createServer(app);
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
