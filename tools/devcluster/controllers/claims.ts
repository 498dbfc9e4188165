/** Who owns what: by the owner reference with `controller: true`, never by labels alone. */
import type { KubeObject, OwnerReference } from '../../../src/kube/ports.ts';
import type { LabelSelector } from './objects.ts';
import { matchesSelector } from './selectors.ts';

export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find((owner) => owner.controller === true);

export const isControlledBy = (object: KubeObject, owner: KubeObject): boolean =>
  controllerOf(object)?.uid === owner.metadata.uid;

export function controllerReference(owner: KubeObject): OwnerReference {
  const { name, uid = '' } = owner.metadata;
  return { apiVersion: owner.apiVersion, kind: owner.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

export type Claims<T> = { owned: T[]; adopt: T[]; release: T[] };

/**
 * Owned: has our reference and matches. Released: has it and matches no longer. Adopted: matches, and belongs to nobody.
 * Nothing that is being deleted is adopted, and nothing is adopted by what is being deleted.
 */
export function decideClaims<T extends KubeObject>(
  owner: KubeObject,
  selector: LabelSelector,
  objects: readonly T[],
): Claims<T> {
  const claims: Claims<T> = { owned: [], adopt: [], release: [] };
  for (const object of objects) {
    const matches = matchesSelector(selector, object.metadata.labels);
    if (isControlledBy(object, owner)) (matches ? claims.owned : claims.release).push(object);
    else if (matches && mayAdopt(owner, object)) claims.adopt.push(object);
  }
  return claims;
}

const mayAdopt = (owner: KubeObject, object: KubeObject): boolean =>
  controllerOf(object) === undefined &&
  object.metadata.deletionTimestamp === undefined &&
  owner.metadata.deletionTimestamp === undefined;

/** The merge patch that adopts. The UID makes the API refuse it for a namesake. */
export const buildAdoption = (owner: KubeObject, { metadata }: KubeObject): object => ({
  metadata: { uid: metadata.uid, ownerReferences: [...(metadata.ownerReferences ?? []), controllerReference(owner)] },
});

/** The merge patch that lets go of it. */
export const buildRelease = (owner: KubeObject, { metadata }: KubeObject): object => ({
  metadata: {
    uid: metadata.uid,
    ownerReferences: (metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid),
  },
});
