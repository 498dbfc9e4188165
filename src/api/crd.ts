/** The CustomResourceDefinitions of StickyWorkload and HoldfastProxy, assembled from the schemas of this folder. */
import { proxyKind, proxyPlural, proxySpecSchema, proxyStatusSchema } from './holdfastproxy.ts';
import type { Schema } from './schema.ts';
import { specSchema } from './spec.ts';
import { statusSchema } from './status.ts';
import { group, kind, plural, version } from './stickyworkload.ts';

/** Maximum length of `metadata.name`: objects named after a StickyWorkload (Service, Secret, cookie) have at most 63 characters. */
export const nameLengthLimit = 48;

/**
 * Returns the schema with every object default expanded. The API server validates an object's default against the object's rules
 * before it sets the defaults of nested fields: with a default of `{}` the rules would not find those fields.
 */
function completeDefaults(schema: Schema): Schema {
  if (schema.type === 'array') return { ...schema, items: completeDefaults(schema.items) };
  if (schema.type !== 'object') return schema;
  const properties = Object.fromEntries(
    Object.entries(schema.properties).map(([name, child]) => [name, completeDefaults(child)]),
  );
  if (schema.default === undefined) return { ...schema, properties };
  const defaults = Object.entries(properties).flatMap(([name, child]) =>
    child.default === undefined ? [] : [[name, child.default] as const],
  );
  return { ...schema, properties, default: { ...Object.fromEntries(defaults), ...schema.default } };
}

const rootSchema = {
  type: 'object',
  description:
    'A StickyWorkload keeps each session of a workload on one pod, and holds a terminating pod until its sessions have ended.',
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object', properties: { name: { type: 'string' } } },
    spec: specSchema,
    status: statusSchema,
  },
  'x-kubernetes-validations': [
    {
      // A Service's name is a DNS-1035 label: unlike most names it must not start with a digit.
      rule: `self.metadata.name.size() <= ${nameLengthLimit} && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')`,
      fieldPath: '.metadata.name',
      message:
        `metadata.name must have at most ${nameLengthLimit} characters, contain only lower-case letters, digits and "-", ` +
        'start with a letter and end with a letter or digit: the Service and other objects are named after it',
    },
  ],
} as const satisfies Schema;

/** The columns of `kubectl get`; columns with a positive priority appear with `-o wide`. */
const printerColumns = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  {
    name: 'Accepting',
    type: 'integer',
    jsonPath: '.status.acceptingReplicas',
    description: 'Pods that accept new sessions.',
  },
  {
    name: 'Draining',
    type: 'integer',
    jsonPath: '.status.drainingReplicas',
    description: 'Pods that keep their sessions and get no new ones.',
  },
  {
    name: 'Sessions',
    type: 'integer',
    jsonPath: '.status.sessions.confirmed',
    description: 'Confirmed sessions on all pods.',
  },
  {
    name: 'Reason',
    type: 'string',
    priority: 1,
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Reason of condition Ready.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
] as const;

type Names = { kind: string; plural: string; shortName: string };

const definitionOf = <Version extends object>({ kind: own, plural: many, shortName }: Names, served: Version) =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${many}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind: own,
        listKind: `${own}List`,
        plural: many,
        singular: own.toLowerCase(),
        shortNames: [shortName],
        categories: ['holdfast'],
      },
      versions: [{ name: version, served: true, storage: true, ...served }],
    },
  }) as const;

export const customResourceDefinition = definitionOf(
  { kind, plural, shortName: 'sw' },
  {
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.selector',
      },
    },
    additionalPrinterColumns: printerColumns,
    schema: { openAPIV3Schema: completeDefaults(rootSchema) },
  },
);

const proxyRootSchema = {
  type: 'object',
  description:
    'A HoldfastProxy says how the proxies of a Gateway run: replicas, resources, limits and timeouts. A GatewayClass, a Gateway or a StickyWorkload refers to it; the one named default in the namespace of the operator applies to all others.',
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object', properties: {} },
    spec: proxySpecSchema,
    status: proxyStatusSchema,
  },
} as const satisfies Schema;

const proxyColumns = [
  { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
  { name: 'Max', type: 'integer', jsonPath: '.spec.autoscaling.maxReplicas', description: 'With autoscaling.' },
  { name: 'Service', type: 'string', jsonPath: '.spec.service.type' },
  { name: 'Gateways', type: 'integer', jsonPath: '.status.gateways', description: 'To whose proxies it applies.' },
  { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
  {
    name: 'Applied',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Applied")].status',
    description: 'Whether every Gateway has all of it.',
  },
  { name: 'Drain-Timeout', type: 'string', priority: 1, jsonPath: '.spec.drainTimeout' },
  {
    name: 'Proxy-Protocol',
    type: 'string',
    priority: 1,
    jsonPath: '.spec.clientAddress.proxyProtocol',
    description: 'Whether connections must begin with a PROXY protocol header.',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
] as const;

export const proxyDefinition = definitionOf(
  { kind: proxyKind, plural: proxyPlural, shortName: 'hfp' },
  {
    subresources: { status: {} },
    additionalPrinterColumns: proxyColumns,
    schema: { openAPIV3Schema: completeDefaults(proxyRootSchema) },
  },
);
