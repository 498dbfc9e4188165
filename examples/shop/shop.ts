/**
 * A shop that keeps its carts in memory, so that a session exists only on the pod where it was started: the kind of app that Holdfast is for.
 * Each session has a secret that no other pod knows. Responses include it, so that a client can verify which session they belong to.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { startEventStream } from './events.ts';
import type { EventStream } from './events.ts';
import { parseRecord, readBody, readCookie, sendJson } from './http.ts';
import { contentSecurityPolicy, pageAssets, renderPage } from './page/page.ts';
import { acceptWebSocket } from './websocket.ts';
import type { WebSocketConnection } from './websocket.ts';

export type Shop = {
  server: Server;
  /** What the probes report; the caller may change it. */
  health: { ready: boolean; live: boolean };
  count(): { sessions: number; webSockets: number; eventStreams: number };
  /** All sessions as JSON, with which another shop can begin. */
  save(): string;
  /** Stops accepting, closes WebSockets and event streams, and resolves when every connection is closed: within a second. */
  close(): Promise<void>;
};

type Session = { id: string; secret: string; items: string[] };
type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
type SessionHandler = (session: Session, response: ServerResponse, body: string | undefined) => void;

const cookieName = 'shop';
const closeTimeoutMs = 800;

/** `demoUrl`: the demo's API, where the page of the shop watches and scales the pods. `saved`: the sessions of the shop before. */
export function createShop(pod: string, { demoUrl, saved = '[]' }: { demoUrl?: string; saved?: string } = {}): Shop {
  const before: Session[] = JSON.parse(saved);
  const sessions = new Map(before.map((session) => [session.id, session]));
  const webSockets = new Set<WebSocketConnection>();
  const eventStreams = new Set<EventStream>();
  const health = { ready: true, live: true };

  const sessionOf = ({ headers }: IncomingMessage): Session | undefined =>
    sessions.get(readCookie(headers.cookie, cookieName) ?? '');
  const view = ({ secret, items }: Session) => ({ pod, secret, items });
  const withSession =
    (handle: SessionHandler): Handler =>
    async (request, response) => {
      const body = await readBody(request);
      const session = sessionOf(request);
      if (session) handle(session, response, body);
      else sendJson(response, 401, { pod, error: 'this pod has no such session' });
    };

  const routes: Record<string, Handler> = {
    'GET /': (request, response) => {
      response.writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': contentSecurityPolicy(demoUrl),
      });
      response.end(renderPage({ pod, items: sessionOf(request)?.items, demoUrl }));
    },
    ...Object.fromEntries(Object.entries(pageAssets).map(([path, asset]) => [`GET ${path}`, sendAsset(asset)])),
    'GET /healthz': (_, response) => {
      sendJson(response, health.ready ? 200 : 503, { pod });
    },
    'GET /livez': (_, response) => {
      sendJson(response, health.live ? 200 : 500, { pod });
    },
    'POST /login': (_, response) => {
      const session: Session = {
        id: randomBytes(16).toString('hex'),
        secret: randomBytes(8).toString('hex'),
        items: [],
      };
      sessions.set(session.id, session);
      response.setHeader('set-cookie', `${cookieName}=${session.id}; Path=/; HttpOnly; SameSite=Lax`);
      sendJson(response, 200, view(session));
    },
    'GET /events': withSession(({ secret }, response) => {
      const stream = startEventStream(response, (number) => ({ pod, secret, number }));
      eventStreams.add(stream);
      response.once('close', () => eventStreams.delete(stream));
    }),
    'GET /cart': withSession((session, response) => {
      sendJson(response, 200, view(session));
    }),
    'POST /cart/items': withSession((session, response, body) => {
      const { item } = parseRecord(body ?? '');
      if (typeof item === 'string') session.items.push(item);
      sendJson(response, typeof item === 'string' ? 200 : 400, view(session));
    }),
    'POST /logout': withSession((session, response) => {
      sessions.delete(session.id);
      response.setHeader('set-cookie', `${cookieName}=; Path=/; Max-Age=0`);
      // Reports the end of the session, so that its pod need not wait for the idle timeout.
      response.setHeader('holdfast-session', 'end');
      sendJson(response, 200, view(session));
    }),
  };

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (head.length > 0) socket.unshift(head);
    const session = request.url === '/ws' ? sessionOf(request) : undefined;
    const connection =
      session &&
      acceptWebSocket(request, socket, (text, from) => {
        const message = parseRecord(text);
        from.send(JSON.stringify({ pod, secret: session.secret, message }));
        if (message['type'] === 'bye') from.close(1000);
      });
    if (!connection) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    webSockets.add(connection);
    socket.once('close', () => webSockets.delete(connection));
  }

  const server = createServer((request, response) => {
    const handle = routes[`${request.method} ${request.url?.split('?', 1)[0]}`];
    if (handle) Promise.resolve(handle(request, response)).catch(() => response.destroy());
    else sendJson(response, 404, { pod, error: 'no such page' });
  });
  server.on('upgrade', upgrade);
  return {
    server,
    health,
    count: () => ({ sessions: sessions.size, webSockets: webSockets.size, eventStreams: eventStreams.size }),
    save: () => JSON.stringify([...sessions.values()]),
    close() {
      for (const connection of webSockets) connection.close(1001);
      for (const stream of eventStreams) stream.close();
      return closeServer(server, webSockets);
    },
  };
}

const sendAsset =
  ({ type, body }: { type: string; body: string }): Handler =>
  (_, response) => {
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
    response.end(body);
  };

function closeServer(server: Server, webSockets: ReadonlySet<WebSocketConnection>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const connection of webSockets) connection.destroy();
      server.closeAllConnections();
    }, closeTimeoutMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
