/** What Deployments, ReplicaSets, StatefulSets and disruption budgets do besides following their schema. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { isSameJson } from '../../schema/json.ts';
import { matchesLabels, readLabelSelector } from '../../store/label-selector.ts';
import { numberAt, objectAt, textAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { validateLabels } from './metadata.ts';
import { validatePercentage, validateShare } from './share-rules.ts';
import { validateSelector } from './selector-rules.ts';
import { completePodSpec } from './pod-defaults.ts';
import { validatePodSpec } from './pod-rules.ts';

const quarter = '25%';

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
  const errors: FieldError[] = notNegative(spec, 'replicas');
  errors.push(...validateLabels(labelsOf(labels), 'spec.template.labels'), ...validateWorkloadSelector(workload));
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

function validateWorkloadSelector(workload: KubeObject): FieldError[] {
  const source = valueAt(workload, 'spec', 'selector');
  const labels = valueAt(workload, 'spec', 'template', 'metadata', 'labels');
  const selector = readLabelSelector(source);
  const wrongForm = validateSelector(source, 'spec.selector');
  if (wrongForm.length > 0) return [...wrongForm, invalid('spec.selector', source, 'invalid label selector')];
  const errors: FieldError[] = selector === undefined ? [required('spec.selector')] : [];
  // A ReplicaSet is told the same as a Deployment, in Kubernetes as well.
  const kind = workload.kind === 'StatefulSet' ? 'statefulset' : 'deployment';
  if (selector?.length === 0) errors.push(invalid('spec.selector', source, `empty selector is invalid for ${kind}`));
  if (selector !== undefined && matchesLabels(selector, labelsOf(labels))) return errors;
  return [
    ...errors,
    invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'),
  ];
}

/** A template without a spec has no defaults either. */
const unspecified = { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' };

const labelsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(objectAt({ value }, 'value')).map(([key, label]) => [key, String(label)]));

const strategies = ['Recreate', 'RollingUpdate'];

function validateDeployment(deployment: KubeObject, old?: KubeObject): FieldError[] {
  const errors = validateWorkload(deployment, old);
  const spec = objectAt(deployment, 'spec');
  const type = textAt(spec, 'strategy', 'type');
  if (!strategies.includes(type)) {
    errors.push(notSupported('spec.strategy', { Type: type, RollingUpdate: null }, strategies));
  }
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

const isZero = (value: unknown): boolean => value === 0 || value === '0' || value === '0%';

function validateRollingUpdate(rollingUpdate: JsonObject): FieldError[] {
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const at = 'spec.strategy.rollingUpdate';
  const errors = [
    ...validatePercentage(maxUnavailable, `${at}.maxUnavailable`),
    ...validateShare(maxSurge, `${at}.maxSurge`),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(
      invalid('spec.strategy.rollingUpdate.maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0'),
    );
  }
  return errors;
}

const evictionPolicies = ['AlwaysAllow', 'IfHealthyBudget'];

function validateBudget(budget: KubeObject): FieldError[] {
  const spec = objectAt(budget, 'spec');
  const { minAvailable, maxUnavailable } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const seen = {
      MinAvailable: minAvailable,
      Selector: spec['selector'] ?? null,
      MaxUnavailable: maxUnavailable,
      UnhealthyPodEvictionPolicy: null,
    };
    return [invalid('spec', seen, 'minAvailable and maxUnavailable cannot be both set')];
  }
  const errors = Object.entries({ minAvailable, maxUnavailable }).flatMap(([field, value]) =>
    validatePercentage(value, `spec.${field}`),
  );
  const policy = textAt(spec, 'unhealthyPodEvictionPolicy') || 'IfHealthyBudget';
  if (!evictionPolicies.includes(policy)) {
    errors.push(notSupported('spec.unhealthyPodEvictionPolicy', policy, evictionPolicies));
  }
  return [...errors, ...validateSelector(spec['selector'], 'spec.selector')];
}

/** The status of a workload is there from the start, with zeros. */
const withStatus =
  (status: JsonObject) =>
  (object: KubeObject): KubeObject =>
    object['status'] === undefined ? { ...object, status } : object;

const noReplicas = withStatus({ replicas: 0 });

const managementPolicies = ['OrderedReady', 'Parallel'];
const updateStrategies = ['RollingUpdate', 'OnDelete'];

function validateStatefulSet(set: KubeObject, old?: KubeObject): FieldError[] {
  const errors = validateWorkload(set, old);
  const [policy, type] = [textAt(set, 'spec', 'podManagementPolicy'), textAt(set, 'spec', 'updateStrategy', 'type')];
  if (!managementPolicies.includes(policy)) {
    errors.push(invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  if (!updateStrategies.includes(type)) {
    errors.push(
      invalid('spec.updateStrategy', { Type: type, RollingUpdate: null }, "must be 'RollingUpdate' or 'OnDelete'"),
    );
  }
  return errors;
}

function validateRevision(revision: KubeObject): FieldError[] {
  const number = numberAt(revision, 'revision') ?? 0;
  return [
    ...(revision['data'] === undefined ? [required('data', 'data is mandatory')] : []),
    ...(number < 0 ? [invalid('revision', number, 'must be greater than or equal to 0')] : []),
  ];
}

export const deploymentRules: KindRules = {
  complete: (object) => withStatus({})(completeDeployment(object)),
  validate: validateDeployment,
};
export const replicaSetRules: KindRules = {
  complete: (object) => noReplicas(completeTemplate(object)),
  validate: validateWorkload,
};
export const statefulSetRules: KindRules = {
  complete: (object) => noReplicas(completeTemplate(object)),
  validate: validateStatefulSet,
};
export const controllerRevisionRules: KindRules = { validate: validateRevision };
export const budgetRules: KindRules = { validate: validateBudget };
