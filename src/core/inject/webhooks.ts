/**
 * The entries of the MutatingWebhookConfiguration. Only pods of StickyWorkloads wait for the webhook: a namespace without a
 * StickyWorkload has no entry, and in the others the API server itself matches the owner of the pod.
 *
 * Size: an entry has about 2 KB (0.9 KB of it the caBundle) and about 20 bytes for each name. etcd rejects an object larger than
 * 1.5 MB, which is about 500 namespaces with 40 StickyWorkloads each.
 */
import { labels, operatorNamespace, operatorService } from '../names/names.ts';

/** A Deployment or StatefulSet that is the target of a StickyWorkload. */
export type WebhookTarget = { namespace: string; kind: 'Deployment' | 'StatefulSet'; name: string };

/** `caBundle`: the authority's PEM certificate in base64. `url`: instead of the Service, if the operator runs outside of the cluster. */
export type WebhookClient = { caBundle: string; url?: string };

export const injectPath = '/inject';

// Limits the size of a CEL expression: the API server compiles it, and evaluates it for each pod of the namespace.
const namesPerEntry = 100;

/** Sorted by namespace and name, so that equal targets result in equal webhooks whatever their order. */
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
    // Labelled pods match the entry below; two matching entries would call the webhook twice.
    objectSelector: { matchExpressions: [{ key: labels.inject, operator: 'NotIn', values: ['true'] }] },
    matchConditions: [{ name: 'sticky-workload', expression: ownedByTarget(targets) }],
  };
}

/**
 * Pods whose template has the label, in any namespace: for pods that are created together with their StickyWorkload, before the
 * operator has added their namespace. No entry of a namespace can have its name.
 */
const labelledEntry = {
  name: 'labelled.holdfast.dev',
  namespaceSelector: {},
  objectSelector: { matchLabels: { [labels.inject]: 'true' } },
  matchConditions: [],
};

/** Returns a CEL expression that is true for pods whose controller is one of the targets or belongs to one. */
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

// Names of these objects are DNS subdomains: they contain nothing to escape.
function ownerTest(targets: WebhookTarget[], kind: WebhookTarget['kind'], test: (names: string) => string): string[] {
  const names = targets.filter((target) => target.kind === kind).map((target) => `'${target.name}'`);
  return names.length === 0 ? [] : [`(${test(`[${names.join(', ')}]`)})`];
}

/** The name of a ReplicaSet is that of its Deployment and the pod-template-hash, which is also a label of the pods. */
const isReplicaSetOf = (deployments: string): string =>
  `has(object.metadata.labels) && 'pod-template-hash' in object.metadata.labels && ` +
  `${deployments}.exists(name, owner.name == name + '-' + object.metadata.labels['pod-template-hash'])`;

const common = ({ caBundle, url }: WebhookClient) => ({
  clientConfig:
    url === undefined
      ? { caBundle, service: { namespace: operatorNamespace, name: operatorService, path: injectPath, port: 443 } }
      : { caBundle, url },
  rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
  // Fail open: a pod without the sidecar is reported, while a pod that cannot start is an outage.
  failurePolicy: 'Ignore',
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  timeoutSeconds: 5,
  // Another webhook may add a container after this one.
  reinvocationPolicy: 'IfNeeded',
  admissionReviewVersions: ['v1'],
});
