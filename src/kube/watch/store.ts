/** The objects of one kind by name, with change notifications. Objects are shared: callers must not modify them. */
import type { KubeObject, ObjectRef } from '../ports.ts';

export type Change =
  | { type: 'ADDED'; object: KubeObject }
  | { type: 'MODIFIED'; object: KubeObject; previous: KubeObject }
  /** `object` is its last known state. */
  | { type: 'DELETED'; object: KubeObject };

export type ChangeListener = (change: Change) => void;

export interface ObjectStore {
  get: (ref: ObjectRef) => KubeObject | undefined;
  list: () => KubeObject[];
  /** Reports later changes only: subscribe before the start, or also read `list()`. Returns a function that unsubscribes. */
  onChange: (listener: ChangeListener) => () => void;
  put: (object: KubeObject) => void;
  remove: (object: KubeObject) => void;
  /** Makes the store equal to a list. Objects that are missing in it were deleted while no watch was open. */
  replace: (objects: KubeObject[]) => void;
}

const keyOf = (ref: ObjectRef): string => `${ref.namespace ?? ''}/${ref.name}`;

export function createObjectStore(onListenerError: (error: unknown) => void): ObjectStore {
  const objects = new Map<string, KubeObject>();
  const listeners = new Set<ChangeListener>();

  function notify(change: Change): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  function removeKey(key: string, lastState: KubeObject): void {
    if (objects.delete(key)) notify({ type: 'DELETED', object: lastState });
  }

  function put(object: KubeObject): void {
    const key = keyOf(object.metadata);
    const known = objects.get(key);
    // Deleted and recreated between two lists: listeners that track objects by UID need both changes.
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) removeKey(key, known);
    const previous = objects.get(key);
    // A list repeats what a watch has already delivered.
    if (previous !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    objects.set(key, object);
    notify(previous === undefined ? { type: 'ADDED', object } : { type: 'MODIFIED', object, previous });
  }

  return {
    get: (ref) => objects.get(keyOf(ref)),
    list: () => [...objects.values()],
    onChange(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    put,
    remove: (object) => {
      removeKey(keyOf(object.metadata), object);
    },
    replace(current) {
      const present = new Set(current.map((object) => keyOf(object.metadata)));
      for (const [key, object] of objects) if (!present.has(key)) removeKey(key, object);
      for (const object of current) put(object);
    },
  };
}
