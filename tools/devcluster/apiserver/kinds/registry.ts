/** All served kinds: the built-in ones, and those of the stored CustomResourceDefinitions. */
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';
import type { Store } from '../../store/store.ts';
import { builtInKinds } from './built-in.ts';
import { createCustomKinds } from './custom.ts';
import type { Kind } from './kind.ts';

export interface Registry {
  /** In the order of discovery. */
  all(): readonly Kind[];
  find(resource: Pick<Resource, 'group' | 'version' | 'plural'>): Kind | undefined;
}

const keyOf = ({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>): string =>
  `${group}/${version}/${plural}`;

const crdShelf = 'apiextensions.k8s.io/customresourcedefinitions';

/** `fixed` are the kinds that need no stored definition. */
export function createRegistry(store: Store, fixed: readonly Kind[] = builtInKinds): Registry {
  const custom = new Map<string, Kind[]>();
  let byKey = new Map<string, Kind>();

  function refresh(): void {
    byKey = new Map([...fixed, ...[...custom.values()].flat()].map((kind) => [keyOf(kind.entry), kind]));
  }

  function follow(crd: KubeObject, old: KubeObject | undefined): void {
    // Compiling a schema takes milliseconds: only if the definition has changed.
    if (old?.metadata.generation !== crd.metadata.generation) custom.set(crd.metadata.name, createCustomKinds(crd));
    refresh();
  }

  refresh();
  store.subscribe(crdShelf, ({ type, object, old }) => {
    if (type !== 'DELETED') {
      follow(object, old);
      return;
    }
    const [kind] = custom.get(object.metadata.name) ?? [];
    custom.delete(object.metadata.name);
    // The objects are deleted with their definition.
    if (kind !== undefined) for (const instance of store.list(kind.shelf)) store.remove(kind.shelf, instance, instance);
    refresh();
  });
  return {
    all: () => [...byKey.values()],
    find: (resource) => byKey.get(keyOf(resource)),
  };
}
