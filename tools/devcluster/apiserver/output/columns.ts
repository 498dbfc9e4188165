/** The columns of built-in kinds other than Pod. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { JsonObject } from '../../schema/json.ts';
import { formatLabelSelector, readLabelSelector } from '../../store/label-selector.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import { ageColumn, type Column, column, formatAge, nameColumn, wide } from './column.ts';

const numberIn = (name: string, ...path: readonly string[]): Column =>
  column(name, (object) => numberAt(object, ...path) ?? 0, { type: 'integer' });
/** Kubernetes declares these columns as strings, but their cells are numbers. */
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

const servicePort = ({ port, protocol }: JsonObject): string => `${String(port)}/${String(protocol)}`;

const formatMap = (map: JsonObject): string =>
  Object.entries(map)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',');

const service: readonly Column[] = [
  nameColumn,
  column('Type', (object) => textAt(object, 'spec', 'type')),
  column('Cluster-IP', (object) => orNone(textAt(object, 'spec', 'clusterIP'))),
  column('External-IP', () => '<none>'),
  column('Port(s)', (object) => orNone(objectsAt(object, 'spec', 'ports').map(servicePort).join(','))),
  ageColumn,
  wide('Selector', (object) => orNone(formatMap(objectAt(object, 'spec', 'selector')))),
];

const lastSeen = (object: KubeObject): string =>
  textAt(object, 'series', 'lastObservedTime') ||
  textAt(object, 'deprecatedLastTimestamp') ||
  textAt(object, 'eventTime');

/** Events in their stored form. */
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

const dataCount = column(
  'Data',
  (object) => Object.keys({ ...objectAt(object, 'data'), ...objectAt(object, 'binaryData') }).length,
);
/** By `group/kind`: the kinds of the demo. Every other built-in kind has the columns name and age. */
export const builtInColumns: Readonly<Record<string, readonly Column[]>> = {
  '/ConfigMap': [nameColumn, dataCount, ageColumn],
  '/Event': event,
  '/Service': service,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'events.k8s.io/Event': event,
};
