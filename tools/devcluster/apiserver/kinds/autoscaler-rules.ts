/** HorizontalPodAutoscalers. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { pathSegment } from './names.ts';

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
  if (min < 1) errors.push(invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
  if (max < 1) errors.push(invalid('spec.maxReplicas', max, 'must be greater than 0'));
  if (max < min) errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  errors.push(...validateTarget(objectAt(spec, 'scaleTargetRef'), 'spec.scaleTargetRef'));
  objectsAt(spec, 'metrics').forEach((metric, index) =>
    errors.push(...validateMetric(metric, `spec.metrics[${index}]`)),
  );
  for (const direction of ['scaleUp', 'scaleDown']) {
    errors.push(...validateScaling(objectAt(spec, 'behavior', direction), `spec.behavior.${direction}`));
  }
  return errors;
}

function validateTarget(target: JsonObject, at: string): FieldError[] {
  const errors = ['kind', 'name'].flatMap((field) => {
    const value = textAt(target, field);
    const problem = pathSegment(value);
    if (value === '') return [required(`${at}.${field}`)];
    return problem === undefined ? [] : [invalid(`${at}.${field}`, value, problem)];
  });
  const version = textAt(target, 'apiVersion');
  return version === ''
    ? [...errors, invalid(`${at}.apiVersion`, version, 'apiVersion must specify API group')]
    : errors;
}

const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

function validateMetric(metric: JsonObject, at: string): FieldError[] {
  const type = textAt(metric, 'type');
  if (!metricTypes.includes(type)) return [notSupported(`${at}.type`, type, metricTypes)];
  const name = type.charAt(0).toLowerCase() + type.slice(1);
  if (metric[name] === undefined) {
    return [required(`${at}.${name}`, 'must populate information for the given metric source')];
  }
  const source = objectAt(metric, name);
  if (type === 'External') {
    return [
      ...validateMetricName(source, `${at}.external`),
      ...validateExternalTarget(objectAt(source, 'target'), `${at}.external.target`),
    ];
  }
  return type === 'Resource' ? validateResourceTarget(objectAt(source, 'target'), `${at}.resource.target`) : [];
}

const validateMetricName = (source: JsonObject, at: string): FieldError[] =>
  textAt(source, 'metric', 'name') === '' ? [required(`${at}.metric.name`, 'must specify a metric name')] : [];

const validateExternalTarget = ({ value, averageValue }: JsonObject, at: string): FieldError[] =>
  value === undefined && averageValue === undefined
    ? [required(`${at}.averageValue`, 'must set either a target value for metric or a per-pod target')]
    : [];

function validateResourceTarget({ averageUtilization, averageValue }: JsonObject, at: string): FieldError[] {
  const field = `${at}.averageUtilization`;
  if (averageUtilization === undefined && averageValue === undefined) {
    return [required(field, 'must set either a target raw value or a target utilization')];
  }
  return typeof averageUtilization === 'number' && averageUtilization < 1
    ? [invalid(field, averageUtilization, 'must be greater than 0')]
    : [];
}

const selectPolicies = ['Disabled', 'Max', 'Min'];
const policyTypes = ['Percent', 'Pods'];
const longestWindowSeconds = 3600;
const longestPeriodSeconds = 1800;

function validateScaling(rules: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const seconds = numberAt(rules, 'stabilizationWindowSeconds') ?? 0;
  if (seconds < 0) {
    errors.push(invalid(`${at}.stabilizationWindowSeconds`, seconds, 'must be greater than or equal to zero'));
  }
  if (seconds > longestWindowSeconds) {
    errors.push(
      invalid(`${at}.stabilizationWindowSeconds`, seconds, `must be less than or equal to ${longestWindowSeconds}`),
    );
  }
  const chosen = textAt(rules, 'selectPolicy') || 'Max';
  if (!selectPolicies.includes(chosen)) errors.push(notSupported(`${at}.selectPolicy`, chosen, selectPolicies));
  objectsAt(rules, 'policies').forEach((policy, index) =>
    errors.push(...validatePolicy(policy, `${at}.policies[${index}]`)),
  );
  return errors;
}

function validatePolicy(policy: JsonObject, at: string): FieldError[] {
  const type = textAt(policy, 'type');
  const errors: FieldError[] = policyTypes.includes(type) ? [] : [notSupported(`${at}.type`, type, policyTypes)];
  for (const field of ['value', 'periodSeconds']) {
    const number = numberAt(policy, field) ?? 0;
    if (number < 1) errors.push(invalid(`${at}.${field}`, number, 'must be greater than zero'));
  }
  const period = numberAt(policy, 'periodSeconds') ?? 0;
  if (period > longestPeriodSeconds) {
    errors.push(invalid(`${at}.periodSeconds`, period, `must be less than or equal to ${longestPeriodSeconds}`));
  }
  return errors;
}

export const autoscalerRules: KindRules = { complete: completeAutoscaler, validate: validateAutoscaler };
