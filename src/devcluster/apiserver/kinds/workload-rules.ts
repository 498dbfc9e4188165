/** What Deployments, ReplicaSets, autoscalers and disruption budgets do besides following their schema. */
import type { KubeObject } from '../../../kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { isSameJson } from '../../schema/json.ts';
import { matchesLabels, readLabelSelector } from '../../store/label-selector.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { validateLabels } from './metadata.ts';
import { completePodSpec } from './pod-defaults.ts';
import { validatePodSpec } from './pod-rules.ts';

const quarter = '25%';

function completeTemplate(workload: KubeObject): KubeObject {
  const spec = objectAt(workload, 'spec');
  const template = objectAt(spec, 'template');
  if (template['spec'] === undefined) return workload;
  return { ...workload, spec: { ...spec, template: { ...template, spec: completePodSpec(objectAt(template, 'spec')) } } };
}

function completeDeployment(deployment: KubeObject): KubeObject {
  const completed = completeTemplate(deployment);
  const spec = objectAt(completed, 'spec');
  const strategy = objectAt(spec, 'strategy');
  if (strategy['type'] !== 'RollingUpdate') return completed;
  const rollingUpdate = { maxUnavailable: quarter, maxSurge: quarter, ...objectAt(strategy, 'rollingUpdate') };
  return { ...completed, spec: { ...spec, strategy: { ...strategy, rollingUpdate } } };
}

const notNegative = (spec: JsonObject, field: string): FieldError[] => {
  const value = numberAt(spec, field) ?? 0;
  return value < 0 ? [invalid(`spec.${field}`, value, 'must be greater than or equal to 0')] : [];
};

/** Deployments, ReplicaSets and StatefulSets alike. */
function validateWorkload(workload: KubeObject, old?: KubeObject): FieldError[] {
  const spec = objectAt(workload, 'spec');
  const labels = valueAt(spec, 'template', 'metadata', 'labels');
  const templateSpec = objectAt(spec, 'template', 'spec');
  const selector = readLabelSelector(spec['selector']);
  const errors: FieldError[] = notNegative(spec, 'replicas');
  if (selector === undefined) errors.push(required('spec.selector'));
  else if (selector.length === 0) errors.push(invalid('spec.selector', spec['selector'], `empty selector is invalid for ${workload.kind.toLowerCase()}`));
  errors.push(...validateLabels(labelsOf(labels), 'spec.template.metadata.labels'));
  if (selector === undefined || !matchesLabels(selector, labelsOf(labels))) {
    errors.push(invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'));
  }
  errors.push(...validatePodSpec({ ...unspecified, ...templateSpec }, 'spec.template.spec'));
  const restartPolicy = templateSpec['restartPolicy'] ?? 'Always';
  if (restartPolicy !== 'Always') {
    // The check of the pod itself says the same of a policy that does not exist at all, with more values.
    errors.push(notSupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']));
  }
  errors.push(...notNegative(spec, 'minReadySeconds'));
  if (old !== undefined && !isSameJson(spec['selector'], valueAt(old, 'spec', 'selector'))) {
    errors.push(invalid('spec.selector', spec['selector'] ?? null, 'field is immutable'));
  }
  return errors;
}

/** A template without a spec has no defaults either. */
const unspecified = { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' };

const labelsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(objectAt({ value }, 'value')).map(([key, label]) => [key, String(label)]));

function validateDeployment(deployment: KubeObject, old?: KubeObject): FieldError[] {
  const errors = validateWorkload(deployment, old);
  const spec = objectAt(deployment, 'spec');
  const type = textAt(spec, 'strategy', 'type');
  if (!['Recreate', 'RollingUpdate'].includes(type)) errors.push(notSupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate']));
  if (type === 'Recreate' && valueAt(spec, 'strategy', 'rollingUpdate') !== undefined) {
    errors.push({
      reason: 'FieldValueForbidden',
      field: 'spec.strategy.rollingUpdate',
      message: "Forbidden: may not be specified when strategy `type` is 'Recreate'",
    });
  }
  errors.push(...validateRollingUpdate(objectAt(spec, 'strategy', 'rollingUpdate')));
  const deadline = numberAt(spec, 'progressDeadlineSeconds');
  if (deadline !== undefined && deadline <= (numberAt(spec, 'minReadySeconds') ?? 0)) {
    errors.push(invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return [...errors, ...notNegative(spec, 'revisionHistoryLimit'), ...notNegative(spec, 'progressDeadlineSeconds')];
}

const percentForm =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

const isZero = (value: unknown): boolean => value === 0 || value === '0' || value === '0%';

function validateRollingUpdate(rollingUpdate: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['maxUnavailable', 'maxSurge']) {
    const value = rollingUpdate[field];
    if (typeof value === 'string' && !/^[0-9]+%$/.test(value)) {
      errors.push(invalid(`spec.strategy.rollingUpdate.${field}`, value, percentForm));
    }
    if (typeof value === 'number' && value < 0) errors.push(invalid(`spec.strategy.rollingUpdate.${field}`, value, 'must be greater than or equal to 0'));
  }
  const { maxUnavailable, maxSurge } = rollingUpdate;
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(invalid('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return errors;
}

const scaleUpDefaults = {
  stabilizationWindowSeconds: 0,
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const scaleDownDefaults = { policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

function completeAutoscaler(autoscaler: KubeObject): KubeObject {
  const behavior = valueAt(autoscaler, 'spec', 'behavior');
  if (behavior === undefined) return autoscaler;
  const rules = {
    scaleUp: { selectPolicy: 'Max', ...scaleUpDefaults, ...objectAt(behavior, 'scaleUp') },
    scaleDown: { selectPolicy: 'Max', ...scaleDownDefaults, ...objectAt(behavior, 'scaleDown') },
  };
  return { ...autoscaler, spec: { ...objectAt(autoscaler, 'spec'), behavior: rules } };
}

function validateAutoscaler(autoscaler: KubeObject): FieldError[] {
  const spec = objectAt(autoscaler, 'spec');
  const min = numberAt(spec, 'minReplicas') ?? 1;
  const max = numberAt(spec, 'maxReplicas') ?? 0;
  const errors: FieldError[] = [];
  for (const field of ['kind', 'name']) {
    if (textAt(spec, 'scaleTargetRef', field) === '') errors.push(required(`spec.scaleTargetRef.${field}`));
  }
  if (min < 1) errors.push(invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
  if (max < 1) errors.push(invalid('spec.maxReplicas', max, 'must be greater than 0'));
  if (max < min) errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  objectsAt(spec, 'metrics').forEach((metric, index) => {
    const types = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
    const type = textAt(metric, 'type');
    if (!types.includes(type)) errors.push(notSupported(`spec.metrics[${index}].type`, type, types));
    const source = type.charAt(0).toLowerCase() + type.slice(1);
    if (types.includes(type) && metric[source] === undefined) {
      errors.push(required(`spec.metrics[${index}].${source}`, 'must populate information for the given metric source'));
    }
  });
  return errors;
}

function validateBudget(budget: KubeObject): FieldError[] {
  const spec = objectAt(budget, 'spec');
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const seen = { MinAvailable: minAvailable, Selector: spec['selector'] ?? null, MaxUnavailable: maxUnavailable, UnhealthyPodEvictionPolicy: null };
    return [invalid('spec', seen, 'minAvailable and maxUnavailable cannot be both set')];
  }
  return Object.entries({ minAvailable, maxUnavailable }).flatMap(([field, value]) =>
    typeof value === 'number' && value < 0 ? [invalid(`spec.${field}`, value, 'must be greater than or equal to 0')] : [],
  );
}

/** The status of a workload is there from the start, with zeros. */
const withStatus =
  (status: JsonObject) =>
  (object: KubeObject): KubeObject =>
    object['status'] === undefined ? { ...object, status } : object;

const noReplicas = withStatus({ replicas: 0 });

export const deploymentRules: KindRules = { complete: (object) => withStatus({})(completeDeployment(object)), validate: validateDeployment };
export const replicaSetRules: KindRules = { complete: (object) => noReplicas(completeTemplate(object)), validate: validateWorkload };
export const statefulSetRules: KindRules = { complete: (object) => noReplicas(completeTemplate(object)), validate: validateWorkload };
export const autoscalerRules: KindRules = { complete: completeAutoscaler, validate: validateAutoscaler };
export const budgetRules: KindRules = { validate: validateBudget };
