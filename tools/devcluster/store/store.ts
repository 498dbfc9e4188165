/** All objects of the cluster, in memory. A `shelf` has the objects of a kind: `apps/deployments`. */
import type { KubeObject, ObjectRef } from '../../../src/kube/ports.ts';
import type { ClusterChange } from '../cluster-api.ts';
import { deepFreeze } from './freeze.ts';

/** `revision`: the version of the write; of a deletion it is also the version of `object`. */
export type StoreChange = ClusterChange & { revision: number };

export interface Store {
  /** Returns the newest version. */
  revision(): number;
  get(shelf: string, ref: ObjectRef): KubeObject | undefined;
  /** Returns the objects in the order of namespace and name, as etcd does. */
  list(shelf: string, namespace?: string): KubeObject[];
  /** Returns undefined if an object of that name exists. */
  add(shelf: string, object: KubeObject): KubeObject | undefined;
  /** Returns undefined if `before` is no longer the stored version. */
  replace(shelf: string, before: KubeObject, object: KubeObject): KubeObject | undefined;
  /** `last`: the last state, as watches send it. Returns undefined if `before` is no longer the stored version. */
  remove(shelf: string, before: KubeObject, last: KubeObject): KubeObject | undefined;
  /** Returns the changes after `revision`, undefined if they are no longer known. */
  changesSince(shelf: string, revision: number): StoreChange[] | undefined;
  /** Calls back with every change, before the write returns. Returns a function that unsubscribes. */
  subscribe(shelf: string, onChange: (change: StoreChange) => void): () => void;
  /** Forgets all changes until now, as a compaction of etcd does. */
  compact(): void;
}

type Shelf = {
  objects: Map<string, KubeObject>;
  log: StoreChange[];
  /** All changes after this revision are in the log. */
  knownSince: number;
  subscribers: Set<(change: StoreChange) => void>;
};

/** Unique, because names contain no slash. */
const keyOf = ({ namespace, name }: ObjectRef): string => `${namespace ?? ''}/${name}`;

function inOrder(objects: ReadonlyMap<string, KubeObject>, namespace: string | undefined): KubeObject[] {
  const entries = [...objects].filter(
    ([, { metadata }]) => namespace === undefined || metadata.namespace === namespace,
  );
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

/** Above 0, as in a real cluster: older versions are expired. */
const firstRevision = 100;

/** `historyLimit`: the number of changes of each kind from which watches can resume. */
export function createStore(historyLimit = 1_000): Store {
  const shelves = new Map<string, Shelf>();
  let revision = firstRevision;
  let compactedAt = firstRevision;

  function shelfOf(name: string): Shelf {
    const known = shelves.get(name);
    if (known) return known;
    const fresh: Shelf = { objects: new Map(), log: [], knownSince: compactedAt, subscribers: new Set() };
    shelves.set(name, fresh);
    return fresh;
  }

  function stamp(object: KubeObject): KubeObject {
    revision += 1;
    return deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } });
  }

  function publish(shelf: Shelf, change: ClusterChange): KubeObject {
    const entry = { ...change, revision };
    shelf.log.push(entry);
    if (shelf.log.length > historyLimit) shelf.knownSince = shelf.log.shift()?.revision ?? revision;
    for (const subscriber of shelf.subscribers) subscriber(entry);
    return change.object;
  }

  return {
    revision: () => revision,
    get: (name, ref) => shelfOf(name).objects.get(keyOf(ref)),
    list: (name, namespace) => inOrder(shelfOf(name).objects, namespace),
    add(name, object) {
      const shelf = shelfOf(name);
      if (shelf.objects.has(keyOf(object.metadata))) return undefined;
      const stored = stamp(object);
      shelf.objects.set(keyOf(stored.metadata), stored);
      return publish(shelf, { type: 'ADDED', object: stored });
    },
    replace(name, before, object) {
      const shelf = shelfOf(name);
      if (shelf.objects.get(keyOf(before.metadata)) !== before) return undefined;
      const stored = stamp(object);
      shelf.objects.set(keyOf(stored.metadata), stored);
      return publish(shelf, { type: 'MODIFIED', object: stored, old: before });
    },
    remove(name, before, last) {
      const shelf = shelfOf(name);
      if (shelf.objects.get(keyOf(before.metadata)) !== before) return undefined;
      shelf.objects.delete(keyOf(before.metadata));
      return publish(shelf, { type: 'DELETED', object: stamp(last), old: before });
    },
    changesSince(name, since) {
      const shelf = shelfOf(name);
      return since < shelf.knownSince ? undefined : shelf.log.filter((change) => change.revision > since);
    },
    compact() {
      compactedAt = revision;
      for (const shelf of shelves.values()) {
        shelf.log.length = 0;
        shelf.knownSince = revision;
      }
    },
    subscribe(name, onChange) {
      const { subscribers } = shelfOf(name);
      // A function of its own for each subscription: a callback may subscribe twice.
      const subscriber = (change: StoreChange) => {
        onChange(change);
      };
      subscribers.add(subscriber);
      return () => {
        subscribers.delete(subscriber);
      };
    },
  };
}
