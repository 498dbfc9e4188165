/** What Pods and pod templates must be besides following their schema. */
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts';
import { isSameJson, type JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, withValue } from '../fields.ts';
import { validateContainer } from './container-rules.ts';
import { validateHandlers, validateInitHandlers } from './handler-rules.ts';
import type { KindRules } from './kind.ts';
import { validateLabels } from './metadata.ts';
import { dnsLabel, qualifiedName, subdomain } from './names.ts';
import { completePod } from './pod-defaults.ts';
import { validateVolumes } from './volume-rules.ts';

export function validatePodSpec(spec: JsonObject, at: string): FieldError[] {
  const traits = {
    volumes: new Set(objectsAt(spec, 'volumes').map((volume) => textAt(volume, 'name'))),
    isOnHostNetwork: spec['hostNetwork'] === true,
  };
  const graceSeconds = numberAt(spec, 'terminationGracePeriodSeconds') ?? 30;
  const errors: FieldError[] = objectsAt(spec, 'containers').length === 0 ? [required(`${at}.containers`)] : [];
  const seen = new Set<string>();
  for (const field of ['containers', 'initContainers']) {
    objectsAt(spec, field).forEach((container, index) => {
      const place = `${at}.${field}[${index}]`;
      errors.push(...validateContainer(container, place, traits));
      const name = textAt(container, 'name');
      if (seen.has(name)) errors.push(duplicate(`${place}.name`, name));
      seen.add(name);
      errors.push(
        ...(field === 'initContainers' ? validateInitContainer(container, place) : []),
        ...validateHandlers(container, place, graceSeconds),
      );
    });
  }
  return [...errors, ...validateVolumes(spec, at), ...validatePodWide(spec, at), ...validatePlacement(spec, at)];
}

function validateInitContainer(container: JsonObject, at: string): FieldError[] {
  const policy = textAt(container, 'restartPolicy');
  const isKnown = policy === '' || initPolicies.includes(policy);
  return [
    ...(isKnown ? [] : [notSupported(`${at}.restartPolicy`, policy, initPolicies)]),
    ...validateInitHandlers(container, at),
  ];
}

const initPolicies = ['Always', 'Never', 'OnFailure'];
const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const longestDeadlineSeconds = 2 ** 31 - 1;

function validatePodWide(spec: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!restartPolicies.includes(textAt(spec, 'restartPolicy'))) {
    errors.push(notSupported(`${at}.restartPolicy`, spec['restartPolicy'], restartPolicies));
  }
  if (!dnsPolicies.includes(textAt(spec, 'dnsPolicy'))) {
    errors.push(notSupported(`${at}.dnsPolicy`, spec['dnsPolicy'], dnsPolicies));
  }
  const deadline = numberAt(spec, 'activeDeadlineSeconds') ?? 1;
  if (deadline < 1 || deadline > longestDeadlineSeconds) {
    errors.push(
      invalid(`${at}.activeDeadlineSeconds`, deadline, `must be between 1 and ${longestDeadlineSeconds}, inclusive`),
    );
  }
  for (const [field, check] of [
    ['hostname', dnsLabel],
    ['subdomain', dnsLabel],
    ['nodeName', subdomain],
  ] as const) {
    const name = textAt(spec, field);
    const problem = name === '' ? undefined : check(name);
    if (problem !== undefined) errors.push(invalid(`${at}.${field}`, name, problem));
  }
  objectsAt(spec, 'readinessGates').forEach((gate, index) => {
    const type = textAt(gate, 'conditionType');
    const problem = qualifiedName(type);
    if (problem !== undefined) errors.push(invalid(`${at}.readinessGates[${index}].conditionType`, type, problem));
  });
  return errors;
}

const operators = ['Equal', 'Exists'];
const matchesAll = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';

/** Where it may run. Nobody asks here, with one node; affinities are not looked into. */
function validatePlacement(spec: JsonObject, at: string): FieldError[] {
  const selector = Object.entries(objectAt(spec, 'nodeSelector')).map(([key, value]) => [key, String(value)]);
  const errors = validateLabels(Object.fromEntries(selector), `${at}.nodeSelector`);
  objectsAt(spec, 'tolerations').forEach((toleration, index) => {
    const place = `${at}.tolerations[${index}].operator`;
    const operator = textAt(toleration, 'operator') || 'Equal';
    if (textAt(toleration, 'key') === '' && operator !== 'Exists') errors.push(invalid(place, operator, matchesAll));
    if (!operators.includes(operator)) errors.push(notSupported(place, operator, operators));
  });
  objectsAt(spec, 'topologySpreadConstraints').forEach((constraint, index) => {
    const skew = numberAt(constraint, 'maxSkew') ?? 0;
    if (skew < 1) {
      errors.push(invalid(`${at}.topologySpreadConstraints[${index}].maxSkew`, skew, 'must be greater than zero'));
    }
  });
  return errors;
}

const changeable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];
const immutableMessage = `pod updates may not change fields other than ${changeable.join(',')}`;

/** A spec without what may be changed. A node may be given once: the scheduler of the devcluster binds by a patch. */
function fixedPart(spec: JsonObject, isBinding: boolean): JsonObject {
  const withoutImage = (container: JsonObject): JsonObject =>
    withValue(withValue(container, ['image'], undefined), ['imagePullPolicy'], undefined);
  const listOf = (field: string): JsonObject[] => objectsAt(spec, field).map(withoutImage);
  const fixed: JsonObject = { ...spec, containers: listOf('containers'), initContainers: listOf('initContainers') };
  const free = ['activeDeadlineSeconds', 'tolerations', 'schedulingGates', ...(isBinding ? ['nodeName'] : [])];
  return free.reduce((rest, field) => withValue(rest, [field], undefined), fixed);
}

function validatePod(pod: KubeObject, old?: KubeObject): FieldError[] {
  const spec = objectAt(pod, 'spec');
  const annotationErrors = validateDeletionCost(pod);
  if (old === undefined) return [...annotationErrors, ...validatePodSpec(spec, 'spec')];
  const before = objectAt(old, 'spec');
  const isBinding = textAt(before, 'nodeName') === '';
  const isSame = isSameJson(fixedPart(spec, isBinding), fixedPart(before, isBinding));
  return [...annotationErrors, ...(isSame ? validatePodSpec(spec, 'spec') : [forbidden('spec', immutableMessage)])];
}

const deletionCost = 'controller.kubernetes.io/pod-deletion-cost';

function validateDeletionCost({ metadata }: KubeObject): FieldError[] {
  const cost = metadata.annotations?.[deletionCost];
  const isNumber = cost === undefined || (/^(0|-?[1-9]\d*)$/.test(cost) && Math.abs(Number(cost)) < 2 ** 31);
  return isNumber ? [] : [invalid(`metadata.annotations[${deletionCost}]`, cost, 'must be a 32bit integer')];
}

export const podRules: KindRules = { complete: completePod, validate: validatePod };
