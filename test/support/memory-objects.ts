/** The objects of the memory cluster and how a write changes them: versions, generations, ownership, deletion. */
import type { Clock } from '../../src/platform/clock.ts';
import { AppError } from '../../src/platform/errors.ts';
import type { KubeObject, ObjectRef, Resource } from '../../src/kube/ports.ts';
import { collectionPath, objectPath } from '../../src/kube/live/rest.ts';
import type { Managers } from './memory-fields.ts';
import { applyFields, ownChanges, takesFromOthers } from './memory-fields.ts';
import { clone, sameJson } from './memory-json.ts';

export type LogEntry = {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  resource: Resource;
  version: number;
  object: KubeObject;
  previous?: KubeObject;
};

type Stored = { resource: Resource; object: KubeObject; managers: Managers };

/** Kinds without metadata.generation. */
const withoutGeneration = new Set([
  'Service',
  'Secret',
  'ServiceAccount',
  'Lease',
  'Event',
  'ConfigMap',
  'Node',
  'Namespace',
]);

const conflict = (message: string) =>
  new AppError('KUBERNETES_CONFLICT', message, { source: 'kubernetes', retryable: true });
const notFound = (message: string) =>
  new AppError('KUBERNETES_NOT_FOUND', message, { source: 'kubernetes', retryable: false });

const keyOf = (resource: Resource, ref: ObjectRef): string =>
  objectPath(resource, { name: ref.name, ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }) });

/** All that a user declares: neither metadata nor status. */
function declared(object: KubeObject): object {
  const { metadata: _, status: __, ...rest } = object;
  return rest;
}

/** What an apply sends of an object: with the status or only the status; identity is no field. */
function appliedPart(object: KubeObject, subresource: 'status' | undefined): Record<string, unknown> {
  if (subresource === 'status') return { status: object['status'] };
  const { apiVersion: _, kind: __, status: ___, metadata, ...rest } = object;
  const { labels, annotations, ownerReferences, finalizers } = metadata;
  const kept = Object.entries({ labels, annotations, ownerReferences, finalizers }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...rest, metadata: Object.fromEntries(kept) };
}

export type ApplyRequest = {
  resource: Resource;
  object: KubeObject;
  subresource: 'status' | undefined;
  manager: string;
  force: boolean;
};

export function createMemoryObjects(clock: Clock, onWrite: (entry: LogEntry) => void) {
  const stored = new Map<string, Stored>();
  let version = 100;
  let created = 0;

  const lookUp = (resource: Resource, ref: ObjectRef): Stored | undefined => stored.get(keyOf(resource, ref));

  function mustFind(resource: Resource, ref: ObjectRef): Stored {
    const found = lookUp(resource, ref);
    if (found === undefined) throw notFound(`${resource.plural} "${ref.name}" not found`);
    return found;
  }

  function newObject(resource: Resource, object: KubeObject, managers: Managers): KubeObject {
    collectionPath(resource, object.metadata.namespace);
    created += 1;
    version += 1;
    const metadata = {
      uid: `00000000-0000-4000-8000-${String(created).padStart(12, '0')}`,
      creationTimestamp: new Date(clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z'),
      ...(withoutGeneration.has(resource.kind) ? {} : { generation: 1 }),
      ...object.metadata,
      resourceVersion: String(version),
    };
    const complete = { ...clone(object), metadata };
    stored.set(keyOf(resource, metadata), { resource, object: complete, managers });
    onWrite({ type: 'ADDED', resource, version, object: complete });
    return complete;
  }

  /** Stores the next state of an object, unless it is the same; the last finalizer of a deleted one takes it away. */
  function change(entry: Stored, next: KubeObject): KubeObject {
    const { resource, object: previous } = entry;
    const { uid, creationTimestamp, generation } = previous.metadata;
    const bumped =
      generation !== undefined && !sameJson(declared(previous), declared(next)) ? generation + 1 : generation;
    const fixed = Object.entries({ uid, creationTimestamp, generation: bumped }).filter(
      ([, value]) => value !== undefined,
    );
    const metadata = {
      ...next.metadata,
      ...Object.fromEntries(fixed),
      resourceVersion: previous.metadata.resourceVersion ?? '',
    };
    const unversioned = { ...clone(next), metadata };
    if (sameJson(unversioned, previous)) return previous;
    version += 1;
    const object = { ...unversioned, metadata: { ...metadata, resourceVersion: String(version) } };
    entry.object = object;
    const { deletionTimestamp, finalizers = [] } = metadata;
    // Pods end by their kubelet; all else when nothing holds it any more.
    if (deletionTimestamp !== undefined && finalizers.length === 0 && resource.kind !== 'Pod') {
      return drop(entry, object);
    }
    onWrite({ type: 'MODIFIED', resource, version, object, previous });
    return object;
  }

  function drop(entry: Stored, object: KubeObject): KubeObject {
    stored.delete(keyOf(entry.resource, object.metadata));
    version += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    onWrite({ type: 'DELETED', resource: entry.resource, version, object: last, previous: object });
    return last;
  }

  return {
    version: () => version,
    find: (resource: Resource, ref: ObjectRef): KubeObject | undefined => lookUp(resource, ref)?.object,
    all: (resource: Resource): KubeObject[] =>
      [...stored.values()]
        .filter((entry) => entry.resource.plural === resource.plural && entry.resource.group === resource.group)
        .map((entry) => entry.object),
    everything: (): Stored[] => [...stored.values()],

    create(resource: Resource, object: KubeObject, manager: string): KubeObject {
      if (lookUp(resource, object.metadata) !== undefined) {
        throw conflict(`${resource.plural} "${object.metadata.name}" already exists`);
      }
      const { status: _, ...rest } = object;
      const managers: Managers = new Map();
      ownChanges({}, appliedPart(object, undefined), managers, manager);
      return newObject(resource, rest, managers);
    },

    update(resource: Resource, object: KubeObject, manager: string): KubeObject {
      const wanted = object.metadata.resourceVersion;
      if (wanted === undefined) throw conflict('no resourceVersion');
      const entry = mustFind(resource, object.metadata);
      if (wanted !== entry.object.metadata.resourceVersion) throw conflict('the object has been modified');
      const { status: _, ...rest } = object;
      ownChanges(appliedPart(entry.object, undefined), appliedPart(object, undefined), entry.managers, manager);
      const { deletionTimestamp } = entry.object.metadata;
      const metadata = { ...rest.metadata, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) };
      return change(entry, {
        ...rest,
        metadata,
        ...('status' in entry.object ? { status: entry.object['status'] } : {}),
      });
    },

    apply({ resource, object, subresource, manager, force }: ApplyRequest): KubeObject {
      const entry = lookUp(resource, object.metadata);
      const part = appliedPart(object, subresource);
      if (entry === undefined) {
        if (subresource !== undefined) throw notFound(`${resource.plural} "${object.metadata.name}" not found`);
        if (object.metadata.uid !== undefined) throw conflict('the UID is of no object');
        const managers: Managers = new Map();
        applyFields({}, part, managers, manager);
        const { status: _, ...rest } = object;
        return newObject(resource, rest, managers);
      }
      const { uid, resourceVersion } = object.metadata;
      if (uid !== undefined && uid !== entry.object.metadata.uid) throw conflict('the UID is another');
      if (resourceVersion !== undefined && resourceVersion !== entry.object.metadata.resourceVersion) {
        throw conflict('the object has been modified');
      }
      if (!force && takesFromOthers(entry.object, part, { managers: entry.managers, manager })) {
        throw conflict('conflict with another manager');
      }
      const merged = applyFields(
        entry.object,
        part,
        entry.managers,
        `${manager}${subresource === undefined ? '' : '/status'}`,
      );
      const { apiVersion, kind, metadata } = entry.object;
      return change(entry, { apiVersion, kind, metadata, ...merged });
    },

    /** As an actor of the test would have it: the whole object, status and all, whatever was there. */
    put(resource: Resource, object: KubeObject, manager: string): KubeObject {
      const entry = lookUp(resource, object.metadata);
      if (entry === undefined) {
        const managers: Managers = new Map();
        ownChanges({}, appliedPart(object, undefined), managers, manager);
        return newObject(resource, object, managers);
      }
      const { uid } = object.metadata;
      if (uid !== undefined && uid !== entry.object.metadata.uid) {
        drop(entry, entry.object);
        return newObject(resource, object, new Map());
      }
      ownChanges(appliedPart(entry.object, undefined), appliedPart(object, undefined), entry.managers, manager);
      return change(entry, object);
    },

    /** Marks what has finalizers, removes the rest. */
    remove(resource: Resource, ref: ObjectRef, uid?: string): void {
      const entry = lookUp(resource, ref);
      if (entry === undefined || (uid !== undefined && entry.object.metadata.uid !== uid)) return;
      const { metadata } = entry.object;
      if ((metadata.finalizers ?? []).length === 0) drop(entry, entry.object);
      else if (metadata.deletionTimestamp === undefined) {
        change(entry, {
          ...entry.object,
          metadata: {
            ...metadata,
            deletionTimestamp: new Date(clock.nowMs()).toISOString(),
            deletionGracePeriodSeconds: 0,
          },
        });
      }
    },
  };
}
