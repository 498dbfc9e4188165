/** The customer's WebSocket: the session's own pod answers every message, and only the client closes the connection. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { parseAnswer, SessionLost } from './answer.ts';

export type ShopWebSocket = {
  /** Sends a message and checks its echo. */
  ping(): Promise<void>;
  /** Says goodbye, and resolves when the app has closed. */
  bye(): Promise<void>;
  /** Drops the connection. */
  destroy(): void;
};

export type ShopWebSocketOptions = {
  url: string;
  localAddress?: string;
  headers: Record<string, string>;
  answerTimeoutMs: number;
  onCookies: (setCookies: readonly string[] | undefined) => void;
  check: (answer: Record<string, unknown>) => void;
};

export async function openShopWebSocket({
  url,
  answerTimeoutMs,
  onCookies,
  check,
  ...request
}: ShopWebSocketOptions): Promise<ShopWebSocket> {
  const socket = new WebSocket(url, { ...request, handshakeTimeout: answerTimeoutMs });
  let sent = 0;
  let closing = false;
  let pending: PromiseWithResolvers<string> | undefined;
  const closed = Promise.withResolvers<void>();
  // Awaited by the next message, which may be later.
  closed.promise.catch(() => undefined);

  socket.on('message', (data: Buffer) => pending?.resolve(data.toString('utf8')));
  socket.on('close', (code) => {
    if (closing && code === 1000) closed.resolve();
    else closed.reject(new SessionLost('WebSocketClosed', `closed with code ${code}`));
  });
  await opened(socket, onCookies);
  socket.on('error', (error) => {
    closed.reject(new SessionLost('WebSocketClosed', error.message));
  });

  async function ask(type: 'ping' | 'bye'): Promise<void> {
    sent += 1;
    pending = Promise.withResolvers<string>();
    socket.send(JSON.stringify({ type, number: sent }));
    const answer = parseAnswer(
      await withTimeout(Promise.race([pending.promise, closed.promise.then(() => '')]), answerTimeoutMs),
    );
    check(answer);
    const expected = JSON.stringify({ type, number: sent });
    if (JSON.stringify(answer['message']) !== expected) {
      throw new SessionLost('BadAnswer', `WebSocket: expected ${expected}, got ${JSON.stringify(answer['message'])}`);
    }
  }

  return {
    ping: () => ask('ping'),
    async bye() {
      closing = true;
      await ask('bye');
      await withTimeout(closed.promise, answerTimeoutMs);
    },
    destroy() {
      socket.terminate();
    },
  };
}

function opened(socket: WebSocket, onCookies: ShopWebSocketOptions['onCookies']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('upgrade', (response: IncomingMessage) => {
    onCookies(response.headers['set-cookie']);
  });
  socket.once('open', resolve);
  socket.once('error', (error) => {
    reject(new SessionLost('ConnectionBroken', `GET /ws: ${error.message}`));
  });
  socket.once('unexpected-response', (request, response) => {
    const kind = response.statusCode === 401 ? 'UnknownSession' : 'Status';
    reject(new SessionLost(kind, `GET /ws: ${response.statusCode}`));
    request.destroy();
  });
  return promise;
}

function withTimeout<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new SessionLost('Timeout', `WebSocket: no answer within ${timeoutMs} ms`));
  }, timeoutMs);
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}
