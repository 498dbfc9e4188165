/** Backends of Services to which a BackendTLSPolicy applies: their pods are reached over TLS. */
import type { BackendTlsPolicies } from '../backend-tls/judge-policies.ts';
import type { JudgedRoute } from '../route/judge-routes.ts';
import type { Backend, Route } from '../../wire/routing-table.ts';
import type { BuiltBackend } from './built-backend.ts';

/** `broken`: keys of backends whose policy cannot be applied. They are not in `backends`: no request may reach their pods without TLS. */
export type SecuredBackends = { backends: ReadonlyMap<string, BuiltBackend>; broken: ReadonlySet<string> };

/** `routes`: their references say of which Service port a backend is. */
export function secureBackends(
  built: ReadonlyMap<string, BuiltBackend>,
  routes: Iterable<JudgedRoute>,
  policies: BackendTlsPolicies,
): SecuredBackends {
  if (policies.judged.size === 0) return { backends: built, broken: none };
  const ports = portsOf(routes);
  const backends = new Map(built);
  const broken = new Set<string>();
  for (const [key, { backend, ...rest }] of built) {
    // A rule that keeps sessions has a backend of its own, whose key begins with that of the Service port.
    const [ofService = ''] = key.split('@', 1);
    const port = ports.get(ofService);
    const policy = port && policies.find(port.service, port.portName);
    if (policy?.settings !== undefined) {
      backends.set(key, { ...rest, backend: withTls(backend, policy.settings) });
    } else if (policy !== undefined) {
      backends.delete(key);
      broken.add(key);
    }
  }
  return { backends, broken };
}

type ServicePortName = { service: string; portName: string };

function portsOf(routes: Iterable<JudgedRoute>): Map<string, ServicePortName> {
  const ports = new Map<string, ServicePortName>();
  for (const { refs } of routes) {
    for (const ref of refs.values()) {
      if (ref.kind !== 'resolved') continue;
      const { key, service, port } = ref.backend;
      ports.set(key, { service, portName: port.name });
    }
  }
  return ports;
}

const none: ReadonlySet<string> = new Set();

/** The same object as long as backend and settings are the same: unchanged parts of tables are recognized by that. */
const known = new WeakMap<Backend, { settings: string; secured: Backend }>();

export function withTls(backend: Backend, tls: NonNullable<Backend['tls']>): Backend {
  const settings = JSON.stringify(tls);
  const before = known.get(backend);
  if (before?.settings === settings) return before.secured;
  const secured = { ...backend, tls };
  known.set(backend, { settings, secured });
  return secured;
}

/** By the name of the certificate. */
const presenting = new WeakMap<Backend, Map<string, Backend>>();

/** Of the Gateways that share a backend, each has a certificate of its own. */
export const withClientCertificate = (
  backends: readonly Backend[],
  certificate: { name: string } | undefined,
): readonly Backend[] =>
  certificate === undefined ? backends : backends.map((backend) => present(backend, certificate.name));

function present(backend: Backend, name: string): Backend {
  const { tls } = backend;
  if (tls === undefined) return backend;
  const known = presenting.get(backend) ?? new Map<string, Backend>();
  presenting.set(backend, known);
  const presented = known.get(name) ?? { ...backend, tls: { ...tls, clientCertificate: name } };
  known.set(name, presented);
  return presented;
}

/** A reference to a broken backend keeps its share of the requests, which get 500; what is mirrored to it is not sent. */
export function withoutBroken(route: Route, broken: ReadonlySet<string>): Route {
  const isBroken = (key: string | undefined) => key !== undefined && broken.has(key);
  const filtersOf = ({ filters }: Pick<Route, 'filters'>): Pick<Route, 'filters'> =>
    filters === undefined
      ? {}
      : { filters: filters.filter((filter) => filter.type !== 'RequestMirror' || !isBroken(filter.backend)) };
  return {
    ...route,
    ...filtersOf(route),
    backendRefs: route.backendRefs.map(({ backend, ...ref }) => ({
      ...ref,
      ...filtersOf(ref),
      ...(backend !== undefined && !isBroken(backend) && { backend }),
    })),
  };
}
