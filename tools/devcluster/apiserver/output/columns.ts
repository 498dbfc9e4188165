/** The columns of the built-in kinds that the demo shows, without those of `-o wide`. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt } from '../fields.ts';
import { ageColumn, type Column, column, formatAge, nameColumn } from './column.ts';
import { podStatus, readyCount, restarts } from './pod-cells.ts';

const text = (name: string, ...path: readonly string[]): Column => column(name, (object) => textAt(object, ...path));
const number = (name: string, ...path: readonly string[]): Column =>
  column(name, (object) => numberAt(object, ...path) ?? 0, { type: 'integer' });
/** The API server declares these columns as strings, and fills them with numbers. */
const count = (name: string, ...path: readonly string[]): Column =>
  column(name, (object) => numberAt(object, ...path) ?? 0);

const pod: readonly Column[] = [
  nameColumn,
  column('Ready', readyCount),
  column('Status', podStatus),
  column('Restarts', restarts),
  ageColumn,
];

const readyReplicas = (object: KubeObject): string =>
  `${numberAt(object, 'status', 'readyReplicas') ?? 0}/${numberAt(object, 'spec', 'replicas') ?? 0}`;

const deployment: readonly Column[] = [
  nameColumn,
  column('Ready', readyReplicas),
  count('Up-to-date', 'status', 'updatedReplicas'),
  count('Available', 'status', 'availableReplicas'),
  ageColumn,
];

const replicaSet: readonly Column[] = [
  nameColumn,
  number('Desired', 'spec', 'replicas'),
  number('Current', 'status', 'replicas'),
  number('Ready', 'status', 'readyReplicas'),
  ageColumn,
];

const orNone = (value: string): string => value || '<none>';
const servicePort = ({ port, protocol }: JsonObject): string => `${String(port)}/${String(protocol)}`;

const service: readonly Column[] = [
  nameColumn,
  text('Type', 'spec', 'type'),
  column('Cluster-IP', (object) => orNone(textAt(object, 'spec', 'clusterIP'))),
  column('External-IP', () => '<none>'),
  column('Port(s)', (object) => orNone(objectsAt(object, 'spec', 'ports').map(servicePort).join(','))),
  ageColumn,
];

const lastSeen = (object: KubeObject): string =>
  textAt(object, 'series', 'lastObservedTime') ||
  textAt(object, 'deprecatedLastTimestamp') ||
  textAt(object, 'eventTime');

/** Of events in their stored form. */
const event: readonly Column[] = [
  column('Last Seen', (object, nowMs) => formatAge(lastSeen(object) || undefined, nowMs)),
  text('Type', 'type'),
  text('Reason', 'reason'),
  column(
    'Object',
    (object) => `${textAt(object, 'regarding', 'kind').toLowerCase()}/${textAt(object, 'regarding', 'name')}`,
  ),
  column('Message', (object) => textAt(object, 'note').trim()),
];

const dataCount = column(
  'Data',
  (object) => Object.keys({ ...objectAt(object, 'data'), ...objectAt(object, 'binaryData') }).length,
);

/** By `group/kind`. Every other built-in kind has the columns name and age. */
export const builtInColumns: Readonly<Record<string, readonly Column[]>> = {
  '/ConfigMap': [nameColumn, dataCount, ageColumn],
  '/Event': event,
  '/Pod': pod,
  '/Service': service,
  'apps/Deployment': deployment,
  'apps/ReplicaSet': replicaSet,
  'events.k8s.io/Event': event,
};
