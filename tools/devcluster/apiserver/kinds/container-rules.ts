/** The containers of a pod, apart from what they ask and are asked: see `handler-rules.ts`. */
import { duplicate, type FieldError, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { compareQuantities, parseQuantity, type Quantity } from '../../schema/quantity.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import { dnsLabel, portName } from './names.ts';
import { isPort, portRange, protocols } from './port-rules.ts';

/** What containers need to know of their pod. */
export type PodTraits = { volumes: ReadonlySet<string>; isOnHostNetwork: boolean };

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

export function validateContainer(container: JsonObject, at: string, pod: PodTraits): FieldError[] {
  const image = textAt(container, 'image');
  const errors: FieldError[] = validateName(textAt(container, 'name'), `${at}.name`);
  if (image === '') errors.push(required(`${at}.image`));
  if (image.trim() !== image) {
    errors.push(invalid(`${at}.image`, image, 'must not have leading or trailing whitespace'));
  }
  errors.push(
    ...validatePorts(container, at, pod),
    ...validateEnvironment(container, at),
    ...validateMounts(container, at, pod),
  );
  const policy = container['imagePullPolicy'];
  if (!pullPolicies.includes(String(policy))) errors.push(notSupported(`${at}.imagePullPolicy`, policy, pullPolicies));
  return [...errors, ...validateResources(objectAt(container, 'resources'), `${at}.resources`)];
}

function validateName(name: string, at: string): FieldError[] {
  if (name === '') return [required(at)];
  const problem = dnsLabel(name);
  return problem === undefined ? [] : [invalid(at, name, problem)];
}

function validatePorts(container: JsonObject, at: string, pod: PodTraits): FieldError[] {
  const ports = objectsAt(container, 'ports');
  const names = ports.map((port) => textAt(port, 'name'));
  return ports.flatMap((port, index) => {
    const place = `${at}.ports[${index}]`;
    const name = textAt(port, 'name');
    const isAgain = name !== '' && names.indexOf(name) < index;
    return [...validatePort(port, place, pod), ...(isAgain ? [duplicate(`${place}.name`, name)] : [])];
  });
}

function validatePort(port: JsonObject, at: string, { isOnHostNetwork }: PodTraits): FieldError[] {
  const errors: FieldError[] = [];
  const name = textAt(port, 'name');
  const problem = name === '' ? undefined : portName(name);
  if (problem !== undefined) errors.push(invalid(`${at}.name`, name, problem));
  const number = numberAt(port, 'containerPort') ?? 0;
  if (number === 0) errors.push(required(`${at}.containerPort`));
  else if (!isPort(number)) errors.push(invalid(`${at}.containerPort`, number, portRange));
  const hostPort = numberAt(port, 'hostPort') ?? number;
  if (isOnHostNetwork && hostPort !== number) {
    errors.push(invalid(`${at}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
  }
  if (!protocols.includes(textAt(port, 'protocol'))) {
    errors.push(notSupported(`${at}.protocol`, port['protocol'], protocols));
  }
  return errors;
}

const variableForm = /^[ -<>-~]+$/;
const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef'];
const noSource =
  'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';

function validateEnvironment(container: JsonObject, at: string): FieldError[] {
  const variables = objectsAt(container, 'env').flatMap((variable, index) =>
    validateVariable(variable, `${at}.env[${index}]`),
  );
  const isFromNowhere = objectsAt(container, 'envFrom').some(
    (from) => from['configMapRef'] === undefined && from['secretRef'] === undefined,
  );
  return isFromNowhere
    ? [...variables, invalid(`${at}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`')]
    : variables;
}

function validateVariable(variable: JsonObject, at: string): FieldError[] {
  const { name = '', valueFrom } = variable;
  const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : [];
  const isWrong = name !== '' && !variableForm.test(String(name));
  if (isWrong) {
    errors.push(
      invalid(
        `${at}.name`,
        name,
        "a valid environment variable name must consist only of printable ASCII characters other than '='",
      ),
    );
  }
  if (valueFrom === undefined) return errors;
  if (textAt(variable, 'value') !== '') {
    errors.push(invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'));
  }
  if (!sources.some((source) => valueAt(valueFrom, source) !== undefined)) {
    errors.push(invalid(`${at}.valueFrom`, '', noSource));
  }
  const path = textAt(valueFrom, 'fieldRef', 'fieldPath');
  if (path === '' || fieldForm.test(path)) return errors;
  return [
    ...errors,
    invalid(
      `${at}.valueFrom.fieldRef.fieldPath`,
      path,
      `error converting fieldPath: field label not supported: ${path}`,
    ),
  ];
}

/** Fields of a pod that its containers may be told. */
const fieldForm =
  /^(metadata\.(name|namespace|uid|(labels|annotations)\[.+\])|spec\.(nodeName|serviceAccountName)|status\.(podIP|podIPs|hostIP|hostIPs))$/;

function validateMounts(container: JsonObject, at: string, { volumes }: PodTraits): FieldError[] {
  const mounts = objectsAt(container, 'volumeMounts');
  const paths = mounts.map((mount) => textAt(mount, 'mountPath'));
  return mounts.flatMap((mount, index) => {
    const place = `${at}.volumeMounts[${index}]`;
    const [name, path] = [textAt(mount, 'name'), textAt(mount, 'mountPath')];
    const errors: FieldError[] = volumes.has(name)
      ? []
      : [{ reason: 'FieldValueInvalid', field: `${place}.name`, message: `Not found: "${name}"` }];
    if (path === '') errors.push(required(`${place}.mountPath`));
    return paths.indexOf(path) < index ? [...errors, invalid(`${place}.mountPath`, path, 'must be unique')] : errors;
  });
}

function validateResources(resources: JsonObject, at: string): FieldError[] {
  const [limits, requests] = [objectAt(resources, 'limits'), objectAt(resources, 'requests')];
  const negative = Object.entries({ limits, requests }).flatMap(([field, amounts]) =>
    Object.entries(amounts)
      .filter(([, amount]) => compareQuantities(quantityOf(amount), quantityOf(0)) < 0)
      .map(([name, amount]) => invalid(`${at}.${field}[${name}]`, amount, 'must be greater than or equal to 0')),
  );
  const excessive = Object.entries(requests)
    .filter(
      ([name, amount]) =>
        limits[name] !== undefined && compareQuantities(quantityOf(amount), quantityOf(limits[name])) > 0,
    )
    .map(([name, amount]) =>
      invalid(`${at}.requests`, amount, `must be less than or equal to ${name} limit of ${String(limits[name])}`),
    );
  return [...negative, ...excessive];
}

const quantityOf = (amount: unknown): Quantity => parseQuantity(String(amount));
