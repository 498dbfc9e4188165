/**
 * The parts in which a RoutingTable travels: each has a name and a version of its own, and only parts that changed are sent. Endpoints are
 * apart from their backend, and change entry by entry: pods change far more often than configuration.
 *
 *     gateway · proxy · listeners · order (of the routes)      one of each
 *     route/NAME · backend/KEY · endpoints/KEY · certificate/NAME
 */
import type { ProxySettings } from './proxy-settings.ts';
import type { Backend, Certificate, Listener, Route, RoutingTable } from './routing-table.ts';

export type BackendConfig = Omit<Backend, 'endpoints' | 'removedEndpoints'>;
export type EndpointSet = Pick<Backend, 'endpoints' | 'removedEndpoints'>;

type Values = {
  gateway: RoutingTable['gateway'];
  proxy: ProxySettings;
  listeners: Listener[];
  /** Names of the resources of type `route`: the first match wins. */
  order: string[];
  route: Route;
  backend: BackendConfig;
  endpoints: EndpointSet;
  certificate: Certificate;
};

export type ResourceType = keyof Values;

/** `name`: empty for a type of which there is only one. */
export type Resource = { [T in ResourceType]: { type: T; name: string; value: Values[T] } }[ResourceType];

export type ResourceOf<T extends ResourceType> = Extract<Resource, { type: T }>;

export const resourceId = (type: ResourceType, name = ''): string => (name === '' ? type : `${type}/${name}`);

/** Each part of a table must be sent: a part that is missing here does not compile. */
const partsOf: { [Part in keyof RoutingTable]-?: (table: RoutingTable) => Resource[] } = {
  gateway: ({ gateway }) => [{ type: 'gateway', name: '', value: gateway }],
  proxy: ({ proxy }) => (proxy ? [{ type: 'proxy', name: '', value: proxy }] : []),
  listeners: ({ listeners }) => [{ type: 'listeners', name: '', value: listeners }],
  routes({ routes }) {
    const names = namesOf(routes);
    return [
      { type: 'order', name: '', value: names },
      ...routes.map((value, at): Resource => ({ type: 'route', name: names[at] ?? '', value })),
    ];
  },
  backends: ({ backends }) => Object.entries(backends).flatMap(([key, backend]) => splitBackend(key, backend)),
  certificates: ({ certificates = {} }) =>
    Object.entries(certificates).map(([name, value]) => ({ type: 'certificate', name, value })),
};

/** All resources of a table. Joining them gives an equal table. */
export const splitTable = (table: RoutingTable): Resource[] =>
  Object.values(partsOf).flatMap((resourcesOf) => resourcesOf(table));

export const splitBackend = (key: string, backend: Backend): [ResourceOf<'backend'>, ResourceOf<'endpoints'>] => {
  const { endpoints, removedEndpoints, ...config } = backend;
  return [
    { type: 'backend', name: key, value: config },
    { type: 'endpoints', name: key, value: { endpoints, removedEndpoints } },
  ];
};

const names = new WeakMap<readonly Route[], string[]>();

/** The names of the routes as resources. Each is unique, even if those of two routes are equal: the second one gets a number. */
export function namesOf(routes: readonly Route[]): string[] {
  const known = names.get(routes);
  if (known) return known;
  const seen = new Map<string, number>();
  const unique = routes.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
  names.set(routes, unique);
  return unique;
}
