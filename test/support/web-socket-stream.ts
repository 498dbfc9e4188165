/** WebSockets of Node's HTTP/2 client (RFC 8441): the package `ws` opens none itself. */
import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { WebSocket } from 'ws';

export type Opened = { stream: ClientHttp2Stream; headers: IncomingHttpHeaders };

/** Asks for `/ws`, but for what the headers say; resolves with the response, whatever its status. */
export async function openStream(session: ClientHttp2Session, headers: Record<string, string> = {}): Promise<Opened> {
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'http',
    ':path': '/ws',
    ':authority': 'shop.test',
    'sec-websocket-version': '13',
    ...headers,
  });
  stream.on('error', () => undefined);
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return { stream, headers: answer };
}

/** The client of `ws` on an open stream. */
export function webSocketOn({ stream }: Opened): WebSocket {
  // As the server of `ws` makes its own: without a request.
  const webSocket = Reflect.construct(WebSocket, [
    null,
    undefined,
    { autoPong: true, closeTimeout: 30_000 },
  ]) as WebSocket & {
    setSocket(socket: unknown, head: Buffer, options: object): void;
  };
  Reflect.set(webSocket, '_isServer', false);
  webSocket.setSocket(stream, Buffer.alloc(0), { maxPayload: 10_000_000, allowSynchronousEvents: true });
  return webSocket;
}
