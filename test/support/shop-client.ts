/**
 * A customer of the example shop, as strict as can be: one connection of its own, every cookie kept, nothing tried twice,
 * and every answer checked: status, pod, secret, cart. What is not right throws SessionLost.
 */
import { Agent, request as httpRequest } from 'node:http';
import { checkIdentity, checkStatus, SessionLost } from './shop-client-answer.ts';
import type { Answer, Identity } from './shop-client-answer.ts';
import { createCookieJar } from './shop-client-cookies.ts';
import { openShopWebSocket } from './shop-client-websocket.ts';
import type { ShopWebSocket } from './shop-client-websocket.ts';

export type ShopTarget = {
  host: string;
  port: number;
  /** Host header, where it is not the address. */
  hostname?: string;
};

export type ShopClient = {
  /** Begins the session; answers the pod it is on. */
  login(): Promise<string>;
  viewCart(): Promise<void>;
  addItem(item: string): Promise<void>;
  logout(): Promise<void>;
  openWebSocket(): Promise<ShopWebSocket>;
  /** Drops the connection. */
  close(): void;
};

export function createShopClient(target: ShopTarget, answerTimeoutMs = 10_000): ShopClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const jar = createCookieJar();
  const cart: string[] = [];
  let identity: Identity | undefined;

  const headers = (): Record<string, string> => ({ host: target.hostname ?? `${target.host}:${target.port}`, ...jar.header() });

  function exchange(method: string, path: string, body?: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = httpRequest({ agent, host: target.host, port: target.port, method, path, headers: headers() }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', broken);
      response.on('end', () => {
        jar.store(response.headers['set-cookie']);
        resolve({ status: response.statusCode ?? 0, body: text });
      });
    });
    const broken = (error: Error) => {
      reject(error instanceof SessionLost ? error : new SessionLost('ConnectionBroken', `${method} ${path}: ${error.message}`));
    };
    const timer = setTimeout(() => request.destroy(new SessionLost('Timeout', `${method} ${path}: no answer within ${answerTimeoutMs} ms`)), answerTimeoutMs);
    request.on('error', broken);
    request.on('close', () => {
      clearTimeout(timer);
    });
    request.end(body);
    return promise;
  }

  async function call(method: string, path: string, body?: string): Promise<void> {
    const answer = checkIdentity(checkStatus(`${method} ${path}`, await exchange(method, path, body)), identity);
    const items = answer['items'];
    if (JSON.stringify(items) !== JSON.stringify(cart)) throw new SessionLost('WrongCart', `${method} ${path}: expected ${JSON.stringify(cart)}, got ${JSON.stringify(items)}`);
  }

  return {
    async login() {
      const { pod, secret } = checkStatus('POST /login', await exchange('POST', '/login'));
      if (typeof pod !== 'string' || typeof secret !== 'string') throw new SessionLost('BadAnswer', 'POST /login: no pod or secret');
      identity = { pod, secret };
      return pod;
    },
    viewCart: () => call('GET', '/cart'),
    addItem(item) {
      cart.push(item);
      return call('POST', '/cart/items', JSON.stringify({ item }));
    },
    logout: () => call('POST', '/logout'),
    openWebSocket: () =>
      openShopWebSocket({
        url: `ws://${target.host}:${target.port}/ws`,
        headers: headers(),
        answerTimeoutMs,
        onCookies: jar.store,
        check: (answer) => {
          checkIdentity(answer, identity);
        },
      }),
    close() {
      agent.destroy();
    },
  };
}
