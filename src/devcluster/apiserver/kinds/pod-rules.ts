/** What Pods and pod templates must be besides following their schema. */
import type { KubeObject } from '../../../kube/ports.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { compareQuantities, parseQuantity, type Quantity } from '../../schema/quantity.ts';
import { isSameJson } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt, withValue } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { completePod } from './pod-defaults.ts';
import { dnsLabel, portName } from './names.ts';

export function validatePodSpec(spec: JsonObject, at: string): FieldError[] {
  const volumes = new Set(objectsAt(spec, 'volumes').map((volume) => textAt(volume, 'name')));
  const containers = objectsAt(spec, 'containers');
  const errors: FieldError[] = containers.length === 0 ? [required(`${at}.containers`)] : [];
  const seen = new Set<string>();
  for (const field of ['containers', 'initContainers']) {
    objectsAt(spec, field).forEach((container, index) => {
      const place = `${at}.${field}[${index}]`;
      errors.push(...validateContainer(container, place, volumes));
      const name = textAt(container, 'name');
      if (seen.has(name)) errors.push(duplicate(`${place}.name`, name));
      seen.add(name);
      errors.push(...validateProbes(container, place), ...validateResources(objectAt(container, 'resources'), `${place}.resources`));
    });
  }
  return [...errors, ...validatePodWide(spec, at)];
}

function validatePodWide(spec: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const restartPolicies = ['Always', 'OnFailure', 'Never'];
  if (!restartPolicies.includes(textAt(spec, 'restartPolicy'))) errors.push(notSupported(`${at}.restartPolicy`, spec['restartPolicy'], restartPolicies));
  const dnsPolicies = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];
  if (!dnsPolicies.includes(textAt(spec, 'dnsPolicy'))) errors.push(notSupported(`${at}.dnsPolicy`, spec['dnsPolicy'], dnsPolicies));
  const names = new Set<string>();
  objectsAt(spec, 'volumes').forEach((volume, index) => {
    const name = textAt(volume, 'name');
    const problem = name === '' ? undefined : dnsLabel(name);
    if (name === '') errors.push(required(`${at}.volumes[${index}].name`));
    if (problem !== undefined) errors.push(invalid(`${at}.volumes[${index}].name`, name, problem));
    if (names.has(name)) errors.push(duplicate(`${at}.volumes[${index}].name`, name));
    names.add(name);
  });
  return errors;
}

const portRange = 'must be between 1 and 65535, inclusive';
const isPort = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= 65_535;

function validateContainer(container: JsonObject, at: string, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(container, 'name');
  const nameProblem = name === '' ? undefined : dnsLabel(name);
  if (name === '') errors.push(required(`${at}.name`));
  if (nameProblem !== undefined) errors.push(invalid(`${at}.name`, name, nameProblem));
  if (textAt(container, 'image') === '') errors.push(required(`${at}.image`));
  objectsAt(container, 'ports').forEach((port, index) => errors.push(...validateContainerPort(port, `${at}.ports[${index}]`)));
  objectsAt(container, 'env').forEach((variable, index) => {
    if (textAt(variable, 'name') === '') errors.push(required(`${at}.env[${index}].name`));
    if (textAt(variable, 'value') !== '' && variable['valueFrom'] !== undefined) {
      errors.push(invalid(`${at}.env[${index}].valueFrom`, '', 'may not be specified when `value` is not empty'));
    }
  });
  objectsAt(container, 'volumeMounts').forEach((mount, index) => {
    const volume = textAt(mount, 'name');
    if (!volumes.has(volume)) errors.push({ reason: 'FieldValueInvalid', field: `${at}.volumeMounts[${index}].name`, message: `Not found: "${volume}"` });
    if (textAt(mount, 'mountPath') === '') errors.push(required(`${at}.volumeMounts[${index}].mountPath`));
  });
  const policies = ['Always', 'IfNotPresent', 'Never'];
  if (!policies.includes(textAt(container, 'imagePullPolicy'))) errors.push(notSupported(`${at}.imagePullPolicy`, container['imagePullPolicy'], policies));
  return errors;
}

function validateContainerPort(port: JsonObject, at: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(port, 'name');
  const problem = name === '' ? undefined : portName(name);
  if (problem !== undefined) errors.push(invalid(`${at}.name`, name, problem));
  const number = port['containerPort'];
  if (number === undefined || number === 0) errors.push(required(`${at}.containerPort`));
  else if (!isPort(number)) errors.push(invalid(`${at}.containerPort`, number, portRange));
  if (!['SCTP', 'TCP', 'UDP'].includes(textAt(port, 'protocol'))) errors.push(notSupported(`${at}.protocol`, port['protocol'], ['SCTP', 'TCP', 'UDP']));
  return errors;
}

function validateResources(resources: JsonObject, at: string): FieldError[] {
  const [limits, requests] = [objectAt(resources, 'limits'), objectAt(resources, 'requests')];
  const negative = Object.entries({ limits, requests }).flatMap(([field, amounts]) =>
    Object.entries(amounts)
      .filter(([, amount]) => compareQuantities(quantityOf(amount), quantityOf(0)) < 0)
      .map(([name, amount]) => invalid(`${at}.${field}[${name}]`, amount, 'must be greater than or equal to 0')),
  );
  const excessive = Object.entries(requests)
    .filter(([name, amount]) => limits[name] !== undefined && compareQuantities(quantityOf(amount), quantityOf(limits[name])) > 0)
    .map(([name, amount]) => invalid(`${at}.requests`, amount, `must be less than or equal to ${name} limit of ${String(limits[name])}`));
  return [...negative, ...excessive];
}

const quantityOf = (amount: unknown): Quantity => parseQuantity(String(amount));

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'];

function validateProbes(container: JsonObject, at: string): FieldError[] {
  const places = [['livenessProbe'], ['readinessProbe'], ['startupProbe'], ['lifecycle', 'preStop'], ['lifecycle', 'postStart']];
  return places.flatMap((path) => {
    if (valueAt(container, ...path) === undefined) return [];
    const place = `${at}.${path.join('.')}`;
    const handler = objectAt(container, ...path);
    const given = handlers.filter((name) => handler[name] !== undefined);
    if (given.length === 0) return [required(place, 'must specify a handler type')];
    const [, ...others] = given;
    const errors: FieldError[] = others.map((name) => forbidden(`${place}.${name}`, 'may not specify more than 1 handler type'));
    for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']) {
      const value = numberAt(handler, field) ?? 0;
      if (value < 0) errors.push(invalid(`${place}.${field}`, value, 'must be greater than or equal to 0'));
    }
    const isWanted = path[0] !== 'readinessProbe' && path[0] !== 'lifecycle' && (numberAt(handler, 'successThreshold') ?? 1) !== 1;
    return isWanted ? [...errors, invalid(`${place}.successThreshold`, handler['successThreshold'], 'must be 1')] : errors;
  });
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
  const withoutImage = (container: JsonObject): JsonObject => withValue(withValue(container, ['image'], undefined), ['imagePullPolicy'], undefined);
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
