/** The fields of Gateway API that Holdfast reads, of every version that it reads. */
import type { Schema } from '../../../api/schema.ts';
import { flag, integer, list, name, object, oneOf, port, text, textMap } from './shape.ts';

const reference = object({ group: text, kind: text, namespace: text, name, sectionName: text }, ['name']);
const kindReference = object({ group: text, kind: name, namespace: text, name }, ['kind', 'name']);
const selector = object({
  matchLabels: textMap,
  matchExpressions: list(object({ key: name, operator: name, values: list(text) }, ['key', 'operator'])),
});
const namespaces = object({ from: text, selector });

const listener = object(
  {
    name,
    hostname: text,
    port,
    protocol: name,
    tls: object({ mode: text, certificateRefs: list(reference), options: textMap }),
    allowedRoutes: object({ namespaces, kinds: list(object({ group: text, kind: name }, ['kind'])) }),
  },
  ['name', 'port', 'protocol'],
);

const validation = object({ caCertificateRefs: list(reference), mode: text });

const gateway = object(
  {
    gatewayClassName: name,
    listeners: list(listener),
    allowedListeners: object({ namespaces }),
    addresses: list(object({ type: text, value: text })),
    tls: object({
      frontend: object({
        default: object({ validation }),
        perPort: list(object({ port, tls: object({ validation }) }, ['port'])),
      }),
      backend: object({ clientCertificateRef: reference }),
    }),
    infrastructure: object({ labels: textMap, annotations: textMap, parametersRef: kindReference }),
  },
  ['gatewayClassName'],
);

const parentRef = object({ group: text, kind: text, namespace: text, name, sectionName: text, port }, ['name']);

const backend = { group: text, kind: text, namespace: text, name, port };

const headers = list(object({ name, value: text }, ['name', 'value']));
const headerFilter = object({ set: headers, add: headers, remove: list(text) });
const pathModifier = object({ type: name, replaceFullPath: text, replacePrefixMatch: text }, ['type']);

const filter = object(
  {
    type: name,
    requestHeaderModifier: headerFilter,
    responseHeaderModifier: headerFilter,
    requestRedirect: object({ scheme: text, hostname: text, path: pathModifier, port, statusCode: integer() }),
    urlRewrite: object({ hostname: text, path: pathModifier }),
    requestMirror: object(
      {
        backendRef: object(backend, ['name']),
        percent: integer(0, 100),
        fraction: object({ numerator: integer(0), denominator: integer(1) }, ['numerator']),
      },
      ['backendRef'],
    ),
    cors: object({
      allowOrigins: list(text),
      allowCredentials: flag,
      allowMethods: list(text),
      allowHeaders: list(text),
      exposeHeaders: list(text),
      maxAge: integer(),
    }),
  },
  ['type'],
);

const valueMatch = object({ type: oneOf('Exact', 'RegularExpression'), name, value: text }, ['name', 'value']);
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

const match = object({
  path: object({ type: oneOf('Exact', 'PathPrefix', 'RegularExpression'), value: text }),
  headers: list(valueMatch),
  queryParams: list(valueMatch),
  method: oneOf(...methods),
});

const lifetimeType = oneOf('Session', 'Permanent');
const sessionPersistence = object({
  type: oneOf('Cookie', 'Header'),
  absoluteTimeout: text,
  idleTimeout: text,
  sessionName: text,
  cookieConfig: object({ lifetimeType }),
  cookie: object({ name: text, path: text, lifetimeType }),
  header: object({ name: text }),
});

const backendRef = object({ ...backend, weight: integer(0, 1_000_000), filters: list(filter) }, ['name']);

const rule = object({
  name: text,
  matches: list(match),
  filters: list(filter),
  backendRefs: list(backendRef),
  timeouts: object({ request: text, backendRequest: text }),
  retry: object({ codes: list(integer(400, 599)), attempts: integer(0), backoff: text }),
  sessionPersistence,
});

const attached = { parentRefs: list(parentRef), hostnames: list(text) };

const grpcMatch = object({
  method: object({ type: oneOf('Exact', 'RegularExpression'), service: text, method: text }),
  headers: list(valueMatch),
});
const grpcRule = object({
  name: text,
  matches: list(grpcMatch),
  filters: list(filter),
  backendRefs: list(backendRef),
  sessionPersistence,
});

/** The schemas of `spec`, by group and kind. */
export const gatewayApiSpecs: Record<string, Record<string, Schema>> = {
  'gateway.networking.k8s.io': {
    GatewayClass: object({ controllerName: name, parametersRef: kindReference }, ['controllerName']),
    Gateway: gateway,
    HTTPRoute: object({ ...attached, rules: list(rule) }),
    GRPCRoute: object({ ...attached, rules: list(grpcRule) }),
    ListenerSet: object({ parentRef: reference, listeners: list(listener) }, ['parentRef', 'listeners']),
    ReferenceGrant: object(
      {
        from: list(object({ group: text, kind: name, namespace: name }, ['group', 'kind', 'namespace'])),
        to: list(object({ group: text, kind: name, name: text }, ['group', 'kind'])),
      },
      ['from', 'to'],
    ),
    BackendTLSPolicy: object(
      {
        targetRefs: list(object({ group: text, kind: name, name, sectionName: text }, ['kind', 'name'])),
        validation: object({
          caCertificateRefs: list(reference),
          wellKnownCACertificates: text,
          hostname: text,
          subjectAltNames: list(object({ type: name, hostname: text, uri: text }, ['type'])),
        }),
        options: textMap,
      },
      ['targetRefs', 'validation'],
    ),
  },
  'gateway.networking.x-k8s.io': {
    XBackend: object({
      type: text,
      endpointSelector: object({ matchLabels: textMap }),
      port: object({ number: port }),
      protocol: text,
      tls: object({ mode: text }),
      sessionPersistence,
    }),
    XBackendTrafficPolicy: object({ targetRefs: list(kindReference), sessionPersistence }, ['targetRefs']),
  },
};
