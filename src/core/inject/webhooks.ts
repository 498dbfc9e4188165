/**
 * The entries of the one MutatingWebhookConfiguration. Only pods of sticky workloads ever wait for us:
 * a namespace without one has no entry, and in a namespace that has one the API server itself matches the pod's owner.
 *
 * Size: an entry takes about 2 KB (0.9 KB of it the caBundle) and some 20 bytes for each name. etcd refuses an object over
 * 1.5 MB, which is some 500 namespaces with 40 sticky workloads each.
 */
import { labels, operatorNamespace, operatorService } from '../names/names.ts';

/** A Deployment or StatefulSet that a StickyWorkload has for its target. */
export type WebhookTarget = { namespace: string; kind: 'Deployment' | 'StatefulSet'; name: string };

/** `caBundle`: base64 of the authority's PEM. `url`: in place of the Service, where the operator runs outside of the cluster. */
export type WebhookClient = { caBundle: string; url?: string };

export const injectPath = '/inject';

// Bounds one CEL expression: its text is compiled by the API server, and evaluated for each pod of the namespace.
const namesPerEntry = 100;

/** Sorted by namespace and name, so that equal targets give equal webhooks whatever their order. */
export function renderWebhooks(targets: WebhookTarget[], client: WebhookClient) {
  const perNamespace = [...Map.groupBy(targets, (target) => target.namespace)].toSorted(([a], [b]) => compare(a, b));
  const entries = perNamespace.flatMap(([namespace, ofNamespace]) => {
    const sorted = ofNamespace.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
    return chunks(sorted, namesPerEntry).map((chunk, index) => namespaceEntry(namespace, index, chunk));
  });
  return [...entries, labelledEntry].map((entry) => ({ ...entry, ...common(client) }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const chunks = <T>(list: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));

function namespaceEntry(namespace: string, index: number, targets: WebhookTarget[]) {
  return {
    name: `${namespace}.inject${index === 0 ? '' : `-${index + 1}`}.holdfast.dev`,
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    // Labelled pods go to the entry below; two entries would only call us twice.
    objectSelector: { matchExpressions: [{ key: labels.inject, operator: 'NotIn', values: ['true'] }] },
    matchConditions: [{ name: 'sticky-workload', expression: ownedByTarget(targets) }],
  };
}

/**
 * Pods whose template carries the label, in any namespace: those that are created in the same breath as their StickyWorkload,
 * before the operator can have added their namespace. Its name cannot be that of a namespace's entry.
 */
const labelledEntry = {
  name: 'labelled.holdfast.dev',
  namespaceSelector: {},
  objectSelector: { matchLabels: { [labels.inject]: 'true' } },
  matchConditions: [],
};

/** A CEL expression that is true for pods whose controller belongs to one of the targets, or is one. */
function ownedByTarget(targets: WebhookTarget[]): string {
  const owners = [
    ...ownerTest(targets, 'Deployment', (names) => `owner.kind == 'ReplicaSet' && ${isReplicaSetOf(names)}`),
    ...ownerTest(targets, 'StatefulSet', (names) => `owner.kind == 'StatefulSet' && owner.name in ${names}`),
  ];
  return (
    `has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(owner, ` +
    `has(owner.controller) && owner.controller && owner.apiVersion == 'apps/v1' && (${owners.join(' || ')}))`
  );
}

// Names of Kubernetes objects are DNS subdomains: there is nothing in them to escape.
function ownerTest(targets: WebhookTarget[], kind: WebhookTarget['kind'], test: (names: string) => string): string[] {
  const names = targets.filter((target) => target.kind === kind).map((target) => `'${target.name}'`);
  return names.length === 0 ? [] : [`(${test(`[${names.join(', ')}]`)})`];
}

/** A Deployment names its ReplicaSets after itself and the pod-template-hash, which their pods carry as a label. */
const isReplicaSetOf = (deployments: string): string =>
  `has(object.metadata.labels) && 'pod-template-hash' in object.metadata.labels && ` +
  `${deployments}.exists(name, owner.name == name + '-' + object.metadata.labels['pod-template-hash'])`;

const common = ({ caBundle, url }: WebhookClient) => ({
  clientConfig:
    url === undefined
      ? { caBundle, service: { namespace: operatorNamespace, name: operatorService, path: injectPath, port: 443 } }
      : { caBundle, url },
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
  // Fail open: a pod without the sidecar is reported, a pod that cannot start is an outage.
  failurePolicy: 'Ignore',
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  timeoutSeconds: 5,
  // Another webhook may add a container after us.
  reinvocationPolicy: 'IfNeeded',
  admissionReviewVersions: ['v1'],
});
