/** Routing tables: a Gateway's listeners, the routes on them, and the backends that these refer to, and no others. */
import { certificatesOf, clientCertificateOf, servedListeners, type GatewayPlan } from '../resolve/gateway-plan.ts';
import type { HeldRules } from '../route/held-rules.ts';
import { withClientCertificate, withoutBroken } from './backend-tls.ts';
import { buildCertificates, buildListener } from './table-listeners.ts';
import { sortRoutes } from '../routing/match.ts';
import { settingsOf } from '../resolve/proxy-parameters.ts';
import type { BuiltBackend } from './built-backend.ts';
import { buildRoutes } from './http-routes.ts';
import type { ServingPlan } from '../resolve/plan.ts';
import type { ProxySettings } from '../../wire/proxy-settings.ts';
import type { RouteFilter } from '../../wire/route-filters.ts';
import type { Backend, Route, RoutingTable } from '../../wire/routing-table.ts';

export type Judged = {
  backends: ReadonlyMap<string, BuiltBackend>;
  /** Keys of backends that no request may reach. */
  broken: ReadonlySet<string>;
  /** How rules keep sessions. */
  held: HeldRules;
  /** Of each StickyWorkload that is served, by the key of its backend. */
  plans: ReadonlyMap<string, ServingPlan>;
  /** Its key, by those of the backends that it has in rules of users' routes. */
  owners: ReadonlyMap<string, string>;
  /** The settings in the table before. */
  before: ProxySettings | undefined;
};

/** Only the tables of Gateways whose routes refer to a backend have its keys: a proxy can forge tokens of no other backend. */
export function buildTable(gateway: GatewayPlan, judged: Judged): RoutingTable {
  const served = servedListeners(gateway);
  const listeners = served.map(buildListener);
  const certificates = buildCertificates(certificatesOf(gateway));
  const built = gateway.routes.flatMap((attached) => buildRoutes(attached, listeners, judged.held));
  const routes = sortRoutes(judged.broken.size === 0 ? built : built.map((one) => withoutBroken(one, judged.broken)));
  const backends = withClientCertificate(backendsIn(routes, judged), clientCertificateOf(gateway));
  const keys = backends.map(({ key }) => key);
  const proxy = settingsFor(gateway, keys, judged);
  return {
    gateway: gateway.gateway,
    ...(proxy && { proxy }),
    listeners,
    routes,
    backends: byKey(backends),
    ...(certificates && { certificates }),
  };
}

/** Returns the backends to which routes refer, in order of their keys. */
export const backendsIn = (routes: readonly Route[], { backends }: Pick<Judged, 'backends'>): Backend[] =>
  [...new Set(routes.flatMap(backendsOf))].toSorted().flatMap((key) => backends.get(key)?.backend ?? []);

export const byKey = (backends: readonly Backend[]): Record<string, Backend> =>
  Object.fromEntries(backends.map((backend) => [backend.key, backend]));

/**
 * A reference that does not resolve must not turn off what it turned on, such as the PROXY protocol. An operator that starts meanwhile does
 * not know the settings, and the proxies keep theirs.
 */
function settingsFor(
  { parameters }: GatewayPlan,
  backends: readonly string[],
  { plans, owners, before }: Judged,
): ProxySettings | undefined {
  if (parameters.kind === 'broken') return before;
  return settingsOf(
    parameters.spec,
    backends.map((key) => plans.get(owners.get(key) ?? key)?.drainTimeoutMs),
  );
}

/** Also those that only get copies of requests. */
const backendsOf = ({ filters = [], backendRefs }: Route): string[] => [
  ...backendRefs.flatMap(({ backend, filters: own = [] }) => [
    ...(backend === undefined ? [] : [backend]),
    ...mirrorsOf(own),
  ]),
  ...mirrorsOf(filters),
];

const mirrorsOf = (filters: readonly RouteFilter[]): string[] =>
  filters.flatMap((filter) => (filter.type === 'RequestMirror' ? [filter.backend] : []));

/**
 * Returns the keys of the tables that have a backend of a StickyWorkload, by its key. `owners`: the StickyWorkloads of the backends of
 * users' routes.
 */
export function indexByBackend(
  tables: Readonly<Record<string, RoutingTable>>,
  owners: ReadonlyMap<string, string>,
): Map<string, string[]> {
  const gateways = new Map<string, Set<string>>();
  for (const [gateway, { backends }] of Object.entries(tables)) {
    for (const key of Object.keys(backends)) {
      const owner = owners.get(key) ?? key;
      gateways.set(owner, (gateways.get(owner) ?? new Set()).add(gateway));
    }
  }
  return new Map([...gateways].map(([key, found]) => [key, [...found]]));
}
