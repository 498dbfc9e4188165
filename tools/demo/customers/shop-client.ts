/**
 * A customer of the example shop, as strict as can be: one connection of its own, every cookie kept, and every answer checked:
 * status, pod, secret, cart. A wrong response throws SessionLost. No request is retried, unless the client may reconnect: then a broken
 * connection is a cut, and only the next response shows whether the session is lost.
 */
import { Agent, request as httpRequest } from 'node:http';
import { checkIdentity, checkStatus, SessionLost } from './answer.ts';
import type { Answer, Identity } from './answer.ts';
import { createCookieJar } from './cookies.ts';
import type { CookieJar } from './cookies.ts';
import { openShopEvents } from './event-stream.ts';
import type { ShopEvents } from './event-stream.ts';
import { patiently } from './patience.ts';
import type { Patience } from './patience.ts';
import { isCut, persist } from './reconnect.ts';
import type { Reconnect } from './reconnect.ts';
import { openShopWebSocket } from './web-socket.ts';
import type { ShopWebSocket } from './web-socket.ts';

export type ShopTarget = {
  host: string;
  port: number;
  /** Host header, where it is not the address. */
  hostname?: string;
  /** The customer's own address, where it matters. */
  localAddress?: string;
};

export type ShopClientOptions = {
  answerTimeoutMs?: number;
  /** Cookies of an earlier visit. */
  jar?: CookieJar;
  reconnect?: Reconnect;
  /** Default: a 503 response is an answer like any other. */
  patience?: Patience;
  /** A page that the customer opens before the login. The app may begin a session there, which the login continues. */
  landingPage?: string;
  /** A connection for each request, each through any proxy; default: one connection is kept. */
  freshConnections?: boolean;
};

export type ShopClient = {
  /** Begins the session. Returns its pod. */
  login(): Promise<string>;
  viewCart(): Promise<void>;
  addItem(item: string): Promise<void>;
  logout(): Promise<void>;
  openWebSocket(): Promise<ShopWebSocket>;
  openEvents(): Promise<ShopEvents>;
  /** Drops the connection. */
  close(): void;
};

const sameItems = (one: unknown, other: readonly string[]): boolean => JSON.stringify(one) === JSON.stringify(other);

export function createShopClient(target: ShopTarget, options: ShopClientOptions = {}): ShopClient {
  const {
    answerTimeoutMs = 10_000,
    jar = createCookieJar(),
    reconnect,
    patience,
    freshConnections = false,
    landingPage,
  } = options;
  const agent = new Agent({ keepAlive: !freshConnections, maxSockets: 1 });
  let cart: string[] = [];
  let identity: Identity | undefined;
  const from = target.localAddress === undefined ? {} : { localAddress: target.localAddress };

  const headers = (): Record<string, string> => ({
    host: target.hostname ?? `${target.host}:${target.port}`,
    ...jar.header(),
  });

  const exchange = (method: string, path: string, body?: string): Promise<Answer> =>
    patiently(() => send(method, path, body), patience);

  function send(method: string, path: string, body?: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const request = httpRequest(
      { agent, host: target.host, port: target.port, ...from, method, path, headers: headers() },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', broken);
        response.on('end', () => {
          jar.store(response.headers['set-cookie']);
          const retryAfter = response.headers['retry-after'];
          resolve({
            status: response.statusCode ?? 0,
            body: text,
            ...(retryAfter !== undefined && { retryAfterS: Number(retryAfter) }),
          });
        });
      },
    );
    const broken = (error: Error) => {
      reject(
        error instanceof SessionLost
          ? error
          : new SessionLost('ConnectionBroken', `${method} ${path}: ${error.message}`),
      );
    };
    const timer = setTimeout(
      () => request.destroy(new SessionLost('Timeout', `${method} ${path}: no answer within ${answerTimeoutMs} ms`)),
      answerTimeoutMs,
    );
    request.on('error', broken);
    request.on('close', () => {
      clearTimeout(timer);
    });
    request.end(body);
    return promise;
  }

  const judge = (what: string, answer: Answer): Record<string, unknown> =>
    checkIdentity(checkStatus(what, answer), identity);

  function checkCart(what: string, { items }: Record<string, unknown>, allowed: readonly string[][]): void {
    const found = allowed.find((each) => sameItems(items, each));
    if (!found) {
      throw new SessionLost(
        'WrongCart',
        `${what}: expected ${JSON.stringify(allowed[0])}, got ${JSON.stringify(items)}`,
      );
    }
    cart = found;
  }

  async function viewCart(allowed: readonly string[][]): Promise<void> {
    checkCart('GET /cart', judge('GET /cart', await persist(() => exchange('GET', '/cart'), reconnect)), allowed);
  }

  async function addItem(item: string): Promise<void> {
    const [before, after] = [cart, [...cart, item]];
    try {
      checkCart(
        'POST /cart/items',
        judge('POST /cart/items', await exchange('POST', '/cart/items', JSON.stringify({ item }))),
        [after],
      );
    } catch (error) {
      if (!reconnect || !isCut(error)) throw error;
      reconnect.onCut(error.message);
      // Whether the item arrived before the connection broke, only the cart shows.
      await viewCart([after, before]);
    }
  }

  async function logout(): Promise<void> {
    let tries = 0;
    const answer = await persist(() => {
      tries += 1;
      return exchange('POST', '/logout');
    }, reconnect);
    // Unknown after a broken first attempt: the app has executed it.
    if (tries === 1 || answer.status !== 401) checkCart('POST /logout', judge('POST /logout', answer), [cart]);
  }

  return {
    async login() {
      const landing = landingPage && checkStatus(`GET ${landingPage}`, await exchange('GET', landingPage));
      const { pod, secret } = checkStatus('POST /login', await exchange('POST', '/login'));
      if (landing && (landing['pod'] !== pod || landing['secret'] !== secret)) {
        throw new SessionLost('WrongPod', `POST /login: pod ${String(pod)} after ${String(landing['pod'])}`);
      }
      if (typeof pod !== 'string' || typeof secret !== 'string') {
        throw new SessionLost('BadAnswer', 'POST /login: no pod or secret');
      }
      identity = { pod, secret };
      return pod;
    },
    viewCart: () => viewCart([cart]),
    addItem,
    logout,
    openWebSocket: () =>
      openShopWebSocket({
        url: `ws://${target.host}:${target.port}/ws`,
        ...from,
        headers: headers(),
        answerTimeoutMs,
        onCookies: jar.store,
        check: (answer) => {
          checkIdentity(answer, identity);
        },
      }),
    openEvents: () =>
      openShopEvents({
        host: target.host,
        port: target.port,
        ...from,
        headers: headers(),
        answerTimeoutMs,
        check: (answer) => {
          checkIdentity(answer, identity);
        },
      }),
    close() {
      agent.destroy();
    },
  };
}
