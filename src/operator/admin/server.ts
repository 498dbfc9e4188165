/** Health, metrics and a look inside, on a port of its own: plain HTTP, inside the cluster. */
import { createServer, type Server } from 'node:http';
import express from 'express';

export type AdminOptions = {
  metrics: { readonly contentType: string; metrics(): Promise<string> };
  /** Why the replica is not ready to serve; empty when it is. */
  notReady: () => string[];
  /** What /debug shows, by name. Must be free of secrets. */
  debug: Record<string, () => unknown>;
};

export function createAdminServer({ metrics, notReady, debug }: AdminOptions): Server {
  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_request, response) => {
    response.type('text').send('ok\n');
  });
  app.get('/readyz', (_request, response) => {
    const why = notReady();
    response
      .status(why.length === 0 ? 200 : 503)
      .type('text')
      .send(why.length === 0 ? 'ok\n' : `not ready: ${why.join(', ')}\n`);
  });
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  for (const [name, read] of Object.entries(debug)) {
    app.get(`/debug/${name}`, (_request, response) => {
      response.json(read());
    });
  }
  return createServer(app);
}
