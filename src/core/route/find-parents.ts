/** The parents of a route of which nothing else may be readable. */
import type { GrpcRoute, HttpRoute } from '../snapshot/snapshot.ts';
import { parentKey, type ParentObjects } from './parent-objects.ts';
import { readParent } from './read-references.ts';
import type { ParentIR } from './ir.ts';

/** Returns the references to parents that Holdfast manages, as in the spec; undefined if they cannot be read. */
export function findParents(
  { namespace, spec }: Pick<HttpRoute | GrpcRoute, 'namespace' | 'spec'>,
  parents: ParentObjects,
): ParentIR['ref'][] | undefined {
  try {
    return (spec.parentRefs ?? [])
      .map((ref) => readParent(ref, namespace))
      .filter((parent) => parents.has(parentKey(parent)))
      .map(({ ref }) => ref);
  } catch {
    return undefined;
  }
}
