/** A customer of the shop whose login and WebSocket share one connection of HTTP/2. */
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { expect } from '@jest/globals';
import { createCookieJar } from '../../../tools/demo/customers/cookies.ts';
import type { ShopClient } from '../../../tools/demo/customers/shop-client.ts';
import type { ShopWebSocket } from '../../../tools/demo/customers/web-socket.ts';
import { openStream, webSocketOn } from '../../support/web-socket-stream.ts';

type Identity = { pod: string; secret: string };

export function createHttp2Customer(host: string): Pick<ShopClient, 'login' | 'openWebSocket' | 'close'> {
  const session = connect(`http://${host}:80`);
  session.on('error', () => undefined);
  // A proxy announces with them that it takes WebSockets.
  const settled = once(session, 'remoteSettings');
  const jar = createCookieJar();
  let identity: Identity | undefined;
  return {
    async login() {
      const { headers, body } = await ask(session, { ':method': 'POST', ':path': '/login' });
      expect(headers[':status']).toBe(200);
      jar.store(headers['set-cookie']);
      const { pod, secret } = JSON.parse(body) as Identity;
      identity = { pod, secret };
      return pod;
    },
    async openWebSocket() {
      await settled;
      const opened = await openStream(session, { ':authority': host, ...jar.header() });
      expect(opened.headers[':status']).toBe(200);
      return talkOn(webSocketOn(opened), identity);
    },
    close: () => session.destroy(),
  };
}

async function ask(
  session: ClientHttp2Session,
  fields: Record<string, string>,
): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  const request = session.request(fields);
  request.end();
  const [headers] = (await once(request, 'response')) as [IncomingHttpHeaders];
  return { headers, body: await text(request) };
}

function talkOn(socket: ReturnType<typeof webSocketOn>, identity: Identity | undefined): ShopWebSocket {
  const closed = once(socket, 'close') as Promise<[number]>;
  // Awaited by the next message, which may be later.
  closed.catch(() => undefined);
  let sent = 0;

  async function say(type: 'ping' | 'bye'): Promise<void> {
    sent += 1;
    const answer = once(socket, 'message') as Promise<[Buffer]>;
    socket.send(JSON.stringify({ type, number: sent }));
    const [data] = await Promise.race([answer, closed.then(([code]) => [Buffer.from(`"closed with ${code}"`)])]);
    expect(JSON.parse(String(data))).toEqual({ ...identity, message: { type, number: sent } });
  }

  return {
    ping: () => say('ping'),
    async bye() {
      await say('bye');
      expect((await closed)[0]).toBe(1000);
    },
    destroy: () => socket.terminate(),
  };
}
