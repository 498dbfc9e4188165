/** The part of the API that a kubelet needs: objects in memory, and deletion of pods with a grace period. */
import { randomUUID } from 'node:crypto';
import type { ClusterApi, ClusterChange, DeleteOptions } from '../../../cluster-api.ts';
import { StatusError } from '../../../status-error.ts';
import type { KubeObject, ObjectRef, Resource } from '../../../../../src/kube/ports.ts';
import { pods } from '../../../../../src/kube/resources.ts';

type Json = Record<string, unknown>;

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Json =
    typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...(target as Json) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

const keyOf = ({ plural }: Resource, { namespace = '', name }: ObjectRef) => `${plural}/${namespace}/${name}`;

export function createMemoryApi(): ClusterApi {
  const objects = new Map<string, KubeObject>();
  const observers = new Map<string, Set<(change: ClusterChange) => void>>();

  const publish = ({ plural }: Resource, change: ClusterChange) => {
    for (const observer of observers.get(plural) ?? []) observer(change);
  };
  const find = (resource: Resource, ref: ObjectRef): KubeObject => {
    const object = objects.get(keyOf(resource, ref));
    if (!object) throw new StatusError('NotFound', `${resource.plural} "${ref.name}" not found`);
    return object;
  };
  const put = (resource: Resource, object: KubeObject): KubeObject => {
    objects.set(keyOf(resource, object.metadata), object);
    publish(resource, { type: 'MODIFIED', object });
    return object;
  };

  return {
    get: (resource, ref) => objects.get(keyOf(resource, ref)),
    list: (resource, namespace) =>
      [...objects].flatMap(([key, object]) =>
        key.startsWith(`${resource.plural}/`) && (namespace ?? object.metadata.namespace) === object.metadata.namespace
          ? [object]
          : [],
      ),
    async create(resource, object) {
      const created = { ...object, metadata: { uid: randomUUID(), ...object.metadata } };
      objects.set(keyOf(resource, created.metadata), created);
      publish(resource, { type: 'ADDED', object: created });
      return created;
    },
    update: async (resource, object) => put(resource, object),
    patch: async (resource, ref, patch) => put(resource, merge(find(resource, ref), patch) as KubeObject),
    async delete(resource, ref, { gracePeriodSeconds }: DeleteOptions = {}) {
      const object = find(resource, ref);
      const { terminationGracePeriodSeconds = 30 } = object['spec'] as { terminationGracePeriodSeconds?: number };
      const grace = Math.min(
        gracePeriodSeconds ?? terminationGracePeriodSeconds,
        object.metadata.deletionGracePeriodSeconds ?? Infinity,
      );
      if (resource.plural === pods.plural && grace > 0) {
        put(resource, {
          ...object,
          metadata: {
            ...object.metadata,
            deletionTimestamp: new Date().toISOString(),
            deletionGracePeriodSeconds: grace,
          },
        });
        return;
      }
      objects.delete(keyOf(resource, ref));
      publish(resource, { type: 'DELETED', object });
    },
    observe({ plural }, onChange) {
      const all = observers.get(plural) ?? new Set();
      observers.set(plural, all.add(onChange));
      for (const [key, object] of objects) if (key.startsWith(`${plural}/`)) onChange({ type: 'ADDED', object });
      return () => all.delete(onChange);
    },
  };
}
