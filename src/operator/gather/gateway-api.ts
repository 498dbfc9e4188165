/** Objects of Gateway API, and which of its features is installed: read from the schema of HTTPRoute rather than from a version (see docs/design). */
import type {
  AllowedRoutes,
  Gateway,
  GatewayApi,
  GatewayClass,
  GatewayListener,
  LabelSelector,
  ListenerTls,
  Namespace,
  ParametersRef,
  ReferenceGrant,
} from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import type { referenceGrants } from '../../kube/resources.ts';
import { identityOf } from './pods.ts';
import { type CachedWithStatus, projectWithStatus } from './owned.ts';

type JsonSchema = { properties?: Record<string, JsonSchema>; items?: JsonSchema };
type Version = { name: string; served?: boolean; schema?: { openAPIV3Schema?: JsonSchema } };
type Definition = KubeObject & {
  spec?: { versions?: Version[] };
  status?: { conditions?: { type: string; status: string }[] };
};

export const httpRouteDefinition = 'httproutes.gateway.networking.k8s.io';
export const grantDefinition = 'referencegrants.gateway.networking.k8s.io';

export type CachedDefinition = KubeObject & { gatewayApi: GatewayApi };

/** `version`: the version to watch; absent if none is served. */
export type CachedGrantDefinition = KubeObject & { version?: keyof typeof referenceGrants };

/** Reduces half a megabyte of schema to what is needed of it. */
export function projectDefinition(object: KubeObject): CachedDefinition {
  const v1 = servedVersion(object, 'v1');
  const bundleVersion = object.metadata.annotations?.['gateway.networking.k8s.io/bundle-version'];
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    gatewayApi: v1
      ? {
          installed: true,
          sessionPersistence: generationOf(v1.schema?.openAPIV3Schema),
          ...(bundleVersion !== undefined && { bundleVersion }),
        }
      : { installed: false },
  };
}

export function projectGrantDefinition(object: KubeObject): CachedGrantDefinition {
  const version = (['v1', 'v1beta1'] as const).find((name) => servedVersion(object, name));
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    ...(version && { version }),
  };
}

function servedVersion(object: KubeObject, version: string): Version | undefined {
  const { spec, status } = object as Definition;
  // A definition that is being deleted accepts no new objects and waits for its existing ones: applying them again would block it.
  const isTerminating = object.metadata.deletionTimestamp !== undefined;
  const established =
    !isTerminating &&
    (status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') ?? false);
  return established ? spec?.versions?.find(({ name, served }) => name === version && served !== false) : undefined;
}

// Generation B (v1.1–v1.6) has sessionName, C (v1.7) has cookie; the standard channel has neither (GEP-1619).
function generationOf(schema: JsonSchema | undefined): 'B' | 'C' | 'Absent' {
  const rule = schema?.properties?.['spec']?.properties?.['rules']?.items;
  const persistence = rule?.properties?.['sessionPersistence']?.properties;
  if (persistence === undefined) return 'Absent';
  return persistence['cookie'] === undefined ? 'B' : 'C';
}

type LiveListener = {
  name: string;
  port: number;
  protocol: string;
  hostname?: string;
  tls?: { mode?: string; certificateRefs?: LiveSecretReference[] | null; options?: Record<string, string> };
  allowedRoutes?: {
    namespaces?: { from?: string; selector?: LabelSelector };
    /** Go may write an empty list as null. */
    kinds?: { group?: string; kind: string }[] | null;
  };
};

type LiveSecretReference = { group?: string; kind?: string; namespace?: string; name: string };

type LiveReference = { group: string; kind: string; namespace?: string; name: string };

type LiveGateway = KubeObject & {
  status?: { listeners?: { name: string; conditions?: { type: string; status: string }[] | null }[] | null };
  spec?: {
    gatewayClassName?: string;
    listeners?: LiveListener[] | null;
    addresses?: { type?: string; value?: string }[] | null;
    infrastructure?: {
      labels?: Record<string, string>;
      annotations?: Record<string, string>;
      parametersRef?: LiveReference;
    };
  };
};

export type CachedGateway = CachedWithStatus & { gateway: Gateway };

export function projectGateway(object: KubeObject): CachedGateway {
  const { metadata, spec = {} } = object as LiveGateway;
  const cached = projectWithStatus(object);
  const accepted = acceptedListeners(object);
  return {
    ...cached,
    gateway: {
      ...cached.owned,
      className: spec.gatewayClassName ?? '',
      generation: metadata.generation ?? 0,
      listeners: (spec.listeners ?? []).map((listener) =>
        readListener(listener, { namespace: cached.owned.namespace, accepted }),
      ),
      infrastructure: readInfrastructure(spec.infrastructure, cached.owned.namespace),
      addresses: (spec.addresses ?? []).map(({ type = 'IPAddress', value }) => ({ type, ...(value && { value }) })),
      unsupported: [],
    },
  };
}

function readInfrastructure(
  { labels = {}, annotations = {}, parametersRef }: NonNullable<LiveGateway['spec']>['infrastructure'] = {},
  namespace: string,
): Gateway['infrastructure'] {
  if (parametersRef === undefined) return { labels, annotations };
  const field = 'spec.infrastructure.parametersRef';
  return { labels, annotations, parametersRef: { ...parametersRef, namespace, field } };
}

/** Returns the names of the listeners that are served according to the status. Programmed also depends on the proxies. */
function acceptedListeners({ status }: LiveGateway): ReadonlySet<string> {
  const listeners = (status?.listeners ?? []).filter(({ conditions }) => {
    const isTrue = (wanted: string) =>
      (conditions ?? []).some(({ type, status: is }) => type === wanted && is === 'True');
    return isTrue('Accepted') && !isTrue('Conflicted');
  });
  return new Set(listeners.map(({ name }) => name));
}

/** `namespace`: that of the object whose spec has the listener. */
function readListener(
  { name, port, protocol, hostname, tls, allowedRoutes }: LiveListener,
  { namespace, accepted }: { namespace: string; accepted: ReadonlySet<string> },
): GatewayListener {
  return {
    name,
    port,
    protocol,
    ...(hostname !== undefined && hostname !== '' && { hostname }),
    allowedRoutes: readAllowedRoutes(allowedRoutes),
    ...(tls && { tls: readTls(tls, namespace) }),
    ...(accepted.has(name) && { acceptedBefore: true }),
  };
}

const readTls = (
  { mode = 'Terminate', certificateRefs, options = {} }: NonNullable<LiveListener['tls']>,
  ownNamespace: string,
): ListenerTls => ({
  mode,
  certificateRefs: (certificateRefs ?? []).map(({ group = '', kind = 'Secret', namespace = ownNamespace, name }) => ({
    group,
    kind,
    namespace,
    name,
  })),
  options: Object.keys(options),
});

// By default Gateway API allows routes of the Gateway's own namespace; an unknown value allows none.
function readAllowedRoutes({ namespaces = {}, kinds }: NonNullable<LiveListener['allowedRoutes']> = {}): AllowedRoutes {
  const { from = 'Same', selector = {} } = namespaces;
  const read = (kinds ?? []).map(({ group = gatewayGroup, kind }) => ({ group, kind }));
  if (from === 'Selector') return { from, selector, kinds: read };
  return { from: from === 'Same' || from === 'All' ? from : 'None', kinds: read };
}

const gatewayGroup = 'gateway.networking.k8s.io';

export type CachedGatewayClass = CachedWithStatus & { gatewayClass: GatewayClass };

export function projectGatewayClass(object: KubeObject): CachedGatewayClass {
  const { metadata, spec } = object as KubeObject & {
    spec?: { controllerName?: string; parametersRef?: LiveReference };
  };
  const { name } = metadata;
  return {
    ...projectWithStatus(object),
    gatewayClass: {
      name,
      controllerName: spec?.controllerName ?? '',
      ...(spec?.parametersRef && { parametersRef: classReference(name, spec.parametersRef) }),
    },
  };
}

const classReference = (gatewayClass: string, { group, kind, namespace = '', name }: LiveReference): ParametersRef => ({
  field: `GatewayClass ${gatewayClass}: spec.parametersRef`,
  group,
  kind,
  namespace,
  name,
});

export type CachedGrant = KubeObject & { grant: ReferenceGrant };

export function projectGrant(object: KubeObject): CachedGrant {
  const {
    apiVersion,
    kind,
    metadata,
    spec = {},
  } = object as KubeObject & { spec?: Partial<Pick<ReferenceGrant, 'from' | 'to'>> };
  const { from = [], to = [] } = spec;
  return {
    apiVersion,
    kind,
    metadata: identityOf(metadata),
    grant: { namespace: metadata.namespace ?? '', name: metadata.name, from, to },
  };
}

export type CachedNamespace = KubeObject & { namespace: Namespace };

export const projectNamespace = ({ apiVersion, kind, metadata }: KubeObject): CachedNamespace => ({
  apiVersion,
  kind,
  metadata: identityOf(metadata),
  namespace: {
    name: metadata.name,
    labels: metadata.labels ?? {},
    isTerminating: metadata.deletionTimestamp !== undefined,
  },
});
