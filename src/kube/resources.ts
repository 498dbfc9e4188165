/** The kinds that Holdfast reads or writes. */
import type { Resource } from './ports.ts';

const namespaced = (group: string, version: string, kind: string, plural: string): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: true,
});
const clusterScoped = (group: string, version: string, kind: string, plural: string): Resource => ({
  group,
  version,
  kind,
  plural,
  namespaced: false,
});

export const stickyWorkloads = namespaced('holdfast.dev', 'v1alpha1', 'StickyWorkload', 'stickyworkloads');
export const holdfastProxies = namespaced('holdfast.dev', 'v1alpha1', 'HoldfastProxy', 'holdfastproxies');
export const deployments = namespaced('apps', 'v1', 'Deployment', 'deployments');
export const statefulSets = namespaced('apps', 'v1', 'StatefulSet', 'statefulsets');
export const replicaSets = namespaced('apps', 'v1', 'ReplicaSet', 'replicasets');
export const pods = namespaced('', 'v1', 'Pod', 'pods');
export const nodes = clusterScoped('', 'v1', 'Node', 'nodes');
export const namespaces = clusterScoped('', 'v1', 'Namespace', 'namespaces');
export const services = namespaced('', 'v1', 'Service', 'services');
export const configMaps = namespaced('', 'v1', 'ConfigMap', 'configmaps');
export const secrets = namespaced('', 'v1', 'Secret', 'secrets');
export const serviceAccounts = namespaced('', 'v1', 'ServiceAccount', 'serviceaccounts');
export const endpointSlices = namespaced('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices');
export const podDisruptionBudgets = namespaced('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets');
export const horizontalPodAutoscalers = namespaced(
  'autoscaling',
  'v2',
  'HorizontalPodAutoscaler',
  'horizontalpodautoscalers',
);
export const leases = namespaced('coordination.k8s.io', 'v1', 'Lease', 'leases');
export const events = namespaced('events.k8s.io', 'v1', 'Event', 'events');
export const gatewayClasses = clusterScoped('gateway.networking.k8s.io', 'v1', 'GatewayClass', 'gatewayclasses');
export const gateways = namespaced('gateway.networking.k8s.io', 'v1', 'Gateway', 'gateways');
export const httpRoutes = namespaced('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes');
export const grpcRoutes = namespaced('gateway.networking.k8s.io', 'v1', 'GRPCRoute', 'grpcroutes');
export const trafficPolicies = namespaced(
  'gateway.networking.x-k8s.io',
  'v1alpha1',
  'XBackendTrafficPolicy',
  'xbackendtrafficpolicies',
);
export const xBackends = namespaced('gateway.networking.x-k8s.io', 'v1alpha1', 'XBackend', 'xbackends');
export const backendTlsPolicies = namespaced(
  'gateway.networking.k8s.io',
  'v1',
  'BackendTLSPolicy',
  'backendtlspolicies',
);
export const listenerSets = namespaced('gateway.networking.k8s.io', 'v1', 'ListenerSet', 'listenersets');
/** Both versions are identical; the installed release of Gateway API determines which one is served. */
export const referenceGrants = {
  v1: namespaced('gateway.networking.k8s.io', 'v1', 'ReferenceGrant', 'referencegrants'),
  v1beta1: namespaced('gateway.networking.k8s.io', 'v1beta1', 'ReferenceGrant', 'referencegrants'),
} as const;
export const customResourceDefinitions = clusterScoped(
  'apiextensions.k8s.io',
  'v1',
  'CustomResourceDefinition',
  'customresourcedefinitions',
);
export const mutatingWebhookConfigurations = clusterScoped(
  'admissionregistration.k8s.io',
  'v1',
  'MutatingWebhookConfiguration',
  'mutatingwebhookconfigurations',
);
