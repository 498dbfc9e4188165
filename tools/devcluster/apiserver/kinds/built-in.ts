/** The built-in kinds, from the resource table, the schemas and the rules. */
import { schemaTopology } from '../../patch/topology.ts';
import { builtInResources, type ResourceEntry } from '../../resource-table.ts';
import { prepareSchema, type PreparedSchema } from '../../schema/prepare.ts';
import type { Schema } from '../../schema/schema.ts';
import { ageColumn, nameColumn } from '../output/column.ts';
import { builtInColumns } from '../output/columns.ts';
import * as objects from '../schemas/objects.ts';
import { pod } from '../schemas/pod.ts';
import * as workloads from '../schemas/workloads.ts';
import { crdRules } from './crd-rules.ts';
import * as rules from './built-in-rules.ts';
import type { Kind, KindRules } from './kind.ts';

type Traits = Pick<
  Kind,
  'selectableFields' | 'returnsDeleted' | 'createsOnUpdate' | 'countsGenerations' | 'shelf' | 'toStored' | 'fromStored'
>;
type Definition = { schema: Schema } & KindRules & Partial<Traits>;

const unchanged: Kind['toStored'] = (object) => object;
const eventFields = ['name', 'namespace', 'kind', 'uid', 'apiVersion'];

const definitions: Readonly<Record<string, Definition>> = {
  '/ConfigMap': { schema: objects.configMap },
  '/Event': {
    schema: objects.coreEvent,
    shelf: 'events.k8s.io/events',
    selectableFields: [
      ...eventFields.map((name) => `involvedObject.${name}`),
      'reason',
      'type',
      'source',
      'reportingComponent',
    ],
    toStored: rules.coreEventToStored,
    fromStored: rules.storedToCoreEvent,
  },
  '/Namespace': {
    schema: objects.namespace,
    ...rules.namespaceRules,
    returnsDeleted: true,
    selectableFields: ['status.phase'],
  },
  '/Node': { schema: objects.node, selectableFields: ['spec.unschedulable'] },
  '/Pod': {
    schema: pod,
    ...rules.podRules,
    returnsDeleted: true,
    countsGenerations: true,
    selectableFields: [
      ...['nodeName', 'restartPolicy', 'schedulerName', 'serviceAccountName', 'hostNetwork'].map(
        (name) => `spec.${name}`,
      ),
      ...['phase', 'podIP', 'nominatedNodeName'].map((name) => `status.${name}`),
    ],
  },
  '/Secret': { schema: objects.secret, ...rules.secretRules, selectableFields: ['type'] },
  '/ServiceAccount': { schema: objects.serviceAccount, returnsDeleted: true },
  '/Service': {
    schema: objects.service,
    ...rules.serviceRules,
    returnsDeleted: true,
    selectableFields: ['spec.clusterIP', 'spec.type'],
  },
  'apps/Deployment': { schema: workloads.deployment, ...rules.deploymentRules, countsGenerations: true },
  'apps/ReplicaSet': {
    schema: workloads.replicaSet,
    ...rules.replicaRules,
    countsGenerations: true,
    selectableFields: ['status.replicas'],
  },
  'apps/StatefulSet': { schema: workloads.statefulSet, ...rules.replicaRules, countsGenerations: true },
  // Stored; no controller scales by it.
  'autoscaling/HorizontalPodAutoscaler': { schema: workloads.horizontalPodAutoscaler },
  'coordination.k8s.io/Lease': { schema: objects.lease, createsOnUpdate: true },
  'discovery.k8s.io/EndpointSlice': {
    schema: objects.endpointSlice,
    countsGenerations: true,
  },
  'events.k8s.io/Event': {
    schema: objects.event,
    selectableFields: [...eventFields.map((name) => `regarding.${name}`), 'reason', 'type', 'reportingController'],
  },
  'policy/PodDisruptionBudget': {
    schema: workloads.podDisruptionBudget,
    countsGenerations: true,
  },
  'rbac.authorization.k8s.io/ClusterRole': { schema: objects.role },
  'rbac.authorization.k8s.io/ClusterRoleBinding': { schema: objects.roleBinding },
  'rbac.authorization.k8s.io/Role': { schema: objects.role },
  'rbac.authorization.k8s.io/RoleBinding': { schema: objects.roleBinding },
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': {
    schema: objects.mutatingWebhookConfiguration,
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
  const { schema: source, ...traits } = definitions[name] ?? { schema: objects.review };
  let schema: PreparedSchema | undefined;
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
    ...traits,
    ...(entry.subresources.some((one) => one.name === 'scale') && { scale: replicasOf }),
    get schema() {
      return (schema ??= prepared(source, name));
    },
    topology: schemaTopology(source),
    columns: builtInColumns[name] ?? [nameColumn, ageColumn],
  };
}

/** Each schema is prepared once, when it is first needed: a process may start many servers, as tests do. */
export const builtInKinds: readonly Kind[] = builtInResources.map(kindOf);
