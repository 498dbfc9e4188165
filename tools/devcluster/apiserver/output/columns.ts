/** The columns of the other built-in kinds. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { JsonObject } from '../../schema/json.ts';
import { formatLabelSelector, readLabelSelector } from '../../store/label-selector.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import { ageColumn, type Column, column, formatAge, nameColumn, wide } from './column.ts';

const numberIn = (name: string, ...path: readonly string[]): Column =>
  column(name, (object) => numberAt(object, ...path) ?? 0, { type: 'integer' });
/** Kubernetes calls these columns texts, and has numbers in them. */
const countIn = (name: string, ...path: readonly string[]): Column =>
  column(name, (object) => numberAt(object, ...path) ?? 0);
const orNone = (text: string): string => text || '<none>';

const templateContainers = (object: KubeObject): JsonObject[] =>
  objectsAt(object, 'spec', 'template', 'spec', 'containers');
const templateColumns: readonly Column[] = [
  wide('Containers', (object) =>
    templateContainers(object)
      .map((one) => textAt(one, 'name'))
      .join(','),
  ),
  wide('Images', (object) =>
    templateContainers(object)
      .map((one) => textAt(one, 'image'))
      .join(','),
  ),
  wide('Selector', (object) => formatLabelSelector(readLabelSelector(valueAt(object, 'spec', 'selector')) ?? [])),
];

const readyOfReplicas = column(
  'Ready',
  (object) => `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`,
);

const deployment: readonly Column[] = [
  nameColumn,
  readyOfReplicas,
  countIn('Up-to-date', 'status', 'updatedReplicas'),
  countIn('Available', 'status', 'availableReplicas'),
  ageColumn,
  ...templateColumns,
];

const replicaSet: readonly Column[] = [
  nameColumn,
  numberIn('Desired', 'spec', 'replicas'),
  numberIn('Current', 'status', 'replicas'),
  numberIn('Ready', 'status', 'readyReplicas'),
  ageColumn,
  ...templateColumns,
];

const statefulSet: readonly Column[] = [nameColumn, readyOfReplicas, ageColumn, ...templateColumns.slice(0, 2)];

function servicePort({ port, nodePort, protocol }: JsonObject): string {
  const outside = typeof nodePort === 'number' ? `:${nodePort}` : '';
  return `${String(port)}${outside}/${String(protocol)}`;
}

const formatMap = (map: JsonObject): string =>
  Object.entries(map)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');

const service: readonly Column[] = [
  nameColumn,
  column('Type', (object) => textAt(object, 'spec', 'type')),
  column('Cluster-IP', (object) => orNone(textAt(object, 'spec', 'clusterIP'))),
  column('External-IP', (object) => orNone(textsAt(object, 'spec', 'externalIPs').join(','))),
  column('Port(s)', (object) => orNone(objectsAt(object, 'spec', 'ports').map(servicePort).join(','))),
  ageColumn,
  wide('Selector', (object) => orNone(formatMap(objectAt(object, 'spec', 'selector')))),
];

/** At most three, then how many more there are. */
function firstThree(texts: readonly string[], missing: string): string {
  if (texts.length === 0) return missing;
  const more = texts.length > 3 ? ` + ${texts.length - 3} more...` : '';
  return texts.slice(0, 3).join(',') + more;
}

const endpointSlice: readonly Column[] = [
  nameColumn,
  column('AddressType', (object) => textAt(object, 'addressType')),
  column('Ports', (object) =>
    firstThree(
      objectsAt(object, 'ports').map((port) => `${numberAt(port, 'port') ?? '*'}`),
      '<unset>',
    ),
  ),
  column('Endpoints', (object) =>
    firstThree(
      objectsAt(object, 'endpoints').flatMap((endpoint) => textsAt(endpoint, 'addresses')),
      '<unset>',
    ),
  ),
  ageColumn,
];

const metricSource = (metric: JsonObject): JsonObject => {
  const type = textAt(metric, 'type');
  return objectAt(metric, type.charAt(0).toLowerCase() + type.slice(1));
};

function quantityIn(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** `cpu: 50%/80%`: what is, of what is wanted. */
function metricTarget(metric: JsonObject, current: JsonObject | undefined): string {
  const source = metricSource(metric);
  const value = (from: JsonObject): string | undefined => {
    const utilization = numberAt(from, 'averageUtilization');
    return utilization === undefined
      ? (quantityIn(from, 'averageValue') ?? quantityIn(from, 'value'))
      : `${utilization}%`;
  };
  const now = value(objectAt(current === undefined ? {} : metricSource(current), 'current')) ?? '<unknown>';
  const isAverage =
    valueAt(source, 'target', 'averageValue') !== undefined &&
    metric['type'] !== 'Pods' &&
    metric['type'] !== 'Resource';
  const prefix = metric['type'] === 'Resource' ? `${textAt(source, 'name')}: ` : '';
  return `${prefix}${now}/${value(objectAt(source, 'target')) ?? '<auto>'}${isAverage ? ' (avg)' : ''}`;
}

function autoscalerTargets(object: KubeObject): string {
  const current = objectsAt(object, 'status', 'currentMetrics');
  const all = objectsAt(object, 'spec', 'metrics').map((metric, index) => metricTarget(metric, current[index]));
  if (all.length === 0) return '<none>';
  return all.length > 2 ? `${all.slice(0, 2).join(', ')} + ${all.length - 2} more...` : all.join(', ');
}

const autoscaler: readonly Column[] = [
  nameColumn,
  column(
    'Reference',
    (object) =>
      `${textAt(object, 'spec', 'scaleTargetRef', 'kind')}/${textAt(object, 'spec', 'scaleTargetRef', 'name')}`,
  ),
  column('Targets', autoscalerTargets),
  column('MinPods', (object) => String(numberAt(object, 'spec', 'minReplicas') ?? '<unset>')),
  countIn('MaxPods', 'spec', 'maxReplicas'),
  countIn('Replicas', 'status', 'currentReplicas'),
  ageColumn,
];

function nodeStatus(object: KubeObject): string {
  const ready = objectsAt(object, 'status', 'conditions').find((condition) => condition['type'] === 'Ready');
  const state = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return valueAt(object, 'spec', 'unschedulable') === true ? `${state},SchedulingDisabled` : state;
}

function nodeRoles({ metadata }: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return orNone(
    roles
      .map((label) => label.slice(prefix.length))
      .toSorted()
      .join(','),
  );
}

const nodeAddress =
  (type: string) =>
  (object: KubeObject): string =>
    orNone(
      textAt(
        objectsAt(object, 'status', 'addresses').find((one) => one['type'] === type),
        'address',
      ),
    );
const nodeInfo =
  (field: string) =>
  (object: KubeObject): string =>
    textAt(object, 'status', 'nodeInfo', field) || '<unknown>';

const node: readonly Column[] = [
  nameColumn,
  column('Status', nodeStatus),
  column('Roles', nodeRoles),
  ageColumn,
  column('Version', (object) => textAt(object, 'status', 'nodeInfo', 'kubeletVersion')),
  wide('Internal-IP', nodeAddress('InternalIP')),
  wide('External-IP', nodeAddress('ExternalIP')),
  wide('OS-Image', nodeInfo('osImage')),
  wide('Kernel-Version', nodeInfo('kernelVersion')),
  wide('Container-Runtime', nodeInfo('containerRuntimeVersion')),
];

const lastSeen = (object: KubeObject): string =>
  textAt(object, 'series', 'lastObservedTime') ||
  textAt(object, 'deprecatedLastTimestamp') ||
  textAt(object, 'eventTime');

/** For events in their stored form. */
const event: readonly Column[] = [
  column('Last Seen', (object, nowMs) => formatAge(lastSeen(object) || undefined, nowMs)),
  column('Type', (object) => textAt(object, 'type')),
  column('Reason', (object) => textAt(object, 'reason')),
  column(
    'Object',
    (object) => `${textAt(object, 'regarding', 'kind').toLowerCase()}/${textAt(object, 'regarding', 'name')}`,
  ),
  wide('Subobject', (object) => textAt(object, 'regarding', 'fieldPath')),
  wide('Source', (object) => textAt(object, 'deprecatedSource', 'component') || textAt(object, 'reportingController')),
  column('Message', (object) => textAt(object, 'note').trim()),
  wide('First Seen', (object, nowMs) =>
    formatAge(textAt(object, 'deprecatedFirstTimestamp') || textAt(object, 'eventTime') || undefined, nowMs),
  ),
  wide('Count', (object) => String(numberAt(object, 'series', 'count') ?? numberAt(object, 'deprecatedCount') ?? 1)),
  wide('Name', ({ metadata }) => metadata.name, { format: 'name' }),
];

const budgetSize =
  (field: string) =>
  (object: KubeObject): string => {
    const value = valueAt(object, 'spec', field);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : 'N/A';
  };

const dataCount = column(
  'Data',
  (object) => Object.keys({ ...objectAt(object, 'data'), ...objectAt(object, 'binaryData') }).length,
);
const createdAt = column('Created At', ({ metadata }) => metadata.creationTimestamp, { type: 'date' });

/** By `group/kind`. What is not here has name and age. */
export const builtInColumns: Readonly<Record<string, readonly Column[]>> = {
  '/ConfigMap': [nameColumn, dataCount, ageColumn],
  '/Event': event,
  '/Namespace': [nameColumn, column('Status', (object) => textAt(object, 'status', 'phase')), ageColumn],
  '/Node': node,
  '/Secret': [nameColumn, column('Type', (object) => textAt(object, 'type')), dataCount, ageColumn],
  '/Service': service,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'apps/StatefulSet': statefulSet,
  'autoscaling/HorizontalPodAutoscaler': autoscaler,
  'coordination.k8s.io/Lease': [
    nameColumn,
    column('Holder', (object) => textAt(object, 'spec', 'holderIdentity')),
    ageColumn,
  ],
  'discovery.k8s.io/EndpointSlice': endpointSlice,
  'events.k8s.io/Event': event,
  'policy/PodDisruptionBudget': [
    nameColumn,
    column('Min Available', budgetSize('minAvailable')),
    column('Max Unavailable', budgetSize('maxUnavailable')),
    numberIn('Allowed Disruptions', 'status', 'disruptionsAllowed'),
    ageColumn,
  ],
  'rbac.authorization.k8s.io/ClusterRole': [nameColumn, createdAt],
  'rbac.authorization.k8s.io/Role': [nameColumn, createdAt],
  'apiextensions.k8s.io/CustomResourceDefinition': [nameColumn, createdAt],
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': [
    nameColumn,
    column('Webhooks', (object) => objectsAt(object, 'webhooks').length, { type: 'integer' }),
    ageColumn,
  ],
};
