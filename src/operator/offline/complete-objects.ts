/** What the API server and the controllers of Kubernetes add to an object. */
import { withDefaults } from '../../api/defaults.ts';
import { labels } from '../../core/names/names.ts';
import { isRecord } from '../../platform/record.ts';
import type { KubeObject } from '../../kube/ports.ts';
import { entriesOf, everyKind } from '../gather/watched.ts';
import { ownSpecOf } from './shapes/check-object.ts';

const clusterScoped = new Set(
  entriesOf(everyKind).flatMap(([, { resource }]) => (resource.namespaced ? [] : [resource.kind])),
);

/** All were created at once: what is older wins by its name. A field that is set stays. */
const createdAt = '2026-01-01T00:00:00Z';

/** `object`: one that the API server would accept. */
export function completeObject(object: KubeObject): KubeObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const namespace = namespaceOf(object);
  return {
    apiVersion,
    kind,
    metadata: {
      uid: `${kind}/${namespace === undefined ? '' : `${namespace}/`}${metadata.name}`,
      creationTimestamp: createdAt,
      generation: 1,
      ...dropNulls(metadata),
      name: metadata.name,
      ...(namespace !== undefined && { namespace }),
    },
    ...dropNulls(rest),
    ...completeSpec(object),
  };
}

/** Returns undefined for objects that belong to the cluster. */
export const namespaceOf = ({ kind, metadata }: KubeObject): string | undefined =>
  clusterScoped.has(kind) ? undefined : (metadata.namespace ?? 'default');

function completeSpec({ apiVersion, kind, spec }: KubeObject & { spec?: unknown }): { spec?: unknown } {
  const schema = ownSpecOf({ apiVersion, kind });
  return schema ? { spec: withDefaults(schema, spec ?? {}) } : {};
}

/** The API server drops fields without a value. */
function dropNulls(value: object): object {
  const present = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(present.map(([name, child]) => [name, dropNullsIn(child)]));
}

const dropNullsIn = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(dropNullsIn);
  return isRecord(value) ? dropNulls(value) : value;
};

/** The proxies of a Gateway run as soon as they are created. */
export function runProxies(object: KubeObject): KubeObject {
  if (object.kind !== 'Deployment' || object.metadata.labels?.[labels.component] !== 'proxy') return object;
  const spec = object['spec'];
  return { ...object, status: { readyReplicas: isRecord(spec) ? (spec['replicas'] ?? 1) : 1 } };
}
