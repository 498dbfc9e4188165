/**
 * Fields of Gateways and ListenerSets that this version does not read, such as those of a newer Gateway API: a listener must not be served
 * as if one had never been set. It may be a filter that authenticates requests.
 */
import { unknownIn } from '../../core/route/unknown-fields.ts';

const known = {
  gateway: ['gatewayClassName', 'listeners', 'allowedListeners', 'addresses', 'tls', 'defaultScope', 'infrastructure'],
  allowedListeners: ['namespaces'],
  namespaces: ['from', 'selector'],
  address: ['type', 'value'],
  infrastructure: ['labels', 'annotations', 'parametersRef'],
  tls: ['frontend', 'backend'],
  backend: ['clientCertificateRef'],
  frontend: ['default', 'perPort'],
  perPort: ['port', 'tls'],
  frontendTls: ['validation'],
  validation: ['mode', 'caCertificateRefs'],
  listener: ['name', 'port', 'protocol', 'hostname', 'tls', 'allowedRoutes'],
  listenerTls: ['mode', 'certificateRefs', 'options'],
  allowedRoutes: ['namespaces', 'kinds'],
} as const satisfies Record<string, readonly string[]>;

/** Reads the fields of any object by name. */
type Fields = Record<string, unknown>;

/** Returns the paths of fields below `at`. */
const unknown = (value: unknown, level: keyof typeof known, at: string): string[] =>
  typeof value === 'object' && value !== null ? unknownIn(value, known[level], at).map(({ path }) => path) : [];

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

/** Without those of its listeners. */
export function unknownInGateway(spec: object): string[] {
  const { addresses, allowedListeners, infrastructure, tls } = spec as Fields;
  return [
    ...unknown(spec, 'gateway', 'spec'),
    ...listOf(addresses).flatMap((address, index) => unknown(address, 'address', `spec.addresses[${index}]`)),
    ...unknown(allowedListeners, 'allowedListeners', 'spec.allowedListeners'),
    ...unknown(fieldsOf(allowedListeners)['namespaces'], 'namespaces', 'spec.allowedListeners.namespaces'),
    ...unknown(infrastructure, 'infrastructure', 'spec.infrastructure'),
    ...unknown(tls, 'tls', 'spec.tls'),
    ...unknown(fieldsOf(tls)['backend'], 'backend', 'spec.tls.backend'),
    ...unknownInFrontend(fieldsOf(tls)['frontend']),
  ];
}

function unknownInFrontend(frontend: unknown): string[] {
  const { default: byDefault, perPort } = fieldsOf(frontend);
  const at = 'spec.tls.frontend';
  const inTls = (tls: unknown, path: string): string[] => [
    ...unknown(tls, 'frontendTls', path),
    ...unknown(fieldsOf(tls)['validation'], 'validation', `${path}.validation`),
  ];
  return [
    ...unknown(frontend, 'frontend', at),
    ...inTls(byDefault, `${at}.default`),
    ...listOf(perPort).flatMap((port, index) => [
      ...unknown(port, 'perPort', `${at}.perPort[${index}]`),
      ...inTls(fieldsOf(port)['tls'], `${at}.perPort[${index}].tls`),
    ]),
  ];
}

/** Paths within the listener. */
export function unknownInListener(listener: object): string[] {
  const { tls, allowedRoutes } = listener as Fields;
  return [
    ...unknown(listener, 'listener', ''),
    ...unknown(tls, 'listenerTls', 'tls'),
    ...unknown(allowedRoutes, 'allowedRoutes', 'allowedRoutes'),
    ...unknown(fieldsOf(allowedRoutes)['namespaces'], 'namespaces', 'allowedRoutes.namespaces'),
  ];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
