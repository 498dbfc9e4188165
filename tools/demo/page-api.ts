/** The API behind the shop's page: it reports the pods and the customers' sessions, and scales the shop. */
import { createServer } from 'node:http';
import express, { type Response } from 'express';
import { listenOnLoopback } from './loopback.ts';
import type { DemoPod, DemoSessions } from './state.ts';
import { mostPods } from './shop.ts';

export type PageState = { wantedReplicas: number; pods: readonly DemoPod[]; sessions: DemoSessions };

export type PageTarget = {
  read: () => PageState;
  scale: (replicas: number) => Promise<void>;
};

export interface PageApi {
  readonly url: string;
  /** From now on pages of this origin have access; before, no page has. */
  allow(origin: string): void;
  close(): Promise<void>;
}

const eventEveryMs = 250;

/**
 * Listens on the loopback, where any page that the user's browser shows can send requests: so only requests from the shop's origin are
 * accepted. `GET /` returns the state, `GET /events` streams it as server-sent events, `POST /?replicas=N` scales.
 */
export async function startPageApi({ read, scale }: PageTarget): Promise<PageApi> {
  let allowed: string | undefined;
  const app = express().disable('x-powered-by');
  app.use((request, response, next) => {
    if (allowed === undefined || request.headers.origin !== allowed) {
      response.status(403).json({ error: 'only the page of the shop has access' });
      return;
    }
    response.set('access-control-allow-origin', allowed);
    next();
  });
  app.get('/', (_, response) => {
    response.json(read());
  });
  app.get('/events', (_, response) => {
    streamState(response, read);
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

/** An event whenever the state has changed, and the first at once. */
function streamState(response: Response, read: () => PageState): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let sent = '';
  const send = () => {
    const state = JSON.stringify(read());
    if (state !== sent) response.write(`data: ${state}\n\n`);
    sent = state;
  };
  send();
  const timer = setInterval(send, eventEveryMs);
  response.once('close', () => {
    clearInterval(timer);
  });
}
