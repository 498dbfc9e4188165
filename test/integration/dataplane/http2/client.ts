/** A client of HTTP/2: that of Node. */
import { once } from 'node:events';
import http2 from 'node:http2';
import type {
  ClientHttp2Session,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2';
import { bodyOf } from '../http1/rig.ts';

export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer };

export type Http2Client = {
  session: ClientHttp2Session;
  /** Sends a GET to `shop.test`, but for what the headers say, and returns the whole response. */
  ask(headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer>;
  close(): void;
};

export async function connectHttp2(port: number): Promise<Http2Client> {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  await once(session, 'connect');
  return {
    session,
    async ask(headers, body) {
      const request = session.request({ ':path': '/', ':authority': 'shop.test', ...headers });
      request.end(body);
      const [answer] = (await once(request, 'response')) as [IncomingHttpHeaders & { ':status': number }];
      return { status: answer[':status'], headers: answer, body: await bodyOf(request) };
    },
    close: () => session.destroy(),
  };
}

/** An app that speaks HTTP/2 without TLS. */
export async function startHttp2App(
  listener: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => unknown,
  settings: http2.Settings = {},
): Promise<{ port: number; sessions: ServerHttp2Session[]; close(): void }> {
  const sessions: ServerHttp2Session[] = [];
  // In MB: the default refuses streams when clients do not read the responses.
  const app = http2.createServer({ maxSessionMemory: 1000, settings });
  app.on('session', (session) => sessions.push(session));
  app.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    listener(stream, headers);
  });
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  const address = app.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    sessions,
    close() {
      for (const session of sessions) session.destroy();
      app.close();
    },
  };
}
