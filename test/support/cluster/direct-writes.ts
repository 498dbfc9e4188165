/** Writes of other clients and controllers, straight into the store: at once, without admission or validation. */
import { randomUUID } from 'node:crypto';
import type { KubeObject, ObjectRef, Resource } from '../../../src/kube/ports.ts';
import { type Cluster, isoSeconds } from '../../../tools/devcluster/apiserver/cluster.ts';
import type { Kind } from '../../../tools/devcluster/apiserver/kinds/kind.ts';
import { complete, withGeneration, withManagedFields } from '../../../tools/devcluster/apiserver/writes/prepare.ts';
import { trackUpdate } from '../../../tools/devcluster/patch/managed-fields.ts';
import { copyJson, isSameJson } from '../../../tools/devcluster/schema/json.ts';

export interface DirectWrites {
  find(resource: Resource, ref: ObjectRef): KubeObject | undefined;
  all(resource: Resource): KubeObject[];
  put(resource: Resource, object: KubeObject): KubeObject;
  remove(resource: Resource, ref: ObjectRef): void;
  collectGarbage(): void;
}

const manager = 'others';

export function createDirectWrites(cluster: Cluster): DirectWrites {
  const { clock, registry, store } = cluster;

  function kindOf(resource: Resource): Kind {
    const kind = registry.find(resource);
    if (kind === undefined) throw new Error(`the test cluster has no kind ${resource.kind} of ${resource.group}`);
    return kind;
  }

  /** With defaults and managed fields, as a write through the API. `current` is the object that it replaces. */
  function prepared(kind: Kind, object: KubeObject, current: KubeObject | undefined): KubeObject {
    const after = complete(kind, object, current ?? object);
    const nowIso = isoSeconds(clock.nowMs());
    const fields = trackUpdate({ before: current, after, manager, topology: kind.topology, nowIso });
    return withManagedFields(after, fields);
  }

  function add(kind: Kind, object: KubeObject): void {
    const metadata = {
      uid: randomUUID(),
      creationTimestamp: isoSeconds(clock.nowMs()),
      ...(kind.countsGenerations && { generation: 1 }),
      ...object.metadata,
    };
    store.add(kind.shelf, kind.toStored(prepared(kind, { ...object, metadata }, undefined)));
  }

  /** The last finalizer of a deleted object removes it. Pods stay: they are removed by their kubelet. */
  function change(kind: Kind, stored: KubeObject, object: KubeObject): void {
    const current = kind.fromStored(stored);
    const { uid, creationTimestamp, generation, resourceVersion } = current.metadata;
    const identity = { uid, creationTimestamp, generation, resourceVersion };
    const proposed = copyJson({ ...object, metadata: { ...object.metadata, ...identity } }) as KubeObject;
    const next = withGeneration(kind, current, prepared(kind, proposed, current));
    const { deletionTimestamp, finalizers = [] } = next.metadata;
    const isLast = deletionTimestamp !== undefined && finalizers.length === 0 && kind.entry.kind !== 'Pod';
    if (isLast) store.remove(kind.shelf, stored, kind.toStored(next));
    else if (!isSameJson(next, current)) store.replace(kind.shelf, stored, kind.toStored(next));
  }

  const found = (kind: Kind, ref: ObjectRef): KubeObject | undefined => {
    const stored = store.get(kind.shelf, ref);
    return stored && handedOut(kind.fromStored(stored));
  };

  function put(resource: Resource, object: KubeObject): KubeObject {
    const kind = kindOf(resource);
    const ref = object.metadata;
    const stored = store.get(kind.shelf, ref);
    const isOther = ref.uid !== undefined && ref.uid !== stored?.metadata.uid;
    if (stored !== undefined && isOther) store.remove(kind.shelf, stored, stored);
    if (stored === undefined || isOther) add(kind, copyJson(object));
    else change(kind, stored, object);
    return found(kind, ref) ?? object;
  }

  function remove(resource: Resource, ref: ObjectRef): void {
    const kind = kindOf(resource);
    const stored = store.get(kind.shelf, ref);
    if (stored === undefined) return;
    const { deletionTimestamp, finalizers = [] } = stored.metadata;
    if (finalizers.length === 0) store.remove(kind.shelf, stored, stored);
    else if (deletionTimestamp === undefined) {
      const deletion = { deletionTimestamp: isoSeconds(clock.nowMs()), deletionGracePeriodSeconds: 0 };
      store.replace(kind.shelf, stored, { ...stored, metadata: { ...stored.metadata, ...deletion } });
    }
  }

  function collectGarbage(): void {
    const stored = registry.all().flatMap(({ entry, shelf }) => store.list(shelf).map((object) => ({ entry, object })));
    const uids = new Set(stored.map(({ object }) => object.metadata.uid));
    for (const { entry, object } of stored) {
      const owners = object.metadata.ownerReferences ?? [];
      if (owners.length > 0 && !owners.some(({ uid }) => uids.has(uid))) remove(entry, object.metadata);
    }
  }

  return {
    find: (resource, ref) => found(kindOf(resource), ref),
    all(resource) {
      const kind = kindOf(resource);
      return store.list(kind.shelf).map((stored) => handedOut(kind.fromStored(stored)));
    },
    put,
    remove,
    collectGarbage,
  };
}

/** A copy that the caller may change, without managed fields. */
function handedOut(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & { managedFields?: unknown };
  return copyJson({ ...object, metadata });
}
