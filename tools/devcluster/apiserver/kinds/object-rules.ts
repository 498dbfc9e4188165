/** What small kinds do besides following their schema. */
import { isIP } from 'node:net';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts';
import { isSameJson, type JsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { validateFinalizer } from './metadata.ts';
import { configKey, dnsLabel, qualifiedName } from './names.ts';
import { protocols } from './port-rules.ts';

const keysOf = (object: KubeObject, field: string): FieldError[] =>
  Object.keys(objectAt(object, field)).flatMap((key) => {
    const problem = configKey(key);
    return problem === undefined ? [] : [invalid(`${field}[${key}]`, key, problem)];
  });

const keysInBoth = (map: KubeObject): FieldError[] =>
  Object.keys(objectAt(map, 'data'))
    .filter((key) => Object.hasOwn(objectAt(map, 'binaryData'), key))
    .map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));

/** Once immutable, always: kubelets stop to look. */
function immutableErrors(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  if (old?.['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const changed = ['data', 'binaryData'].filter((field) => !isSameJson(object[field], old[field]));
  return [
    ...(object['immutable'] === true ? [] : [forbidden('immutable', why)]),
    ...changed.map((field) => forbidden(field, why)),
  ];
}

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

function checkBytes(object: KubeObject, field: string): void {
  for (const value of Object.values(objectAt(object, field))) {
    if (typeof value === 'string' && (!base64.test(value) || value.length % 4 !== 0)) {
      const at = Math.max(0, value.search(/[^A-Za-z0-9+/=]/));
      throw new StatusError(
        'BadRequest',
        `${object.kind} in version "v1" cannot be handled as a ${object.kind}: illegal base64 data at input byte ${at}`,
      );
    }
  }
}

export const configMapRules: KindRules = {
  complete(object) {
    checkBytes(object, 'binaryData');
    return object;
  },
  validate: (object, old) => [
    ...keysOf(object, 'data'),
    ...keysInBoth(object),
    ...keysOf(object, 'binaryData'),
    ...immutableErrors(object, old),
  ],
};

/** `stringData` is for writing only: it goes into `data`. */
function completeSecret(secret: KubeObject): KubeObject {
  checkBytes(secret, 'data');
  const { stringData, ...stored } = secret;
  const encoded = Object.entries(objectAt({ stringData }, 'stringData')).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  return encoded.length === 0
    ? stored
    : { ...stored, data: { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) } };
}

/** What a Secret of a type must have in its data. */
const typedKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

const accountAnnotation = 'kubernetes.io/service-account.name';

function validateSecretType(secret: KubeObject): FieldError[] {
  const data = objectAt(secret, 'data');
  const type = textAt(secret, 'type');
  if (type === 'kubernetes.io/service-account-token' && !secret.metadata.annotations?.[accountAnnotation]) {
    return [required(`metadata.annotations[${accountAnnotation}]`)];
  }
  // One of the two is enough.
  if (type === 'kubernetes.io/basic-auth' && !('username' in data || 'password' in data)) {
    return [required('data[username]'), required('data[password]')];
  }
  return (typedKeys[type] ?? []).filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`));
}

function validateSecret(secret: KubeObject, old?: KubeObject): FieldError[] {
  const typeErrors =
    old !== undefined && old['type'] !== secret['type'] ? [invalid('type', secret['type'], 'field is immutable')] : [];
  return [...keysOf(secret, 'data'), ...validateSecretType(secret), ...typeErrors, ...immutableErrors(secret, old)];
}

export const secretRules: KindRules = { complete: completeSecret, validate: validateSecret };

/** A namespace holds on to itself until its content is gone. */
function completeNamespace(namespace: KubeObject, old?: KubeObject): KubeObject {
  const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
  const named = { ...namespace, metadata: { ...namespace.metadata, labels } };
  if (old !== undefined) return named;
  const finalizers = [...new Set([...textsAt(namespace, 'spec', 'finalizers'), 'kubernetes'])];
  return { ...named, spec: { finalizers }, status: { phase: 'Active' } };
}

const validateNamespace = (namespace: KubeObject): FieldError[] =>
  textsAt(namespace, 'spec', 'finalizers').flatMap((finalizer) => validateFinalizer(finalizer, 'spec.finalizers'));

export const namespaceRules: KindRules = { complete: completeNamespace, validate: validateNamespace };

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateTaint(taint: JsonObject, at: string): FieldError[] {
  const [key, effect] = [textAt(taint, 'key'), textAt(taint, 'effect')];
  const problem = qualifiedName(key);
  const errors: FieldError[] = problem === undefined ? [] : [invalid(`${at}.key`, key, problem)];
  if (taintEffects.includes(effect)) return errors;
  return [...errors, effect === '' ? required(`${at}.effect`) : notSupported(`${at}.effect`, effect, taintEffects)];
}

export const nodeRules: KindRules = {
  // Kubernetes looks for them in `spec`, and says `metadata`.
  validate: (node) =>
    objectsAt(node, 'spec', 'taints').flatMap((taint, index) => validateTaint(taint, `metadata.taints[${index}]`)),
};

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

function validateSlicePorts(slice: KubeObject): FieldError[] {
  const names = objectsAt(slice, 'ports').map((port) => textAt(port, 'name'));
  return objectsAt(slice, 'ports').flatMap((port, index) => {
    const at = `ports[${index}]`;
    const [name, protocol] = [textAt(port, 'name'), textAt(port, 'protocol')];
    const problem = name === '' ? undefined : dnsLabel(name);
    const errors: FieldError[] = problem === undefined ? [] : [invalid(`${at}.name`, name, problem)];
    if (names.indexOf(name) < index) errors.push(duplicate(`${at}.name`, name));
    return protocols.includes(protocol) ? errors : [...errors, notSupported(`${at}.protocol`, protocol, protocols)];
  });
}

export const endpointSliceRules: KindRules = {
  validate(slice) {
    const type = textAt(slice, 'addressType');
    const errors = addressTypes.includes(type)
      ? []
      : [type === '' ? required('addressType') : notSupported('addressType', type, addressTypes)];
    objectsAt(slice, 'endpoints').forEach((endpoint, index) => {
      const at = `endpoints[${index}].addresses`;
      const addresses = textsAt(endpoint, 'addresses');
      if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'));
      const family = type === 'IPv4' ? 4 : type === 'IPv6' ? 6 : undefined;
      addresses.forEach((address, position) => {
        if (family !== undefined && isIP(address) !== family) {
          errors.push(invalid(`${at}[${position}]`, address, `must be an ${type} address`));
        }
      });
      const hostname = textAt(endpoint, 'hostname');
      const problem = hostname === '' ? undefined : dnsLabel(hostname);
      if (problem !== undefined) errors.push(invalid(`endpoints[${index}].hostname`, hostname, problem));
    });
    return [...errors, ...validateSlicePorts(slice)];
  },
};

export const leaseRules: KindRules = {
  validate(lease) {
    const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds');
    const transitions = numberAt(lease, 'spec', 'leaseTransitions') ?? 0;
    return [
      ...(seconds !== undefined && seconds <= 0
        ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
        : []),
      ...(transitions < 0 ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')] : []),
    ];
  },
};
