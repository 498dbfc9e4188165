/** The copy of one kind, in all namespaces or in those that the operator may read. */
import { groupReflectors } from '../../kube/watch/reflector-group.ts';
import { createReflector, type Reflector, type ReflectorOptions } from '../../kube/watch/reflector.ts';

/** Kinds without a namespace are always read as a whole. */
export function reflectNamespaces(namespaces: readonly string[] | undefined, options: ReflectorOptions): Reflector {
  const { resource, select } = options;
  if (namespaces === undefined || !resource.namespaced || select?.namespace !== undefined) {
    return createReflector(options);
  }
  const entries = namespaces.map(
    (namespace) => [namespace, createReflector({ ...options, select: { ...select, namespace } })] as const,
  );
  return groupReflectors(new Map(entries));
}
