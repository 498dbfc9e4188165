/** `holdfast proxy --check`: what a table file comes to, in lines. */
import { formatDuration } from '../../api/duration.ts';
import type { Backend, Carrier, Endpoint, Listener, Route, RoutingTable } from '../../wire/routing-table.ts';

export const describeTable = (table: RoutingTable): string[] => [
  ...table.listeners.map(describeListener),
  ...table.routes.map(describeRoute),
  ...Object.values(table.backends).flatMap((backend) => describeBackend(backend, table.routes)),
];

const describeListener = ({ name, protocol, port, hostname = 'every host' }: Listener): string =>
  `listener ${name}: ${protocol} on port ${port}, ${hostname}`;

const nameOf = (key: string | undefined): string => key?.split('/').at(-1) ?? 'none';

function describeRoute({ name, hostnames, match, filters, backendRefs }: Route): string {
  const hosts = hostnames.length === 0 ? 'every host' : hostnames.join(', ');
  const { path, method, headers = [], queryParams = [] } = match;
  const more = headers.length + queryParams.length;
  const request = [
    hosts,
    `${path.type} ${path.value}`,
    ...(method === undefined ? [] : [method]),
    ...(more === 0 ? [] : [`${more} header or query conditions`]),
  ].join(', ');
  const total = backendRefs.reduce((sum, { weight }) => sum + weight, 0);
  const shares = backendRefs.map(({ backend, weight }) =>
    backendRefs.length === 1 ? nameOf(backend) : `${nameOf(backend)} (${weight} of ${total})`,
  );
  return `route ${name}: ${request} -> ${filters === undefined ? shares.join(', ') : 'https'}`;
}

function describeBackend(backend: Backend, routes: readonly Route[]): string[] {
  const { key, policy, sessions, endpoints, removedEndpoints } = backend;
  const carrier = routes.find(({ backendRefs }) => backendRefs.some((ref) => ref.backend === key))?.persistence
    ?.carrier;
  const kept =
    sessions === undefined
      ? 'no sessions'
      : `sessions ${describeCarrier(carrier)}, idle timeout ${formatDuration(sessions.limits.idleTimeoutMs)}`;
  return [
    `backend ${nameOf(key)}: ${policy}, ${kept}`,
    ...endpoints.map(describeEndpoint),
    ...removedEndpoints.map(({ uid }) => `  endpoint ${uid}: removed, as its drainUntil has passed`),
  ];
}

const describeCarrier = (carrier: Carrier | undefined): string =>
  carrier === undefined
    ? 'that no route leads to'
    : `in ${carrier.type.startsWith('Application') ? "the app's " : ''}${carrier.name}`;

const describeEndpoint = ({ uid, pod, address, port, state }: Endpoint): string =>
  `  endpoint ${pod === uid ? '' : `${pod}, `}${address.includes(':') ? `[${address}]` : address}:${port}: ${state}`;
