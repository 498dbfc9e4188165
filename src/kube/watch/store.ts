/** The objects of one kind by name, and who wants to hear of changes. Objects in it are shared: nobody may modify them. */
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
  /** Later changes only: subscribe before the start, or read `list()` as well. The answer unsubscribes. */
  onChange: (listener: ChangeListener) => () => void;
  put: (object: KubeObject) => void;
  remove: (object: KubeObject) => void;
  /** Makes the store equal to a list: what is not in it has vanished while nobody looked. */
  replace: (objects: KubeObject[]) => void;
}

const keyOf = (ref: ObjectRef): string => `${ref.namespace ?? ''}/${ref.name}`;

export function createObjectStore(onListenerError: (error: unknown) => void): ObjectStore {
  const objects = new Map<string, KubeObject>();
  const listeners = new Set<ChangeListener>();

  function tell(change: Change): void {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch (error) {
        onListenerError(error);
      }
    }
  }

  function removeKey(key: string, lastState: KubeObject): void {
    if (objects.delete(key)) tell({ type: 'DELETED', object: lastState });
  }

  function put(object: KubeObject): void {
    const key = keyOf(object.metadata);
    const known = objects.get(key);
    // Deleted and made anew between two looks: whoever follows objects by UID must hear of both.
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) removeKey(key, known);
    const previous = objects.get(key);
    // A list repeats what a watch has told already.
    if (previous !== undefined && previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
    objects.set(key, object);
    tell(previous === undefined ? { type: 'ADDED', object } : { type: 'MODIFIED', object, previous });
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
