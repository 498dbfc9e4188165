/** What the kinds besides pods and workloads do besides following their schema. */
import { isIP } from 'node:net';
import type { KubeObject } from '../../../kube/ports.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts';
import { isSameJson, type JsonObject } from '../../schema/json.ts';
import { StatusError } from '../../status-error.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { configKey, portName } from './names.ts';

const keysOf = (object: KubeObject, field: string): FieldError[] =>
  Object.keys(objectAt(object, field)).flatMap((key) => {
    const problem = configKey(key);
    return problem === undefined ? [] : [invalid(`${field}[${key}]`, key, problem)];
  });

/** Once immutable, always: kubelets stop to look. */
function immutableErrors(object: KubeObject, old: KubeObject | undefined): FieldError[] {
  if (old?.['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  const changed = ['data', 'binaryData'].filter((field) => !isSameJson(object[field], old[field]));
  return [...(object['immutable'] === true ? [] : [forbidden('immutable', why)]), ...changed.map((field) => forbidden(field, why))];
}

export const configMapRules: KindRules = {
  validate: (object, old) => [...keysOf(object, 'data'), ...keysOf(object, 'binaryData'), ...immutableErrors(object, old)],
};

const base64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** `stringData` is for writing only: it goes into `data`. */
function completeSecret(secret: KubeObject): KubeObject {
  for (const value of Object.values(objectAt(secret, 'data'))) {
    if (typeof value === 'string' && (!base64.test(value) || value.length % 4 !== 0)) {
      const at = Math.max(0, value.search(/[^A-Za-z0-9+/=]/));
      throw new StatusError('BadRequest', `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${at}`);
    }
  }
  const { stringData, ...stored } = secret;
  const encoded = Object.entries(objectAt({ stringData }, 'stringData')).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  return encoded.length === 0 ? stored : { ...stored, data: { ...objectAt(secret, 'data'), ...Object.fromEntries(encoded) } };
}

/** What a Secret of a type must have. */
const typedKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

function validateSecret(secret: KubeObject, old?: KubeObject): FieldError[] {
  const data = objectAt(secret, 'data');
  const missing = (typedKeys[textAt(secret, 'type')] ?? []).filter((key) => data[key] === undefined).map((key) => required(`data[${key}]`));
  const typeErrors = old !== undefined && old['type'] !== secret['type'] ? [invalid('type', secret['type'], 'field is immutable')] : [];
  return [...keysOf(secret, 'data'), ...missing, ...typeErrors, ...immutableErrors(secret, old)];
}

export const secretRules: KindRules = { complete: completeSecret, validate: validateSecret };

/** A namespace holds on to itself until its content is gone. */
function completeNamespace(namespace: KubeObject, old?: KubeObject): KubeObject {
  const labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
  const named = { ...namespace, metadata: { ...namespace.metadata, labels } };
  return old === undefined ? { ...named, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } } : named;
}

export const namespaceRules: KindRules = { complete: completeNamespace };

/** An address that it has it keeps, also where an update leaves it out. */
function completeService(service: KubeObject, old?: KubeObject): KubeObject {
  const spec = objectAt(service, 'spec');
  if (spec['type'] === 'ExternalName') return service;
  const completed: JsonObject = {
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    ...(spec['type'] !== 'ClusterIP' && { externalTrafficPolicy: 'Cluster' }),
    ...(spec['sessionAffinity'] === 'ClientIP' && { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } }),
    ...spec,
    ...serviceAddress(spec, old),
    ...(spec['ports'] !== undefined && { ports: objectsAt(spec, 'ports').map(withTargetPort) }),
  };
  return { ...service, spec: completed, status: service['status'] ?? { loadBalancer: {} } };
}

const withTargetPort = (port: JsonObject): JsonObject => ({ ...port, targetPort: port['targetPort'] ?? port['port'] });

function serviceAddress(spec: JsonObject, old: KubeObject | undefined): JsonObject {
  const clusterIP = spec['clusterIP'] ?? valueAt(old, 'spec', 'clusterIP');
  return clusterIP === undefined || clusterIP === '' ? {} : { clusterIP, clusterIPs: [clusterIP] };
}

const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const protocols = ['SCTP', 'TCP', 'UDP'];
const portRange = 'must be between 1 and 65535, inclusive';
const isPort = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= 65_535;

function validateService(service: KubeObject, old?: KubeObject): FieldError[] {
  const spec = objectAt(service, 'spec');
  const ports = objectsAt(spec, 'ports');
  const errors: FieldError[] = [];
  const needsPorts = spec['clusterIP'] !== 'None' && spec['type'] !== 'ExternalName';
  if (ports.length === 0 && needsPorts) errors.push(required('spec.ports'));
  ports.forEach((port, index) => {
    const at = `spec.ports[${index}]`;
    const { protocol, port: number } = port;
    errors.push(...validateServicePort(port, at, ports.length > 1));
    if (ports.slice(0, index).some((other) => other['protocol'] === protocol && other['port'] === number)) errors.push(duplicate(at, { protocol, port: number }));
  });
  errors.push(...validateAddress(spec));
  const affinity = textAt(spec, 'sessionAffinity');
  if (!['ClientIP', 'None'].includes(affinity)) errors.push(notSupported('spec.sessionAffinity', affinity, ['ClientIP', 'None']));
  const type = textAt(spec, 'type');
  if (!serviceTypes.includes(type)) errors.push(notSupported('spec.type', type, serviceTypes));
  const before = textAt(old, 'spec', 'clusterIP');
  if (before !== '' && spec['clusterIP'] !== before) errors.push(invalid('spec.clusterIPs[0]', [spec['clusterIP']], 'may not change once set'));
  return errors;
}

function validateAddress(spec: JsonObject): FieldError[] {
  const address = textAt(spec, 'clusterIP');
  if (address === '' || address === 'None' || isIP(address) !== 0) return [];
  return [invalid('spec.clusterIPs[0]', address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

function validateServicePort(port: JsonObject, at: string, isOneOfMany: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { targetPort } = port;
  if (isOneOfMany && textAt(port, 'name') === '') errors.push(required(`${at}.name`));
  if (!isPort(port['port'])) errors.push(invalid(`${at}.port`, port['port'] ?? 0, portRange));
  if (!protocols.includes(textAt(port, 'protocol'))) errors.push(notSupported(`${at}.protocol`, port['protocol'], protocols));
  const targetProblem = typeof targetPort === 'string' ? portName(targetPort) : isPort(targetPort) ? undefined : portRange;
  if (targetProblem !== undefined) errors.push(invalid(`${at}.targetPort`, targetPort ?? 0, targetProblem));
  return errors;
}

export const serviceRules: KindRules = { complete: completeService, validate: validateService };

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];

export const endpointSliceRules: KindRules = {
  validate(slice) {
    const type = textAt(slice, 'addressType');
    const errors = addressTypes.includes(type) ? [] : [type === '' ? required('addressType') : notSupported('addressType', type, addressTypes)];
    objectsAt(slice, 'endpoints').forEach((endpoint, index) => {
      const at = `endpoints[${index}].addresses`;
      const addresses = textsAt(endpoint, 'addresses');
      if (addresses.length === 0) errors.push(required(at, 'must contain at least 1 address'));
      const family = type === 'IPv4' ? 4 : type === 'IPv6' ? 6 : undefined;
      addresses.forEach((address, position) => {
        if (family !== undefined && isIP(address) !== family) errors.push(invalid(`${at}[${position}]`, address, `must be an ${type} address`));
      });
    });
    return errors;
  },
};

export const leaseRules: KindRules = {
  validate(lease) {
    const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds');
    const transitions = numberAt(lease, 'spec', 'leaseTransitions') ?? 0;
    return [
      ...(seconds !== undefined && seconds <= 0 ? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')] : []),
      ...(transitions < 0 ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')] : []),
    ];
  },
};
