/** What a Deployment with its ReplicaSets and a ReplicaSet with its pods have in common. */
import type { KubeObject, Resource } from '../../../../src/kube/ports.ts';
import type { ClusterApi, ClusterChange } from '../../cluster-api.ts';
import { buildAdoption, buildRelease, controllerOf, decideClaims } from '../claims.ts';
import { unlessGone } from '../controller.ts';
import type { LabelSelector } from '../objects.ts';
import { keyOf } from '../objects.ts';
import { matchesSelector } from '../selectors.ts';

/** Owns objects that its selector matches. */
type Owner = KubeObject & { spec: { selector: LabelSelector } };

/** A kind, and how its objects get their type. */
export type Typed<T> = { resource: Resource; read: (object: KubeObject) => T };

/** Keys of the owners of this kind that a change concerns: those before and after it; of an object without one, all that may adopt it. */
export function concernedOwners(
  api: ClusterApi,
  { resource, read }: Typed<Owner>,
  { object, old }: ClusterChange,
): string[] {
  const namespace = object.metadata.namespace ?? '';
  const owners = [object, ...(old === undefined ? [] : [old])].flatMap((one) => {
    const owner = controllerOf(one);
    return owner?.kind === resource.kind ? [`${namespace}/${owner.name}`] : [];
  });
  if (owners.length > 0 || controllerOf(object) !== undefined) return owners;
  const candidates = api.list(resource, namespace).map(read);
  return candidates.filter(({ spec }) => matchesSelector(spec.selector, object.metadata.labels)).map(keyOf);
}

/** Lets go of what no longer matches, adopts what belongs to nobody, and answers all that it owns now. */
export async function claim<T extends KubeObject>(
  api: ClusterApi,
  owner: Owner,
  { resource, read }: Typed<T>,
): Promise<T[]> {
  const candidates = api.list(resource, owner.metadata.namespace).map(read);
  const { owned, adopt, release } = decideClaims(owner, owner.spec.selector, candidates);
  for (const object of release) await unlessGone(api.patch(resource, object.metadata, buildRelease(owner, object)));
  for (const object of adopt) {
    owned.push(read(await api.patch(resource, object.metadata, buildAdoption(owner, object))));
  }
  return owned;
}
