/** The built-in kinds that the devcluster serves, as discovery lists them. Their behaviour is in `apiserver/kinds`. */
import type { Resource } from '../../src/kube/ports.ts';

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch';

export type SubresourceEntry = { name: string; group?: string; version?: string; kind: string; verbs: readonly Verb[] };

export type ResourceEntry = Resource & {
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  verbs: readonly Verb[];
  subresources: readonly SubresourceEntry[];
};

export const allVerbs: readonly Verb[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
const objectVerbs: readonly Verb[] = ['get', 'patch', 'update'];

export const statusOf = (kind: string): SubresourceEntry => ({ name: 'status', kind, verbs: objectVerbs });
export const scaleEntry: SubresourceEntry = {
  name: 'scale',
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  verbs: objectVerbs,
};
const bindingEntry: SubresourceEntry = { name: 'binding', kind: 'Binding', verbs: ['create'] };
const tokenEntry: SubresourceEntry = {
  name: 'token',
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  verbs: ['create'],
};
const finalizeEntry: SubresourceEntry = { name: 'finalize', kind: 'Namespace', verbs: ['update'] };

type Traits = Partial<Pick<ResourceEntry, 'shortNames' | 'categories' | 'verbs' | 'subresources'>>;

function entry(namespaced: boolean, groupVersion: string, names: string, traits: Traits): ResourceEntry {
  const [group = '', version = ''] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  const [kind = '', plural = ''] = names.split(' ');
  const defaults = { shortNames: [], categories: [], verbs: allVerbs, subresources: [] };
  return { group, version, kind, plural, namespaced, singular: kind.toLowerCase(), ...defaults, ...traits };
}

const inNamespace = (groupVersion: string, names: string, traits: Traits = {}): ResourceEntry =>
  entry(true, groupVersion, names, traits);
const inCluster = (groupVersion: string, names: string, traits: Traits = {}): ResourceEntry =>
  entry(false, groupVersion, names, traits);
/** Reviews: the response to their creation is the result; they are not stored. */
const review: Traits = { verbs: ['create'] };
const workload = (kind: string, shortName: string): Traits => ({
  shortNames: [shortName],
  categories: ['all'],
  subresources: [scaleEntry, statusOf(kind)],
});
const extension: Traits = { categories: ['api-extensions'] };

export const builtInResources: readonly ResourceEntry[] = [
  inNamespace('v1', 'ConfigMap configmaps', { shortNames: ['cm'] }),
  inNamespace('v1', 'Event events', { shortNames: ['ev'] }),
  inCluster('v1', 'Namespace namespaces', {
    shortNames: ['ns'],
    verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
    subresources: [finalizeEntry, statusOf('Namespace')],
  }),
  inCluster('v1', 'Node nodes', { shortNames: ['no'], subresources: [statusOf('Node')] }),
  inNamespace('v1', 'Pod pods', {
    shortNames: ['po'],
    categories: ['all'],
    subresources: [bindingEntry, statusOf('Pod')],
  }),
  inNamespace('v1', 'Secret secrets'),
  inNamespace('v1', 'ServiceAccount serviceaccounts', { shortNames: ['sa'], subresources: [tokenEntry] }),
  inNamespace('v1', 'Service services', {
    shortNames: ['svc'],
    categories: ['all'],
    subresources: [statusOf('Service')],
  }),
  inNamespace('apps/v1', 'Deployment deployments', workload('Deployment', 'deploy')),
  inNamespace('apps/v1', 'ReplicaSet replicasets', workload('ReplicaSet', 'rs')),
  inNamespace('apps/v1', 'StatefulSet statefulsets', workload('StatefulSet', 'sts')),
  inNamespace('autoscaling/v2', 'HorizontalPodAutoscaler horizontalpodautoscalers', {
    shortNames: ['hpa'],
    categories: ['all'],
    subresources: [statusOf('HorizontalPodAutoscaler')],
  }),
  inNamespace('coordination.k8s.io/v1', 'Lease leases'),
  inNamespace('discovery.k8s.io/v1', 'EndpointSlice endpointslices'),
  inNamespace('events.k8s.io/v1', 'Event events', { shortNames: ['ev'] }),
  inNamespace('policy/v1', 'PodDisruptionBudget poddisruptionbudgets', {
    shortNames: ['pdb'],
    subresources: [statusOf('PodDisruptionBudget')],
  }),
  inCluster('rbac.authorization.k8s.io/v1', 'ClusterRole clusterroles'),
  inCluster('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding clusterrolebindings'),
  inNamespace('rbac.authorization.k8s.io/v1', 'Role roles'),
  inNamespace('rbac.authorization.k8s.io/v1', 'RoleBinding rolebindings'),
  inCluster('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration mutatingwebhookconfigurations', extension),
  inCluster('apiextensions.k8s.io/v1', 'CustomResourceDefinition customresourcedefinitions', {
    ...extension,
    shortNames: ['crd', 'crds'],
    subresources: [statusOf('CustomResourceDefinition')],
  }),
  inCluster('authentication.k8s.io/v1', 'TokenReview tokenreviews', review),
  inCluster('authorization.k8s.io/v1', 'SelfSubjectAccessReview selfsubjectaccessreviews', review),
  inCluster('authorization.k8s.io/v1', 'SubjectAccessReview subjectaccessreviews', review),
];
