/** Which object controls which: the owner reference with `controller: true`, never labels alone. */
import type { KubeObject, OwnerReference } from '../../../src/kube/ports.ts';
import type { ClusterChange } from '../cluster-api.ts';

const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find((owner) => owner.controller === true);

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

export function controllerReference(owner: KubeObject): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The key of the object of this kind that controls the changed object; empty where there is none. */
export function controllerKeys(kind: string, { object }: ClusterChange): string[] {
  const owner = controllerOf(object);
  return owner?.kind === kind ? [`${object.metadata.namespace ?? ''}/${owner.name}`] : [];
}
