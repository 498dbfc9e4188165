/** The check of an object, by its kind. */
import { proxyKind, proxySpecSchema } from '../../../api/holdfastproxy.ts';
import type { Schema } from '../../../api/schema.ts';
import { specSchema } from '../../../api/spec.ts';
import { group as ownGroup, kind as workloadKind } from '../../../api/stickyworkload.ts';
import { withDefaults } from '../../../api/defaults.ts';
import { isRecord } from '../../../platform/record.ts';
import type { KubeObject } from '../../../kube/ports.ts';
import { groupOf } from '../../gather/static-caches.ts';
import { findDefects } from './check-value.ts';
import { gatewayApiSpecs } from './gateway-api.ts';
import { kubernetesObjects, metadata } from './kubernetes.ts';

const ownSpecs: Record<string, Schema> = { [workloadKind]: specSchema, [proxyKind]: proxySpecSchema };

/** Returns the schema of the spec of a kind of Holdfast. */
export const ownSpecOf = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): Schema | undefined =>
  groupOf({ apiVersion }) === ownGroup ? ownSpecs[kind] : undefined;

/** Returns what is wrong with an object, a sentence without a full stop for each field. */
export function checkObject(object: KubeObject): string[] {
  const group = groupOf(object);
  const { kind } = object;
  const own = ownSpecOf(object);
  const spec = gatewayApiSpecs[group]?.[kind];
  const whole = kubernetesObjects[group]?.[kind];
  return [
    ...findDefects(metadata, object.metadata, 'metadata'),
    ...(own ? checkOwn(own, object['spec'] ?? {}) : []),
    ...(spec ? checkSpec(spec, object['spec']) : []),
    ...(whole ? checkWhole(whole, object) : []),
  ];
}

const checkSpec = (schema: Schema, spec: unknown): string[] =>
  spec === undefined || spec === null ? ['spec: is required'] : findDefects(schema, spec, 'spec');

/** The API server sets the defaults before it validates, and kubectl refuses fields that it would drop. */
const checkOwn = (schema: Schema, spec: unknown): string[] => [
  ...findDefects(schema, withDefaults(schema, spec), 'spec'),
  ...findUnknownFields(schema, spec, 'spec').map((path) => `${path}: is not a field of this kind`),
];

const checkWhole = (schema: Schema, { metadata: _metadata, ...rest }: KubeObject): string[] =>
  findDefects(schema, rest, '').map((defect) => defect.slice(1));

function findUnknownFields(schema: Schema, value: unknown, path: string): string[] {
  if (schema.type === 'array' && Array.isArray(value)) {
    return value.flatMap((item, at) => findUnknownFields(schema.items, item, `${path}[${at}]`));
  }
  if (schema.type !== 'object' || !isRecord(value)) return [];
  const isFree = schema.additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return Object.entries(value).flatMap(([name, child]) => {
    const known = schema.properties[name];
    if (known) return findUnknownFields(known, child, `${path}.${name}`);
    return isFree ? [] : [`${path}.${name}`];
  });
}
