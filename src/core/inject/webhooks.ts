/**
 * The entries of the MutatingWebhookConfiguration. Only pods of StickyWorkloads wait for the webhook: a namespace without a
 * StickyWorkload has no entry, and in the others the API server itself matches the owner of the pod.
 *
 * The API server validates the object as a whole, and etcd rejects one larger than 1.5 MB: one entry that is invalid or too large would
 * prevent every later update, for all namespaces. So a target whose name no object can have is left out, and the size is bounded:
 *
 *   precise   an entry per namespace that names its targets, 2 KB (0.9 KB of it the caBundle) plus the names
 *   coarse    the same without names, for a namespace with many targets: every pod of a ReplicaSet or StatefulSet calls the webhook
 *   grouped   one coarse entry for many namespaces, 66 bytes each, once the other entries have used up their share of the size
 *
 * Kubernetes supports 10,000 namespaces: 600 KB + 10,000 × 66 bytes, and about 100 KB for the managed fields of
 * server-side apply.
 */
import { isObjectName, labels, operatorNamespace, operatorService } from '../names/names.ts';

/** A Deployment or StatefulSet that is the target of a StickyWorkload. */
export type WebhookTarget = { namespace: string; kind: 'Deployment' | 'StatefulSet'; name: string };

/**
 * `caBundle`: the authority's PEM certificate in base64. `url`: instead of the Service, if the operator runs outside of the cluster.
 * `namespaces`: those that the operator serves; absent: all.
 */
export type WebhookClient = { caBundle: string; url?: string; namespaces?: readonly string[] };

export const injectPath = '/inject';

/** Of one namespace: the API server compiles its CEL expression, and evaluates it for each pod of the namespace. */
const maxNamedTargets = 100;
const maxNameBytes = 8 * 1024;
const maxEntriesBytes = 600_000;
/** An entry without its names and its caBundle. */
const entryBytes = 1800;
const namespacesPerGroup = 1000;

/** Sorted by namespace and name, so that equal targets result in equal webhooks whatever their order. */
export function renderWebhooks(targets: WebhookTarget[], client: WebhookClient) {
  const valid = targets.filter(({ name }) => isObjectName(name));
  const perNamespace = [...Map.groupBy(valid, (target) => target.namespace)].toSorted(([a], [b]) => compare(a, b));
  let bytes = 0;
  const single: WebhookEntry[] = [];
  const grouped: string[] = [];
  for (const [namespace, ofNamespace] of perNamespace) {
    const named = ofNamespace.toSorted((a, b) => compare(a.kind, b.kind) || compare(a.name, b.name));
    const entry = namespaceEntry(namespace, isNamed(named) ? ownedByTarget(named) : ownedByAnyWorkload);
    bytes += entryBytes + client.caBundle.length + (entry.matchConditions[0]?.expression.length ?? 0);
    if (bytes <= maxEntriesBytes) single.push(entry);
    else grouped.push(namespace);
  }
  return [...single, ...groupEntries(grouped), labelledEntry(client.namespaces)].map((entry) => ({
    ...entry,
    ...common(client),
  }));
}

type WebhookEntry = {
  name: string;
  namespaceSelector: object;
  objectSelector: object;
  matchConditions: { name: string; expression: string }[];
};

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

const isNamed = (targets: WebhookTarget[]): boolean =>
  targets.length <= maxNamedTargets && targets.reduce((sum, { name }) => sum + name.length + 4, 0) <= maxNameBytes;

/** Labelled pods match an entry of their own; two matching entries would call the webhook twice. */
const unlabelled = { matchExpressions: [{ key: labels.inject, operator: 'NotIn', values: ['true'] }] };

const namespaceEntry = (namespace: string, expression: string): WebhookEntry => ({
  name: `${namespace}.inject.holdfast.dev`,
  namespaceSelector: { matchLabels: { [namespaceLabel]: namespace } },
  objectSelector: unlabelled,
  matchConditions: [{ name: 'sticky-workload', expression }],
});

/** The name of an entry of a namespace has one more label, so no namespace can take these names. */
const groupEntries = (namespaces: string[]): WebhookEntry[] =>
  Array.from({ length: Math.ceil(namespaces.length / namespacesPerGroup) }, (_, index) => ({
    name: `group-${index + 1}.holdfast.dev`,
    namespaceSelector: {
      matchExpressions: [
        {
          key: namespaceLabel,
          operator: 'In',
          values: namespaces.slice(index * namespacesPerGroup, (index + 1) * namespacesPerGroup),
        },
      ],
    },
    objectSelector: unlabelled,
    matchConditions: [{ name: 'sticky-workload', expression: ownedByAnyWorkload }],
  }));

const namespaceLabel = 'kubernetes.io/metadata.name';

/**
 * Pods whose template has the label, in any namespace that is served: for pods that are created together with their StickyWorkload, before the
 * operator has added their namespace. No entry of a namespace can have its name.
 */
const labelledEntry = (namespaces: readonly string[] | undefined): WebhookEntry => ({
  name: 'labelled.holdfast.dev',
  namespaceSelector:
    namespaces === undefined
      ? {}
      : { matchExpressions: [{ key: namespaceLabel, operator: 'In', values: namespaces.toSorted() }] },
  objectSelector: { matchLabels: { [labels.inject]: 'true' } },
  matchConditions: [],
});

/** Returns a CEL expression that is true for pods whose controller is one of the targets or belongs to one. */
function ownedByTarget(targets: WebhookTarget[]): string {
  const owners = [
    ...ownerTest(targets, 'Deployment', (names) => `owner.kind == 'ReplicaSet' && ${isReplicaSetOf(names)}`),
    ...ownerTest(targets, 'StatefulSet', (names) => `owner.kind == 'StatefulSet' && owner.name in ${names}`),
  ];
  return ownedBy(owners.join(' || '));
}

const ownedBy = (test: string): string =>
  `has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(owner, ` +
  `has(owner.controller) && owner.controller && owner.apiVersion == 'apps/v1' && (${test}))`;

const ownedByAnyWorkload = ownedBy(`owner.kind in ['ReplicaSet', 'StatefulSet']`);

function ownerTest(targets: WebhookTarget[], kind: WebhookTarget['kind'], test: (names: string) => string): string[] {
  const names = targets.filter((target) => target.kind === kind).map((target) => celString(target.name));
  return names.length === 0 ? [] : [`(${test(`[${names.join(', ')}]`)})`];
}

/** A CEL string literal. Names that are used need no escapes; a mistake in their check must not become an expression. */
const celString = (text: string): string =>
  `'${text.replaceAll(/[^\w .-]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;

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
  // The operator waits for a StickyWorkload that is applied after its Deployment. On a busy node it is slow, and a pod that does not wait for it
  // gets no sidecar.
  timeoutSeconds: 10,
  // Fail open: a pod without the sidecar is reported, while a pod that cannot start is an outage.
  failurePolicy: 'Ignore',
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  // Another webhook may add a container after this one.
  reinvocationPolicy: 'IfNeeded',
  admissionReviewVersions: ['v1'],
});
