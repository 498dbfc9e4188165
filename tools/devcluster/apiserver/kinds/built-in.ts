/** The built-in kinds, from the resource table, the schemas and the rules. */
import { builtInTopology } from '../../patch/built-in-topology.ts';
import { builtInResources, type ResourceEntry } from '../../resource-table.ts';
import { prepareSchema, type PreparedSchema } from '../../schema/prepare.ts';
import type { Schema } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../output/column.ts';
import { builtInColumns } from '../output/columns.ts';
import { podColumns } from '../output/pod-columns.ts';
import * as objects from '../schemas/objects.ts';
import { pod } from '../schemas/pod.ts';
import * as workloads from '../schemas/workloads.ts';
import { autoscalerRules } from './autoscaler-rules.ts';
import { crdRules } from './crd-rules.ts';
import { coreEventRules, coreEventToStored, eventRules, storedToCoreEvent } from './event-rules.ts';
import type { Kind, KindRules } from './kind.ts';
import * as objectRules from './object-rules.ts';
import { podRules } from './pod-rules.ts';
import * as roleRules from './role-rules.ts';
import { serviceRules } from './service-rules.ts';
import { webhookRules } from './webhook-rules.ts';
import * as workloadRules from './workload-rules.ts';

type Traits = Pick<
  Kind,
  'selectableFields' | 'returnsDeleted' | 'createsOnUpdate' | 'countsGenerations' | 'shelf' | 'toStored' | 'fromStored'
>;
type Definition = { schema: Schema } & KindRules & Partial<Traits>;

const unchanged: Kind['toStored'] = (object) => object;
const eventFields = ['name', 'namespace', 'kind', 'uid', 'apiVersion'];

const definitions: Readonly<Record<string, Definition>> = {
  '/ConfigMap': { schema: objects.configMap, ...objectRules.configMapRules },
  '/Event': {
    schema: objects.coreEvent,
    ...coreEventRules,
    shelf: 'events.k8s.io/events',
    selectableFields: [
      ...eventFields.map((name) => `involvedObject.${name}`),
      'reason',
      'type',
      'source',
      'reportingComponent',
    ],
    toStored: coreEventToStored,
    fromStored: storedToCoreEvent,
  },
  '/Namespace': {
    schema: objects.namespace,
    ...objectRules.namespaceRules,
    returnsDeleted: true,
    selectableFields: ['status.phase'],
  },
  '/Node': { schema: objects.node, ...objectRules.nodeRules, selectableFields: ['spec.unschedulable'] },
  '/Pod': {
    schema: pod,
    ...podRules,
    returnsDeleted: true,
    countsGenerations: true,
    selectableFields: [
      ...['nodeName', 'restartPolicy', 'schedulerName', 'serviceAccountName', 'hostNetwork'].map(
        (name) => `spec.${name}`,
      ),
      ...['phase', 'podIP', 'nominatedNodeName'].map((name) => `status.${name}`),
    ],
  },
  '/Secret': { schema: objects.secret, ...objectRules.secretRules, selectableFields: ['type'] },
  '/ServiceAccount': { schema: objects.serviceAccount, returnsDeleted: true },
  '/Service': {
    schema: objects.service,
    ...serviceRules,
    returnsDeleted: true,
    selectableFields: ['spec.clusterIP', 'spec.type'],
  },
  'apps/ControllerRevision': { schema: objects.controllerRevision, ...workloadRules.controllerRevisionRules },
  'apps/Deployment': { schema: workloads.deployment, ...workloadRules.deploymentRules, countsGenerations: true },
  'apps/ReplicaSet': {
    schema: workloads.replicaSet,
    ...workloadRules.replicaSetRules,
    countsGenerations: true,
    selectableFields: ['status.replicas'],
  },
  'apps/StatefulSet': { schema: workloads.statefulSet, ...workloadRules.statefulSetRules, countsGenerations: true },
  'autoscaling/HorizontalPodAutoscaler': { schema: workloads.horizontalPodAutoscaler, ...autoscalerRules },
  'coordination.k8s.io/Lease': { schema: objects.lease, ...objectRules.leaseRules, createsOnUpdate: true },
  'discovery.k8s.io/EndpointSlice': {
    schema: objects.endpointSlice,
    ...objectRules.endpointSliceRules,
    countsGenerations: true,
  },
  'events.k8s.io/Event': {
    schema: objects.event,
    ...eventRules,
    selectableFields: [...eventFields.map((name) => `regarding.${name}`), 'reason', 'type', 'reportingController'],
  },
  'policy/PodDisruptionBudget': {
    schema: workloads.podDisruptionBudget,
    ...workloadRules.budgetRules,
    countsGenerations: true,
  },
  'rbac.authorization.k8s.io/ClusterRole': { schema: objects.role, ...roleRules.clusterRoleRules },
  'rbac.authorization.k8s.io/ClusterRoleBinding': { schema: objects.roleBinding, ...roleRules.clusterRoleBindingRules },
  'rbac.authorization.k8s.io/Role': { schema: objects.role, ...roleRules.roleRules },
  'rbac.authorization.k8s.io/RoleBinding': { schema: objects.roleBinding, ...roleRules.roleBindingRules },
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': {
    schema: objects.mutatingWebhookConfiguration,
    ...webhookRules,
    countsGenerations: true,
  },
  'apiextensions.k8s.io/CustomResourceDefinition': {
    schema: objects.customResourceDefinition,
    ...crdRules,
    countsGenerations: true,
    returnsDeleted: true,
  },
};

function prepared(source: Schema, name: string): PreparedSchema {
  const preparation = prepareSchema(source);
  if (!preparation.ok) {
    throw new Error(`the built-in schema of ${name} is wrong: ${JSON.stringify(preparation.problems)}`);
  }
  return preparation.prepared;
}

const replicasOf = { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: ['spec', 'selector'] };

function kindOf(entry: ResourceEntry): Kind {
  const name = `${entry.group}/${entry.kind}`;
  const { schema, ...rules } = definitions[name] ?? { schema: objects.review };
  return {
    entry,
    listKind: `${entry.kind}List`,
    shelf: `${entry.group}/${entry.plural}`,
    isCustom: false,
    countsGenerations: false,
    createsOnUpdate: false,
    returnsDeleted: false,
    selectableFields: [],
    toStored: unchanged,
    fromStored: unchanged,
    ...rules,
    ...(entry.subresources.some((one) => one.name === 'scale') && { scale: replicasOf }),
    schema: prepared(schema, name),
    topology: builtInTopology(entry.group, entry.kind),
    columns: name === '/Pod' ? podColumns : (builtInColumns[name] ?? [nameColumn, ageColumn]),
  };
}

/** Prepared once: a process may start many servers, as tests do. */
export const builtInKinds: readonly Kind[] = builtInResources.map(kindOf);
