/** What the API server and the controllers of Kubernetes add to an object. */
import { withDefaults } from '../../api/defaults.ts';
import { proxyKind, proxySpecSchema } from '../../api/holdfastproxy.ts';
import type { Schema } from '../../api/schema.ts';
import { specSchema } from '../../api/spec.ts';
import { group, kind as workloadKind } from '../../api/stickyworkload.ts';
import { labels } from '../../core/names/names.ts';
import { isRecord } from '../../platform/record.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { entriesOf, everyKind } from '../gather/watched.ts';
import { groupOf } from '../gather/static-caches.ts';

const clusterScoped = new Set(
  entriesOf(everyKind).flatMap(([, { resource }]) => (resource.namespaced ? [] : [resource.kind])),
);

const ownSchemas: Record<string, Schema> = { [workloadKind]: specSchema, [proxyKind]: proxySpecSchema };

/** All were created at once: what is older wins by its name. A field that is set stays. */
const createdAt = '2026-01-01T00:00:00Z';

export function completeObject(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const namespace = clusterScoped.has(kind) ? undefined : (metadata.namespace ?? 'default');
  return {
    apiVersion,
    kind,
    metadata: {
      uid: `${kind}/${namespace === undefined ? '' : `${namespace}/`}${metadata.name}`,
      creationTimestamp: createdAt,
      generation: 1,
      ...metadata,
      ...(namespace !== undefined && { namespace }),
    },
    ...rest,
    ...completeSpec(object),
  };
}

function completeSpec({ apiVersion, kind, metadata, spec = {} }: KubeObject & { spec?: unknown }): { spec?: unknown } {
  const schema = groupOf({ apiVersion }) === group ? ownSchemas[kind] : undefined;
  if (!schema) return {};
  const [unknown] = findUnknownFields(schema, spec, 'spec');
  if (unknown !== undefined) throw new Error(`${kind} ${metadata.name}: unknown field ${unknown}`);
  return { spec: withDefaults(schema, spec) };
}

/** The API server would drop them, and kubectl refuses them. */
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

/** The proxies of a Gateway run as soon as they are created. */
export function runProxies(object: KubeObject): KubeObject {
  if (object.kind !== 'Deployment' || object.metadata.labels?.[labels.component] !== 'proxy') return object;
  const spec = object['spec'];
  return { ...object, status: { readyReplicas: isRecord(spec) ? (spec['replicas'] ?? 1) : 1 } };
}
