/** Services. Where their addresses come from is in `writes/service-address.ts`. */
import { isIP } from 'node:net';
import type { KubeObject } from '../../../../src/kube/ports.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../schema/field-error.ts';
import type { JsonObject } from '../../schema/json.ts';
import { numberAt, objectAt, objectsAt, textAt, valueAt } from '../fields.ts';
import type { KindRules } from './kind.ts';
import { dnsLabel, portName } from './names.ts';
import { isPort, portRange, protocols } from './port-rules.ts';
import { validateMatchLabels } from './selector-rules.ts';

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

const withTargetPort = (port: JsonObject): JsonObject => ({ ...port, targetPort: port['targetPort'] || port['port'] });

function serviceAddress(spec: JsonObject, old: KubeObject | undefined): JsonObject {
  const clusterIP = spec['clusterIP'] ?? valueAt(old, 'spec', 'clusterIP');
  return clusterIP === undefined || clusterIP === '' ? {} : { clusterIP, clusterIPs: [clusterIP] };
}

const serviceTypes = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

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
    if (spec['type'] === 'ClusterIP' && (port['nodePort'] ?? 0) !== 0) {
      errors.push(forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    if (ports.slice(0, index).some((other) => other['protocol'] === protocol && other['port'] === number)) {
      errors.push(duplicate(at, { protocol, port: number }));
    }
  });
  errors.push(
    ...validateSelector(spec),
    ...validateAddress(spec),
    ...validateAffinity(spec),
    ...validatePolicies(spec),
  );
  const type = textAt(spec, 'type');
  if (!serviceTypes.includes(type)) errors.push(notSupported('spec.type', type, serviceTypes));
  if (type === 'ExternalName' && textAt(spec, 'externalName') === '') errors.push(required('spec.externalName'));
  const before = textAt(old, 'spec', 'clusterIP');
  if (before !== '' && spec['clusterIP'] !== before) {
    errors.push(invalid('spec.clusterIPs[0]', [spec['clusterIP']], 'may not change once set'));
  }
  return errors;
}

const validateSelector = (spec: JsonObject): FieldError[] =>
  validateMatchLabels(objectAt(spec, 'selector'), 'spec.selector');

const affinities = ['ClientIP', 'None'];
const daySeconds = 86_400;

function validateAffinity(spec: JsonObject): FieldError[] {
  const affinity = textAt(spec, 'sessionAffinity');
  if (!affinities.includes(affinity)) return [notSupported('spec.sessionAffinity', affinity, affinities)];
  const seconds = numberAt(spec, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds');
  if (affinity === 'None' || seconds === undefined || (seconds > 0 && seconds <= daySeconds)) return [];
  return [
    invalid(
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
      seconds,
      `must be greater than 0 and less than ${daySeconds}`,
    ),
  ];
}

const policies = {
  internalTrafficPolicy: ['Cluster', 'Local'],
  trafficDistribution: ['PreferClose', 'PreferSameZone', 'PreferSameNode'],
};

const validatePolicies = (spec: JsonObject): FieldError[] =>
  Object.entries(policies).flatMap(([field, supported]) => {
    const value = textAt(spec, field);
    return value === '' || supported.includes(value) ? [] : [notSupported(`spec.${field}`, value, supported)];
  });

function validateAddress(spec: JsonObject): FieldError[] {
  const address = textAt(spec, 'clusterIP');
  if (address === '' || address === 'None' || isIP(address) !== 0) return [];
  return [invalid('spec.clusterIPs[0]', address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

function validateServicePort(port: JsonObject, at: string, isOneOfMany: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { targetPort } = port;
  const name = textAt(port, 'name');
  const nameProblem = name === '' ? undefined : dnsLabel(name);
  if (isOneOfMany && name === '') errors.push(required(`${at}.name`));
  if (nameProblem !== undefined) errors.push(invalid(`${at}.name`, name, nameProblem));
  if (!isPort(port['port'])) errors.push(invalid(`${at}.port`, port['port'] ?? 0, portRange));
  if (!protocols.includes(textAt(port, 'protocol'))) {
    errors.push(notSupported(`${at}.protocol`, port['protocol'], protocols));
  }
  const targetProblem =
    typeof targetPort === 'string' ? portName(targetPort) : isPort(targetPort) ? undefined : portRange;
  if (targetProblem !== undefined) errors.push(invalid(`${at}.targetPort`, targetPort ?? 0, targetProblem));
  return errors;
}

export const serviceRules: KindRules = { complete: completeService, validate: validateService };
