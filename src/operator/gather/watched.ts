/** What every replica of the operator watches, and how much of each object it keeps. */
import type { HoldfastProxy } from '../../api/holdfastproxy.ts';
import type { StickyWorkload } from '../../api/stickyworkload.ts';
import { masterKeysName, webhookConfiguration } from '../../core/names/names.ts';
import type { Observed } from '../../core/status/dated-conditions.ts';
import type { KubeObject, ListOptions, Resource } from '../../kube/ports.ts';
import * as resources from '../../kube/resources.ts';
import {
  grantDefinition,
  httpRouteDefinition,
  projectDefinition,
  projectGateway,
  projectGatewayClass,
  projectGrant,
  projectGrantDefinition,
  projectNamespace,
  projectServing,
  type CachedDefinition,
  type CachedGateway,
  type CachedGatewayClass,
  type CachedGrant,
  type CachedGrantDefinition,
  type CachedNamespace,
  type CachedServing,
} from './gateway-api.ts';
import {
  grpcRouteDefinition,
  projectGrpcRoute,
  projectHttpRoute,
  type CachedGrpcRoute,
  type CachedHttpRoute,
} from './routes.ts';
import { projectTrafficPolicy, trafficPolicyDefinition, type CachedTrafficPolicy } from './traffic-policies.ts';
import { projectXBackend, projectXBackendDefinition, xBackendDefinition, type CachedXBackend } from './x-backends.ts';
import { listenerSetDefinition, projectListenerSet, type CachedListenerSet } from './listener-sets.ts';
import {
  backendTlsDefinition,
  projectBackendTlsPolicy,
  projectCaBundle,
  type CachedBackendTlsPolicy,
  type CachedCaBundle,
} from './backend-tls.ts';
import { projectNode, type CachedNode } from './nodes.ts';
import {
  projectAutoscaler,
  projectOwned,
  projectService,
  projectSettings,
  projectWebhooks,
  type CachedAutoscaler,
  type CachedOwned,
  type CachedService,
  type CachedWebhooks,
} from './owned.ts';
import { projectPod, type CachedPod } from './pods.ts';
import { projectSlice, type CachedSlice } from './slices.ts';
import { projectTlsSecret, tlsSecretsOnly, type CachedTlsSecret } from './tls-secrets.ts';
import { projectTarget, type CachedTarget } from './targets.ts';

/** What each cache holds. The types are asserted here once: the API server has validated these objects against their schemas. */
export type CacheContents = {
  workloads: KubeObject & StickyWorkload;
  holdfastProxies: KubeObject & HoldfastProxy & { observed: Observed };
  deployments: CachedTarget;
  statefulSets: CachedTarget;
  replicaSets: KubeObject;
  pods: CachedPod;
  nodes: CachedNode;
  slices: CachedSlice;
  services: CachedService;
  serviceAccounts: CachedOwned;
  podDisruptionBudgets: CachedOwned;
  autoscalers: CachedAutoscaler;
  masterKeys: KubeObject & { data?: Record<string, string> };
  definitions: CachedDefinition;
  grantDefinitions: CachedGrantDefinition;
  webhooks: CachedWebhooks;
  gatewayClasses: CachedGatewayClass;
  gateways: CachedGateway;
  httpRoutes: CachedHttpRoute;
  namespaces: CachedNamespace;
  referenceGrants: CachedGrant;
  tlsSecrets: CachedTlsSecret;
  grpcRouteDefinitions: CachedServing;
  grpcRoutes: CachedGrpcRoute;
  trafficPolicyDefinitions: CachedServing;
  trafficPolicies: CachedTrafficPolicy;
  xBackendDefinitions: CachedServing;
  xBackends: CachedXBackend;
  listenerSetDefinitions: CachedServing;
  backendTlsDefinitions: CachedServing;
  backendTlsPolicies: CachedBackendTlsPolicy;
  caBundles: CachedCaBundle;
  listenerSets: CachedListenerSet;
};

export type CacheName = keyof CacheContents;

export type Watched = {
  resource: Resource;
  select?: ListOptions;
  project?: (object: KubeObject) => KubeObject;
};

/** Kinds that every cluster has. */
export const always: Record<Exclude<CacheName, keyof typeof withGatewayApi | OptionalCacheName>, Watched> = {
  workloads: { resource: resources.stickyWorkloads },
  holdfastProxies: { resource: resources.holdfastProxies, project: projectSettings },
  deployments: { resource: resources.deployments, project: projectTarget },
  statefulSets: { resource: resources.statefulSets, project: projectTarget },
  // Only for their owners: the middle of the chain from a pod to its Deployment.
  replicaSets: { resource: resources.replicaSets, select: { metadataOnly: true }, project: projectOwner },
  pods: { resource: resources.pods, project: projectPod },
  // Only their labels, by which a Gateway may select the namespaces of its routes, and whether they are being deleted.
  namespaces: {
    resource: resources.namespaces,
    select: { metadataOnly: true },
    project: projectNamespace,
  },
  nodes: { resource: resources.nodes, project: projectNode },
  slices: { resource: resources.endpointSlices, project: projectSlice },
  // All objects of these three kinds: an object of another owner with a wanted name must be seen before it is written.
  services: { resource: resources.services, project: projectService },
  serviceAccounts: { resource: resources.serviceAccounts, project: projectOwned },
  podDisruptionBudgets: { resource: resources.podDisruptionBudgets, project: projectOwned },
  // All of them too: one of another owner may scale proxies.
  autoscalers: {
    resource: resources.horizontalPodAutoscalers,
    project: projectAutoscaler,
  },
  // The only Secret that it reads and writes, beside that of its certificate authority. `caches.ts` adds the operator's namespace.
  masterKeys: { resource: resources.secrets, select: { fieldSelector: `metadata.name=${masterKeysName}` } },
  definitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${httpRouteDefinition}` },
    project: projectDefinition,
  },
  grantDefinitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${grantDefinition}` },
    project: projectGrantDefinition,
  },
  grpcRouteDefinitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${grpcRouteDefinition}` },
    project: projectServing('v1'),
  },
  trafficPolicyDefinitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${trafficPolicyDefinition}` },
    project: projectServing('v1alpha1'),
  },
  xBackendDefinitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${xBackendDefinition}` },
    project: projectXBackendDefinition,
  },
  listenerSetDefinitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${listenerSetDefinition}` },
    project: projectServing('v1'),
  },
  backendTlsDefinitions: {
    resource: resources.customResourceDefinitions,
    select: { fieldSelector: `metadata.name=${backendTlsDefinition}` },
    project: projectServing('v1'),
  },
  webhooks: {
    resource: resources.mutatingWebhookConfigurations,
    select: { fieldSelector: `metadata.name=${webhookConfiguration}` },
    project: projectWebhooks,
  },
};

/** Only while Gateway API is installed: a watch of a missing kind fails indefinitely. */
export const withGatewayApi = {
  gatewayClasses: { resource: resources.gatewayClasses, project: projectGatewayClass },
  gateways: { resource: resources.gateways, project: projectGateway },
  httpRoutes: { resource: resources.httpRoutes, project: projectHttpRoute },
} as const satisfies Record<string, Watched>;

/** What is read if it can be: the definition may be missing, or the right to read. */
export type OptionalCacheName =
  | 'referenceGrants'
  | 'tlsSecrets'
  | 'listenerSets'
  | 'grpcRoutes'
  | 'trafficPolicies'
  | 'xBackends'
  | 'backendTlsPolicies'
  | 'caBundles';

/** Only while Gateway API is installed. The right to read Secrets can be left out where no listener is HTTPS. */
export const tlsSecrets: Watched = {
  resource: resources.secrets,
  select: tlsSecretsOnly,
  project: projectTlsSecret,
};

/** Only while its definition is installed. */
export const grpcRoutes: Watched = { resource: resources.grpcRoutes, project: projectGrpcRoute };
export const trafficPolicies: Watched = { resource: resources.trafficPolicies, project: projectTrafficPolicy };
export const xBackends: Watched = { resource: resources.xBackends, project: projectXBackend };
export const listenerSets: Watched = { resource: resources.listenerSets, project: projectListenerSet };

/** Only while the definition of BackendTLSPolicies is installed, which refer to ConfigMaps. */
export const backendTlsPolicies: Watched = {
  resource: resources.backendTlsPolicies,
  project: projectBackendTlsPolicy,
};
export const caBundles: Watched = { resource: resources.configMaps, project: projectCaBundle };

/** Only while its definition is installed: a definition of its own, which a cluster may lack. */
export const grantsOf = (version: keyof typeof resources.referenceGrants): Watched => ({
  resource: resources.referenceGrants[version],
  project: projectGrant,
});

/** All of them, whatever a cluster has. */
export const everyKind: Record<CacheName, Watched> = {
  ...always,
  ...withGatewayApi,
  tlsSecrets,
  listenerSets,
  grpcRoutes,
  trafficPolicies,
  xBackends,
  backendTlsPolicies,
  caBundles,
  referenceGrants: grantsOf('v1'),
};

/** The watches by the name of their cache. */
export function entriesOf(watched: Partial<Record<CacheName, Watched>>): [CacheName, Watched][] {
  return Object.entries(watched) as [CacheName, Watched][];
}

/** Returns the cache that holds owned objects of this kind, or undefined. */
export function cacheOf(resource: Resource): OwnedCacheName | undefined {
  return ownedCaches.find((name) => watchOf(name).resource === resource);
}

/** Caches of kinds that the operator writes. */
export type OwnedCacheName = (typeof ownedCaches)[number];
const ownedCaches = [
  'deployments',
  'services',
  'serviceAccounts',
  'podDisruptionBudgets',
  'autoscalers',
  'webhooks',
  'gatewayClasses',
  'gateways',
  'httpRoutes',
  'grpcRoutes',
] as const;

const watchOf = (name: OwnedCacheName): Watched => ({ ...always, ...withGatewayApi, grpcRoutes })[name];

function projectOwner({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace = '', uid = '', resourceVersion = '', ownerReferences = [] } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion, ownerReferences } };
}
