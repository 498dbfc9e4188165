/** What the shop's page asks of the demo: which pods there are, and for more of them or fewer. */
import { createServer } from 'node:http';
import express from 'express';
import { listenOnLoopback } from './loopback.ts';
import type { DemoPod } from './state.ts';
import { mostPods } from './shop.ts';

export type ScaleTarget = {
  read: () => { wantedReplicas: number; pods: readonly DemoPod[] };
  scale: (replicas: number) => Promise<void>;
};

export interface ScaleServer {
  readonly url: string;
  /** From now on pages of this origin may ask; without it nobody may. */
  allow(origin: string): void;
  close(): Promise<void>;
}

/**
 * On the loopback, as every page of every site that the person's browser shows can call it: so only the origin of the shop is
 * answered. `GET` answers `{ wantedReplicas, pods }`, `POST ?replicas=N` too.
 */
export async function startScaleServer({ read, scale }: ScaleTarget): Promise<ScaleServer> {
  let allowed: string | undefined;
  const app = express().disable('x-powered-by');
  app.use((request, response, next) => {
    if (allowed === undefined || request.headers.origin !== allowed) {
      response.status(403).json({ error: 'only the page of the shop may ask' });
      return;
    }
    response.set('access-control-allow-origin', allowed);
    next();
  });
  app.get('/', (_, response) => {
    response.json(read());
  });
  app.post('/', async (request, response) => {
    const replicas = Number(request.query['replicas']);
    if (!Number.isInteger(replicas) || replicas < 1 || replicas > mostPods) {
      response.status(400).json({ error: `replicas must be a whole number from 1 to ${mostPods}` });
      return;
    }
    await scale(replicas);
    response.json(read());
  });
  const server = createServer(app);
  const { host, port } = await listenOnLoopback(server);
  return {
    url: `http://${host}:${port}/`,
    allow(origin) {
      allowed = origin;
    },
    async close() {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    },
  };
}
