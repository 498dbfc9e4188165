/** What a namespace that ends still waits for, in the words of kube-controller-manager. Pure. */
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';
import { withCondition } from '../conditions.ts';
import type { Condition } from '../objects.ts';

export type NamespacedObject = { resource: Resource; metadata: KubeObject['metadata'] };

/** The five that every namespace has from the first look at its end. The first three are of failures that are not possible here. */
export function endingConditions(
  conditions: readonly Condition[] | undefined,
  remaining: readonly NamespacedObject[],
  nowMs: number,
): readonly Condition[] {
  return [
    fine('NamespaceDeletionDiscoveryFailure', 'ResourcesDiscovered', 'All resources successfully discovered'),
    fine(
      'NamespaceDeletionGroupVersionParsingFailure',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    fine(
      'NamespaceDeletionContentFailure',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    contentRemaining(remaining),
    finalizersRemaining(remaining),
  ].reduce<readonly Condition[]>((all, condition) => withCondition(all, condition, nowMs), conditions ?? []);
}

const fine = (type: string, reason: string, message: string): Condition => ({ type, status: 'False', reason, message });

function contentRemaining(remaining: readonly NamespacedObject[]): Condition {
  const type = 'NamespaceContentRemaining';
  if (remaining.length === 0) return fine(type, 'ContentRemoved', 'All content successfully removed');
  const counts = countsOf(
    remaining.map(({ resource }) => `${resource.plural}.${resource.group}`),
    'has',
  );
  return { type, status: 'True', reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${counts}` };
}

function finalizersRemaining(remaining: readonly NamespacedObject[]): Condition {
  const type = 'NamespaceFinalizersRemaining';
  const finalizers = remaining.flatMap(({ metadata }) => metadata.finalizers ?? []);
  if (finalizers.length === 0) {
    return fine(type, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished');
  }
  const counts = countsOf(finalizers, 'in');
  return {
    type,
    status: 'True',
    reason: 'SomeFinalizersRemain',
    message: `Some content in the namespace has finalizers remaining: ${counts}`,
  };
}

/** `configmaps. has 1 resource instances, pods. has 2 resource instances`. */
function countsOf(names: readonly string[], verb: 'has' | 'in'): string {
  const groups = Map.groupBy(names, (name) => name);
  return [...groups]
    .map(([name, { length }]) => `${name} ${verb} ${length} resource instances`)
    .toSorted()
    .join(', ');
}
