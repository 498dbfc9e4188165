/** A `ClusterApi` in memory: just what the controllers can notice of a real one. Nothing is validated or defaulted. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../../src/platform/clock.ts';
import type { KubeObject, ObjectMeta, ObjectRef, Resource } from '../../../../src/kube/ports.ts';
import type { ClusterApi, ClusterChange, DeleteOptions, Subresource } from '../../../../src/devcluster/cluster-api.ts';
import { StatusError } from '../../../../src/devcluster/status-error.ts';
import { formatTime } from '../../../../src/devcluster/controllers/objects.ts';

export interface MemoryApi extends ClusterApi {
  /** Every write that changed something, as `verb Kind/name`. */
  writes(): string[];
  /** Creations of this kind throw, until it is called with undefined. */
  refuse(kind: string | undefined): void;
}

type Fields = { spec?: Record<string, unknown>; status?: Record<string, unknown> };
type Observer = { resource: Resource; onChange: (change: ClusterChange) => void };

const kindOf = ({ group, plural }: Resource): string => `${plural}.${group}`;
const sameKind = (a: Resource, b: Resource): boolean => kindOf(a) === kindOf(b);
const keyOf = (resource: Resource, { namespace, name }: ObjectRef): string => `${kindOf(resource)} ${resource.namespaced ? (namespace ?? '') : ''}/${name}`;

/** A pod with a kubelet that has to end it. */
const isBound = (object: KubeObject): boolean => object.kind === 'Pod' && ((object as Fields).spec?.['nodeName'] ?? '') !== '';

function checkUid({ metadata }: KubeObject, uid: string | undefined): void {
  if (uid !== undefined && uid !== metadata.uid) throw new StatusError('Conflict', 'Precondition failed: UID in precondition');
}

export function createMemoryApi(clock: Clock): MemoryApi {
  const objects = new Map<string, { resource: Resource; object: KubeObject }>();
  const observers = new Set<Observer>();
  const log: string[] = [];
  let version = 0;
  let refused: string | undefined;

  const notFound = ({ group, plural }: Resource, { name }: ObjectRef) =>
    new StatusError('NotFound', `${plural}${group === '' ? '' : `.${group}`} "${name}" not found`);

  function tell(resource: Resource, change: ClusterChange): void {
    log.push(`${change.type} ${resource.kind}/${change.object.metadata.name}`);
    for (const observer of observers) if (sameKind(observer.resource, resource)) observer.onChange(change);
  }

  function live(resource: Resource, ref: ObjectRef): KubeObject {
    const found = objects.get(keyOf(resource, ref));
    if (found === undefined) throw notFound(resource, ref);
    return found.object;
  }

  function store(resource: Resource, next: KubeObject): KubeObject {
    const old = objects.get(keyOf(resource, next.metadata))?.object;
    if (old !== undefined && isDeepStrictEqual(old, next)) return old;
    version += 1;
    const object = frozen({ ...next, metadata: { ...next.metadata, resourceVersion: String(version) } });
    objects.set(keyOf(resource, next.metadata), { resource, object });
    tell(resource, old === undefined ? { type: 'ADDED', object } : { type: 'MODIFIED', object, old });
    return old === undefined ? object : dropIfDone(resource, object);
  }

  /** Being deleted, and nothing left to wait for. */
  function dropIfDone(resource: Resource, object: KubeObject): KubeObject {
    const { metadata } = object;
    const { spec } = object as KubeObject & { spec?: { finalizers?: string[] } };
    const waits = (metadata.finalizers ?? []).length + (spec?.finalizers ?? []).length > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0;
    if (metadata.deletionTimestamp === undefined || waits) return object;
    objects.delete(keyOf(resource, metadata));
    tell(resource, { type: 'DELETED', object });
    return object;
  }

  function write(resource: Resource, next: KubeObject, subresource?: Subresource): KubeObject {
    const old = live(resource, next.metadata);
    checkUid(old, next.metadata.uid);
    const given = next.metadata.resourceVersion;
    if (given !== undefined && given !== old.metadata.resourceVersion) throw new StatusError('Conflict', 'the object has been modified');
    if (subresource === 'status') return store(resource, { ...old, status: (next as Fields).status });
    const fixed = { uid: old.metadata.uid, creationTimestamp: old.metadata.creationTimestamp, resourceVersion: old.metadata.resourceVersion };
    const specChanged = !isDeepStrictEqual((old as Fields).spec, (next as Fields).spec);
    const generation = (old.metadata.generation ?? 1) + (specChanged ? 1 : 0);
    const metadata = { ...next.metadata, ...fixed, generation } as ObjectMeta;
    return store(resource, { ...next, metadata, ...('status' in old ? { status: old['status'] } : {}) });
  }

  function remove(resource: Resource, ref: ObjectRef, options: DeleteOptions): void {
    const old = live(resource, ref);
    checkUid(old, options.uid);
    const policies = { Foreground: ['foregroundDeletion'], Orphan: ['orphan'], Background: [] };
    const finalizers = [...new Set([...(old.metadata.finalizers ?? []), ...policies[options.propagationPolicy ?? 'Background']])];
    const metadata = {
      ...old.metadata,
      deletionTimestamp: old.metadata.deletionTimestamp ?? formatTime(clock.nowMs()),
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ...(isBound(old) ? { deletionGracePeriodSeconds: options.gracePeriodSeconds ?? 30 } : {}),
    };
    store(resource, { ...old, metadata });
  }

  return {
    get: (resource, ref) => objects.get(keyOf(resource, ref))?.object,
    list: (resource, namespace) =>
      [...objects.values()]
        .filter((entry) => sameKind(entry.resource, resource) && (namespace === undefined || entry.object.metadata.namespace === namespace))
        .map(({ object }) => object),
    async create(resource, object) {
      await Promise.resolve();
      if (resource.kind === refused) throw new StatusError('Forbidden', `${resource.plural} is forbidden: exceeded quota`);
      const { generateName, name } = object.metadata;
      version += 1;
      const metadata = {
        ...object.metadata,
        name: name === '' ? `${generateName ?? ''}${version.toString(36).padStart(5, 'x')}` : name,
        uid: `uid-${version}`,
        creationTimestamp: formatTime(clock.nowMs()),
        generation: 1,
      };
      if (objects.has(keyOf(resource, metadata))) throw new StatusError('AlreadyExists', `${resource.plural} "${name}" already exists`);
      return store(resource, { ...object, metadata });
    },
    async update(resource, object, subresource) {
      await Promise.resolve();
      return write(resource, object, subresource);
    },
    async patch(resource, ref, patch, subresource) {
      await Promise.resolve();
      const old = live(resource, ref);
      if (subresource === 'scale') return scaleOf(write(resource, merge(old, { spec: (patch as Fields).spec ?? {} })));
      return write(resource, merge(old, patch), subresource);
    },
    async delete(resource, ref, options = {}) {
      await Promise.resolve();
      remove(resource, ref, options);
    },
    observe(resource, onChange) {
      const observer = { resource, onChange };
      observers.add(observer);
      for (const entry of objects.values()) if (sameKind(entry.resource, resource)) onChange({ type: 'ADDED', object: entry.object });
      return () => observers.delete(observer);
    },
    writes: () => [...log],
    refuse(kind) {
      refused = kind;
    },
  };
}

function scaleOf({ metadata, ...object }: KubeObject): KubeObject {
  const { spec, status } = object as { spec?: { replicas?: number; selector?: { matchLabels?: Record<string, string> } }; status?: { replicas?: number } };
  const selector = Object.entries(spec?.selector?.matchLabels ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata,
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0, selector: selector.join(',') },
  };
}

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
function merge<T>(target: T, patch: unknown): T {
  if (!isPlain(patch)) return patch as T;
  const result: Record<string, unknown> = isPlain(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (value !== undefined) result[name] = merge(result[name], value);
  }
  return result as T;
}

/** As JSON, deeply frozen. */
function frozen<T>(value: T): T {
  const copy = JSON.parse(JSON.stringify(value)) as T;
  const freeze = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    Object.freeze(part);
    Object.values(part).forEach(freeze);
  };
  freeze(copy);
  return copy;
}
