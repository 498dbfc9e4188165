/** Routing tables and requests for tests of the proxy, written short. */
import { endpointId } from '../../src/core/session/token.ts';
import type { Backend, Endpoint, EndpointState, RoutingTable } from '../../src/core/table/routing-table.ts';
import type { RequestView } from '../../src/dataplane/routing.ts';

export type ShortEndpoint = { pod: string; state?: EndpointState; address?: string; port?: number };

export const endpoint = ({ pod, state = 'Accepting', address = '127.0.0.1', port = 8080 }: ShortEndpoint): Endpoint => ({
  uid: `uid-${pod}`,
  id: endpointId(`uid-${pod}`),
  pod,
  address,
  port,
  state,
  ...(state === 'Draining' && { reason: 'PodTerminating' }),
});

export type ShortTable = { endpoints?: ShortEndpoint[]; departed?: string[]; port?: number } & Partial<Pick<Backend, 'persistence' | 'keyRing'>>;

export const backendName = 'shop/cart';
export const cookieName = 'cart-session';
export const idleTimeoutMs = 60_000;

/** One Gateway, one listener, one route for everything, one backend. */
export function proxyTable({ endpoints = [], departed = [], port = 80, persistence, keyRing }: ShortTable): RoutingTable {
  return {
    gateway: { namespace: 'shop', name: 'web' },
    listeners: [{ name: 'http', protocol: 'HTTP', port }],
    routes: [{ name: `${backendName}#0`, hostnames: [], match: { path: { type: 'PathPrefix', value: '/' } }, backendRefs: [{ backend: backendName, weight: 1 }] }],
    backends: {
      [backendName]: {
        key: backendName,
        persistence: persistence ?? { cookieName, cookiePath: '/', idleTimeoutMs },
        policy: 'LeastSessions',
        keyRing: keyRing ?? { current: 1, keys: [keyOf(1)] },
        endpoints: endpoints.map(endpoint),
        departed: departed.map((pod) => ({ id: endpointId(`uid-${pod}`), uid: `uid-${pod}`, atMs: 0 })),
      },
    },
  };
}

export const keyOf = (id: number): { id: number; secret: string } => ({ id, secret: Buffer.alloc(32, id).toString('base64') });

/** A request with these cookies. */
export function requestWith(cookies: readonly string[] = [], path = '/'): RequestView {
  const headers = (name: string) => (name === 'cookie' && cookies.length > 0 ? [cookies.join('; ')] : []);
  return { method: 'GET', path, query: '', host: 'example.com', header: (name) => headers(name)[0], headers };
}
