/** Routing tables and requests for tests of the proxy, in short form. */
import { endpointId } from '../../src/core/session/token.ts';
import type {
  Backend,
  BackendRef,
  BackendSessions,
  CookieCarrier,
  Endpoint,
  EndpointState,
  Route,
  RoutePersistence,
  RoutingTable,
} from '../../src/wire/routing-table.ts';
import { defaultProxySettings, type ProxySettings } from '../../src/wire/proxy-settings.ts';
import type { RequestView, TokenFilter } from '../../src/dataplane/routing.ts';
import type { CarrierConflict } from '../../src/wire/messages.ts';
import { placeRoutes } from '../../src/core/routing/placed-routes.ts';
import { createGatewayCarriers } from '../../src/dataplane/sessions/gateway-carriers.ts';
import { compileTokenFilter } from '../../src/dataplane/sessions/token-filter.ts';

/** `uid`: by default that of its name. `identity`: the endpoint is of a StatefulSet, and has an id by each identity. */
export type ShortEndpoint = {
  pod: string;
  uid?: string;
  identity?: 'PodName' | 'PodUID';
  state?: EndpointState;
  address?: string;
  port?: number;
  nodeLost?: true;
};

function idsOf(pod: string, uid: string, identity: ShortEndpoint['identity']): Pick<Endpoint, 'id' | 'alias'> {
  const [byUid, byName] = [endpointId(uid), endpointId(`shop/${pod}`)];
  if (identity === undefined) return { id: byUid };
  return identity === 'PodUID' ? { id: byUid, alias: byName } : { id: byName, alias: byUid };
}

const endpoint = ({
  pod,
  uid = `uid-${pod}`,
  identity,
  state = 'Accepting',
  address = '127.0.0.1',
  port = 8080,
  nodeLost,
}: ShortEndpoint): Endpoint => ({
  uid,
  ...idsOf(pod, uid, identity),
  pod,
  address,
  port,
  state,
  ...(nodeLost && { nodeLost }),
  ...(state === 'Draining' && { reason: 'PodTerminating' }),
});

export type ShortTable = {
  endpoints?: ShortEndpoint[];
  removedEndpoints?: string[];
  port?: number;
  persistence?: Partial<RoutePersistence>;
  cookie?: Partial<CookieCarrier>;
  maxSessionsPerEndpoint?: number;
} & Partial<Pick<Backend, 'policy'>> &
  Partial<Pick<BackendSessions, 'limits' | 'keyRing'>>;

export const backendName = 'shop/cart';
export const cookieName = 'cart-session';
export const idleTimeoutMs = 60_000;

export const cookieCarrier = (more: Partial<CookieCarrier> = {}): CookieCarrier => ({
  type: 'Cookie',
  name: cookieName,
  path: '/',
  sameSite: 'Lax',
  secure: false,
  partitioned: false,
  lifetimeType: 'Session',
  ...more,
});

/** Every route has sessions, on resolved backends. */
export type SessionTable = Omit<RoutingTable, 'routes'> & { proxy: ProxySettings; routes: SessionRoute[] };
type SessionRoute = Omit<Route, 'persistence' | 'backendRefs'> & {
  persistence: RoutePersistence;
  backendRefs: { backend: string; weight: number }[];
};

/** One Gateway, one listener, one route for everything, one backend. */
export function proxyTable({ port = 80, persistence, cookie, ...backend }: ShortTable): SessionTable {
  return {
    gateway: { namespace: 'shop', name: 'web' },
    proxy: defaultProxySettings,
    listeners: [{ name: 'http', protocol: 'HTTP', port }],
    routes: [routeTo([{ backend: backendName, weight: 1 }], { carrier: cookieCarrier(cookie), ...persistence })],
    backends: { [backendName]: backendOf(backendName, backend) },
  };
}

/** The same with several backends, by key, and their weights. */
export function splitTable(
  backends: Record<string, ShortTable & { weight: number }>,
  persistence: Partial<RoutePersistence> = {},
): SessionTable {
  const entries = Object.entries(backends);
  return {
    ...proxyTable({}),
    routes: [
      routeTo(
        entries.map(([backend, { weight }]) => ({ backend, weight })),
        persistence,
      ),
    ],
    backends: Object.fromEntries(entries.map(([key, backend]) => [key, backendOf(key, backend)])),
  };
}

/** Routes without sessions: one for everything, to these backends. */
export function plainTable(endpoints: Record<string, ShortEndpoint[]>, backendRefs?: BackendRef[]): RoutingTable {
  const backends = Object.entries(endpoints).map(([key, pods]): [string, Backend] => {
    const { sessions: _, ...plain } = proxyTable({ endpoints: pods }).backends[backendName] ?? fail();
    return [key, { ...plain, key, policy: 'LeastRequests' }];
  });
  const { routes, ...table } = proxyTable({});
  const [{ persistence: _, ...route } = fail()] = routes;
  return {
    ...table,
    routes: [{ ...route, backendRefs: backendRefs ?? backends.map(([backend]) => ({ backend, weight: 1 })) }],
    backends: Object.fromEntries(backends),
  };
}

const fail = (): never => {
  throw new Error('the table has no route or backend');
};

const routeTo = (backendRefs: SessionRoute['backendRefs'], persistence: Partial<RoutePersistence>): SessionRoute => ({
  name: `${backendName}#0`,
  hostnames: [],
  match: { path: { type: 'PathPrefix', value: '/' } },
  backendRefs,
  persistence: { carrier: cookieCarrier(), onEndpointLost: 'Reassign', newSessionOn: [], ...persistence },
});

const backendOf = (
  key: string,
  { endpoints = [], removedEndpoints = [], limits, keyRing, policy, maxSessionsPerEndpoint }: ShortTable,
): Backend => ({
  key,
  policy: policy ?? 'LeastSessions',
  sessions: {
    limits: limits ?? { idleTimeoutMs },
    ...(maxSessionsPerEndpoint !== undefined && { maxPerEndpoint: maxSessionsPerEndpoint }),
    keyRing: keyRing ?? { current: 1, keys: [keyOf(1)] },
  },
  endpoints: endpoints.map(endpoint),
  removedEndpoints: removedEndpoints.map((pod) => ({ id: endpointId(`uid-${pod}`), uid: `uid-${pod}`, atMs: 0 })),
});

export const keyOf = (id: number): { id: number; secret: string } => ({
  id,
  secret: Buffer.alloc(32, id).toString('base64'),
});

/** The filter of the first route of a table. */
export function tokenFilter(
  table: RoutingTable,
  onConflict: (conflict: CarrierConflict) => void = () => {},
): TokenFilter {
  const [route] = table.routes;
  if (route === undefined) throw new Error('the table has no route');
  const carriers = createGatewayCarriers(table.listeners);
  carriers.change(placeRoutes([], table.routes, (placed) => placed));
  return compileTokenFilter(route, table.listeners, { carriers, onConflict, nowMs: () => 0 });
}

/** The filter of a route whose tokens travel in this cookie or header, alone on its Gateway. */
export const filterOf = (carrier: RoutePersistence['carrier']): TokenFilter =>
  tokenFilter(proxyTable({ persistence: { carrier } }));

/** A request with these cookies. */
export const requestWith = (cookies: readonly string[] = [], path = '/'): RequestView =>
  requestOf(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}, { path });

/** A request with these headers, names in lower case. */
export function requestOf(
  fields: Record<string, string | readonly string[]>,
  more: Partial<Pick<RequestView, 'method' | 'path'>> = {},
): RequestView {
  const headers = (name: string) => [fields[name] ?? []].flat();
  return {
    method: 'GET',
    path: '/',
    query: '',
    host: 'example.com',
    scheme: 'http',
    header: (name) => headers(name)[0],
    headers,
    ...more,
  };
}
