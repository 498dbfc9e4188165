/**
 * What built-in kinds do besides following their schema: defaults that depend on other fields, what only the server sets, and what the
 * devcluster refuses because it does not implement it. The rules of a real API server are tested against a real one.
 */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, forbidden, notSupported } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { completePod, completePodSpec } from './pod-defaults.ts';

export const podRules: KindRules = { complete: completePod };

/** `stringData` is write-only: it is encoded into `data`. */
function completeSecret(secret: KubeObject): KubeObject {
  const { stringData, ...stored } = secret;
  const encoded = Object.entries(objectAt({ stringData }, 'stringData')).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  return encoded.length === 0
    ? stored
    : { ...stored, data: { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) } };
}

export const secretRules: KindRules = { complete: completeSecret };

/** The finalizer `kubernetes` keeps a namespace until its content is deleted. */
function completeNamespace(namespace: KubeObject, old?: KubeObject): KubeObject {
  const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
  const named = { ...namespace, metadata: { ...namespace.metadata, labels } };
  if (old !== undefined) return named;
  const finalizers = [...new Set([...textsAt(namespace, 'spec', 'finalizers'), 'kubernetes'])];
  return { ...named, spec: { finalizers }, status: { phase: 'Active' } };
}

export const namespaceRules: KindRules = { complete: completeNamespace };

/** A Service keeps its address, also if an update omits it. Allocation: `writes/service-address.ts`. */
function completeService(service: KubeObject, old?: KubeObject): KubeObject {
  const spec = objectAt(service, 'spec');
  if (spec['type'] === 'ExternalName') return service;
  const completed: JsonObject = {
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ...(spec['sessionAffinity'] === 'ClientIP' && { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } }),
    ...spec,
    ...serviceAddress(spec, old),
    ...(spec['ports'] !== undefined && { ports: objectsAt(spec, 'ports').map(withTargetPort) }),
  };
  return { ...service, spec: completed, status: service['status'] ?? { loadBalancer: {} } };
}

const withTargetPort = (port: JsonObject): JsonObject => ({ ...port, targetPort: port['targetPort'] || port['port'] });

function serviceAddress(spec: JsonObject, old: KubeObject | undefined): JsonObject {
  const clusterIP = spec['clusterIP'] ?? valueAt(old, 'spec', 'clusterIP');
  return clusterIP === undefined || clusterIP === '' ? {} : { clusterIP, clusterIPs: [clusterIP] };
}

const serviceTypes = ['ClusterIP', 'ExternalName'];

function validateService(service: KubeObject): FieldError[] {
  const type = textAt(service, 'spec', 'type');
  return serviceTypes.includes(type) ? [] : [notSupported('spec.type', type, serviceTypes)];
}

export const serviceRules: KindRules = { complete: completeService, validate: validateService };

function completeTemplate(workload: KubeObject): KubeObject {
  const spec = objectAt(workload, 'spec');
  const template = objectAt(spec, 'template');
  if (template['spec'] === undefined) return workload;
  return {
    ...workload,
    spec: { ...spec, template: { ...template, spec: completePodSpec(objectAt(template, 'spec')) } },
  };
}

function completeDeployment(deployment: KubeObject): KubeObject {
  const completed = completeTemplate(deployment);
  const spec = objectAt(completed, 'spec');
  const strategy = objectAt(spec, 'strategy');
  if (strategy['type'] !== 'RollingUpdate') return completed;
  const rollingUpdate = { maxUnavailable: '25%', maxSurge: '25%', ...objectAt(strategy, 'rollingUpdate') };
  return { ...completed, spec: { ...spec, strategy: { ...strategy, rollingUpdate } } };
}

/** Rejects what the controllers do not implement, instead of storing it without an effect. */
function validateRollout(workload: KubeObject): FieldError[] {
  const spec = objectAt(workload, 'spec');
  const errors: FieldError[] = [];
  if (spec['paused'] === true) errors.push(forbidden('spec.paused', 'devcluster cannot pause a rollout'));
  if ((numberAt(spec, 'minReadySeconds') ?? 0) > 0) {
    errors.push(forbidden('spec.minReadySeconds', 'on devcluster a ready pod is available at once'));
  }
  const strategy = textAt(spec, 'strategy', 'type');
  return strategy === '' || strategy === 'RollingUpdate'
    ? errors
    : [...errors, notSupported('spec.strategy.type', strategy, ['RollingUpdate'])];
}

/** A workload has a status from its creation, with zeros. */
const withStatus = (object: KubeObject, status: JsonObject): KubeObject =>
  object['status'] === undefined ? { ...object, status } : object;

export const deploymentRules: KindRules = {
  complete: (object) => withStatus(completeDeployment(object), {}),
  validate: validateRollout,
};
export const replicaRules: KindRules = {
  complete: (object) => withStatus(completeTemplate(object), { replicas: 0 }),
  validate: validateRollout,
};

/** Events of core/v1 are stored as events.k8s.io/v1: two groups, one storage. */
const coreNames: readonly (readonly [core: string, stored: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function renamed(
  { kind, metadata, ...event }: KubeObject,
  names: Readonly<Record<string, string>>,
  apiVersion: string,
): KubeObject {
  const fields = Object.entries(event).map(([name, value]) => [names[name] ?? name, value] as const);
  return { ...Object.fromEntries(fields), kind, apiVersion, metadata };
}

const toEventNames = Object.fromEntries(coreNames);
const toCoreNames = Object.fromEntries(coreNames.map(([core, stored]) => [stored, core]));
export const coreEventToStored = (event: KubeObject): KubeObject => renamed(event, toEventNames, 'events.k8s.io/v1');
export const storedToCoreEvent = (event: KubeObject): KubeObject => renamed(event, toCoreNames, 'v1');
