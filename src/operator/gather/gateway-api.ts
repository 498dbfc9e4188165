/** Objects of Gateway API, and which of its features is installed: read from the schema of HTTPRoute rather than from a version (see docs/design). */
import type {
  Gateway,
  GatewayApi,
  GatewayClass,
  Namespace,
  ParametersRef,
  ReferenceGrant,
} from '../../core/snapshot/snapshot.ts';
import type { KubeObject } from '../../kube/ports.ts';
import type { referenceGrants } from '../../kube/resources.ts';
import { identityOf } from './pods.ts';
import {
  readClientCertificate,
  readFrontend,
  unsupportedIn,
  type LiveBackendTls,
  type LiveFrontend,
} from './gateway-tls.ts';
import { readListeners, readNamespaces, type LiveListener, type LiveNamespaces } from './listeners.ts';
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

/** Whether the version that is read is served. */
export type CachedServing = KubeObject & { isServed: boolean };

export const projectServing =
  (version: string) =>
  (object: KubeObject): CachedServing => ({
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: identityOf(object.metadata),
    isServed: servedVersion(object, version) !== undefined,
  });

/** Returns the schema of a version that is served. */
export const servedSchema = (object: KubeObject, version: string): JsonSchema | undefined =>
  servedVersion(object, version)?.schema?.openAPIV3Schema;

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

type LiveReference = { group: string; kind: string; namespace?: string; name: string };

type LiveGateway = KubeObject & {
  spec?: {
    gatewayClassName?: string;
    listeners?: LiveListener[] | null;
    allowedListeners?: { namespaces?: LiveNamespaces };
    addresses?: { type?: string; value?: string }[] | null;
    tls?: { frontend?: LiveFrontend; backend?: LiveBackendTls };
    defaultScope?: string;
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
  return {
    ...cached,
    gateway: {
      ...cached.owned,
      className: spec.gatewayClassName ?? '',
      generation: metadata.generation ?? 0,
      listeners: readListeners(object, spec.listeners),
      allowedListeners: readNamespaces(spec.allowedListeners?.namespaces, 'None'),
      infrastructure: readInfrastructure(spec.infrastructure, cached.owned.namespace),
      addresses: (spec.addresses ?? []).map(({ type = 'IPAddress', value }) => ({ type, ...(value && { value }) })),
      ...(spec.tls?.frontend && { clientValidation: readFrontend(spec.tls.frontend, cached.owned.namespace) }),
      ...(spec.tls?.backend && readClientCertificate(spec.tls.backend, cached.owned.namespace)),
      unsupported: unsupportedIn(spec),
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
